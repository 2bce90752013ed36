#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "shard/graph_search.h"

namespace millrace {

/// Tells from the candidates that a search has scored how many of the k nearest it has not. Keys foretell nearness by a
/// straight line, as well as those that were scored show; a candidate that was not is among the nearest as probably as a
/// normal error of that size would lift it there.
class Foresight {
 public:
  /// @param key       of a candidate
  /// @param nearness  what scoring it gave: larger is nearer. What is not finite says nothing.
  /// @throws std::bad_alloc
  void add(std::int32_t key, float nearness);

  [[nodiscard]] std::size_t scored() const noexcept { return nearness_.size(); }
  /// Of the k-th nearest that was scored. @throws std::bad_alloc
  /// @return minus infinity when there are fewer
  [[nodiscard]] float kth(std::size_t k) const;

  /// Rows nearer than `gate` that were not scored, as far as one can expect.
  /// @param found   by keys, nearest first
  /// @param scored  so many of them were, from the first on
  /// @param among   rows that could have been found
  [[nodiscard]] double missing(std::span<const GraphSearch::Found> found, std::size_t scored, std::uint64_t among,
                               float gate) const noexcept;

 private:
  std::vector<float> nearness_;
  double first_key_ = 0;  ///< keys are counted from it, so that sums of squares keep their digits
  double keys_ = 0;
  double squared_keys_ = 0;
  double sum_ = 0;
  double squares_ = 0;
  double products_ = 0;
};

}  // namespace millrace
