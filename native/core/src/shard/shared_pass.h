#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/interruption.h"
#include "base/share_work.h"
#include "shard/ranking.h"
#include "shard/search_scope.h"
#include "vectors/dense_vectors.h"

namespace millrace {

/// The positions of a column, of which threads take the next stretch that nobody has taken. A stretch lies in one block.
/// They are the same however many threads there are.
class Stretches {
 public:
  Stretches(std::uint64_t first, std::uint64_t count, std::uint64_t longest) noexcept
      : count_(count), longest_(longest), next_(first) {}

  /// Takes part until nothing is left.
  /// @param scan  (begin, end) → false when nothing after them is to be looked at
  template <typename Scan>
  void run(Interruption& interruption, const Scan& scan) noexcept {
    for (;;) {
      auto begin = next_.load(std::memory_order_relaxed);
      std::uint64_t end = begin;
      do {
        if (begin >= count_) return;
        end = std::min({count_, begin + longest_, begin + DenseVectors::run(begin)});
      } while (!next_.compare_exchange_weak(begin, end, std::memory_order_relaxed));
      if (interruption.is_due() || !scan(begin, end)) next_.store(count_, std::memory_order_relaxed);
    }
  }

 private:
  std::uint64_t count_;
  std::uint64_t longest_;
  std::atomic<std::uint64_t> next_;  ///< the first position that nobody has taken
};

/// The best that threads find together.
/// @param kept     rows, at most
/// @param helpers  threads besides the caller's
/// @param pass     (Ranker&), noexcept: takes part in what they share
/// @throws std::bad_alloc
template <typename Pass>
[[nodiscard]] TopK best_of_threads(const SearchScope& scope, std::size_t kept, bool larger_is_better,
                                   std::optional<float> threshold, std::uint32_t helpers, const Pass& pass) {
  std::vector<TopK> parts;
  parts.reserve(std::size_t{helpers} + 1);
  for (std::uint32_t i = 0; i <= helpers; ++i) parts.emplace_back(scope.store, kept, larger_is_better);
  const auto work = [&](std::uint32_t part) noexcept {
    Ranker ranker(parts[part], scope.column.slot.distance, threshold);
    pass(ranker);
  };
  if (helpers == 0) {
    work(0);
  } else {
    share_work(*scope.plan.matching.helpers, helpers, work);
  }
  for (std::size_t i = 1; i < parts.size(); ++i) parts.front().take(parts[i]);
  return std::move(parts.front());
}

}  // namespace millrace
