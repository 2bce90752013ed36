#pragma once

#include <atomic>
#include <iterator>
#include <type_traits>

#include "millrace/shard.h"

namespace millrace {

/// Counts the searches of a column: any thread, while others read. On cache lines of its own, since all searches write here.
class alignas(64) SearchCounts {
 public:
  void note(const SearchPlan& plan, bool is_filtered, SearchPath path, std::uint64_t nanoseconds) noexcept {
    auto& kinds = is_filtered ? filtered_ : unfiltered_;
    auto& kind = plan.exact ? kinds.exact : plan.is_sparse ? kinds.sparse : kinds.paths[static_cast<std::size_t>(path)];
    kind.count.fetch_add(1, std::memory_order_relaxed);
    kind.nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
  }
  [[nodiscard]] SlotSearches of_slot(std::uint32_t slot) const noexcept { return {slot, unfiltered_.read(), filtered_.read()}; }

 private:
  struct Taken {
    std::atomic<std::uint64_t> count{0};
    std::atomic<std::uint64_t> nanoseconds{0};

    [[nodiscard]] SearchesTaken read() const noexcept {
      return {count.load(std::memory_order_relaxed), nanoseconds.load(std::memory_order_relaxed)};
    }
  };
  struct Kinds {
    Taken exact;
    Taken sparse;
    Taken paths[std::extent_v<decltype(SlotSearches::Kinds::paths)>];
    static_assert(std::extent_v<decltype(paths)> == static_cast<std::size_t>(SearchPath::graph_gave_up) + 1);

    [[nodiscard]] SlotSearches::Kinds read() const noexcept {
      SlotSearches::Kinds kinds{exact.read(), sparse.read(), {}};
      for (std::size_t path = 0; path < std::size(paths); ++path) kinds.paths[path] = paths[path].read();
      return kinds;
    }
  };

  Kinds unfiltered_;
  Kinds filtered_;
};

}  // namespace millrace
