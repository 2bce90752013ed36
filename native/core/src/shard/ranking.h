#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "millrace/shard.h"
#include "shard/rows.h"

namespace millrace {

struct Candidate {
  float rank;  ///< larger is better: the similarity, or the distance negated
  std::uint32_t row;
};

/// The k best rows seen, by (rank, id): of equal ranks the larger id for similarities, the smaller one for distances.
class TopK {
 public:
  TopK(const RowStore& store, std::size_t k, bool larger_is_better) : store_(store), k_(k), larger_(larger_is_better) {
    heap_.reserve(k);
  }

  [[nodiscard]] float worst() const noexcept {
    return heap_.size() < k_ ? -std::numeric_limits<float>::infinity() : heap_.front().rank;
  }

  void offer(Candidate candidate) noexcept {
    const auto better = [this](const Candidate& a, const Candidate& b) { return is_better(a, b); };
    if (heap_.size() == k_) {
      if (!is_better(candidate, heap_.front())) return;
      std::ranges::pop_heap(heap_, better);
      heap_.pop_back();
    }
    heap_.push_back(candidate);
    std::ranges::push_heap(heap_, better);
  }

  void take(const TopK& other) noexcept {
    for (const auto& candidate : other.heap_) offer(candidate);
  }

  [[nodiscard]] const std::vector<Candidate>& sorted() noexcept {
    std::ranges::sort_heap(heap_, [this](const Candidate& a, const Candidate& b) { return is_better(a, b); });
    return heap_;
  }

 private:
  [[nodiscard]] bool is_better(const Candidate& a, const Candidate& b) const noexcept {
    if (a.rank != b.rank) return a.rank > b.rank;
    const auto first = store_.rows.at(a.row)->id();
    const auto second = store_.rows.at(b.row)->id();
    return larger_ ? first > second : first < second;
  }

  const RowStore& store_;
  std::size_t k_;
  bool larger_;
  std::vector<Candidate> heap_;
};

/// Turns kernel values into ranks and keeps the best.
class Ranker {
 public:
  Ranker(TopK& best, Distance distance, std::optional<float> threshold) noexcept
      : best_(best), distance_(distance), threshold_(threshold) {}

  void offer(float value, std::uint32_t row) noexcept {
    // A NaN (infinities of both signs met) is as bad as can be; it must not reach a comparison.
    if (distance_ == Distance::cosine || distance_ == Distance::dot) {
      if (std::isnan(value)) value = -std::numeric_limits<float>::infinity();
      if (threshold_ && !(value > *threshold_)) return;
      if (value < best_.worst()) return;
      best_.offer({value, row});
      return;
    }
    if (std::isnan(value)) value = std::numeric_limits<float>::infinity();
    if (value > gate_) return;
    const float score = distance_ == Distance::euclid ? std::sqrt(value) : value;
    if (threshold_ && !(score < *threshold_)) return;
    best_.offer({-score, row});
    gate_ = gate(-best_.worst());
  }

 private:
  /// The kernel value beyond which no row can be among the best. Ranks are roots, and rounding makes different squares
  /// equal roots that are then ordered by id: so a little room, over twice the 2^-23 that one rounding needs.
  [[nodiscard]] float gate(float worst) const noexcept {
    if (distance_ != Distance::euclid) return worst;
    const double square = double{worst} * double{worst} * (1 + 1e-6);
    if (!(square < static_cast<double>(std::numeric_limits<float>::max())))
      return std::numeric_limits<float>::infinity();
    return std::nextafter(static_cast<float>(square), std::numeric_limits<float>::infinity());
  }

  TopK& best_;
  Distance distance_;
  std::optional<float> threshold_;
  float gate_ = std::numeric_limits<float>::infinity();
};

/// Adds what was kept to a search's hits.
inline void put_hits(const RowStore& store, TopK& best, SearchResult& into) {
  const auto& sorted = best.sorted();
  into.hits.reserve(sorted.size());
  for (const auto& [rank, row] : sorted) {
    const auto& stored = *store.rows.at(row);
    into.hits.push_back({stored.id(), stored.version, into.larger_is_better ? rank : -rank});
  }
}

}  // namespace millrace
