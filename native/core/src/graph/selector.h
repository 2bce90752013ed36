#pragma once

#include <algorithm>
#include <vector>

#include "graph/live_graph.h"
#include "graph/row_orders.h"

namespace millrace {

/// Chooses the links of a member: near ones that lie in different directions. After algorithm 4 of Malkov & Yashunin 2018:
/// a candidate that is nearer to a chosen one than to the member is left to that one, unless too few are chosen.
class LiveGraph::Selector {
 public:
  /// @param candidates  as many as there will be at once
  /// @throws std::bad_alloc; nothing else here does
  Selector(const CodeSpace& space, CodeRows rows, std::size_t candidates)
      : space_(space), rows_(rows), keys_of_(space.keys()), own_(rows.stride), other_(rows.stride), keys_(candidates) {
    candidates_.reserve(candidates);
    chosen_rows_.reserve(candidates);
    chosen_.reserve(candidates);
    passed_over_.reserve(candidates);
    row_of_.reserve(candidates);
  }

  /// Begins for the member of this row.
  [[nodiscard]] CodeQuery look_from(std::uint32_t row) noexcept {
    space_.copy_codes(rows_.row(row), own_.data());
    own_term_ = term_of(row);
    return space_.copied(own_.data());
  }

  void clear() noexcept {
    candidates_.clear();
    row_of_.clear();
  }
  /// In the order of their keys, or for `score`.
  void add(std::int32_t key, std::uint32_t member, std::uint32_t row) {
    candidates_.push_back({key, member, row});
    row_of_.push_back(row);
  }
  /// Gives what was added other keys, and orders it.
  void score(const CodeQuery& query) noexcept {
    for (const auto row : row_of_) prefetch_row(rows_.row(row), rows_.stride);
    keys_of_(query, rows_, row_of_.data(), row_of_.size(), keys_.data());
    for (std::size_t i = 0; i < candidates_.size(); ++i) candidates_[i].key = keys_[i];
    std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
      return a.key != b.key ? a.key < b.key : a.member < b.member;
    });
  }

  /// @param most   members to choose
  /// @param least  how far the list is filled with those that were passed over
  /// @return       members, valid until the next call
  [[nodiscard]] const std::vector<std::uint32_t>& select(std::size_t most, std::size_t least) noexcept {
    chosen_.clear();
    chosen_rows_.clear();
    passed_over_.clear();
    for (const auto& candidate : candidates_) {
      if (chosen_.size() == most) break;
      if (is_nearer_to_chosen(candidate)) {
        passed_over_.push_back(candidate.member);
        continue;
      }
      chosen_.push_back(candidate.member);
      chosen_rows_.push_back(candidate.row);
    }
    for (const auto member : passed_over_) {
      if (chosen_.size() >= least) break;
      chosen_.push_back(member);
    }
    return chosen_;
  }

 private:
  struct Candidate {
    std::int32_t key;
    std::uint32_t member;
    std::uint32_t row;
  };

  [[nodiscard]] std::int32_t term_of(std::uint32_t row) const noexcept { return space_.own_term(rows_.row(row)); }

  /// Keys leave out the term of the row they are seen from: with it, those from two rows can be compared. Equal ones count
  /// as nearer, so that one of many equal vectors stands for all of them.
  [[nodiscard]] bool is_nearer_to_chosen(const Candidate& candidate) noexcept {
    constexpr std::size_t kAtOnce = 8;
    if (chosen_rows_.empty()) return false;
    space_.copy_codes(rows_.row(candidate.row), other_.data());
    const auto query = space_.copied(other_.data());
    const auto gate = candidate.key + own_term_ - term_of(candidate.row);
    for (std::size_t i = 0; i < chosen_rows_.size(); i += kAtOnce) {
      const auto count = std::min(kAtOnce, chosen_rows_.size() - i);
      keys_of_(query, rows_, chosen_rows_.data() + i, count, keys_.data());
      for (std::size_t j = 0; j < count; ++j)
        if (keys_[j] <= gate) return true;
    }
    return false;
  }

  const CodeSpace& space_;
  CodeRows rows_;
  CodeKernels::Keys keys_of_;
  std::vector<std::int8_t> own_;
  std::vector<std::int8_t> other_;
  std::vector<std::int32_t> keys_;
  std::int32_t own_term_ = 0;
  std::vector<Candidate> candidates_;
  std::vector<std::uint32_t> row_of_;
  std::vector<std::uint32_t> chosen_rows_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint32_t> passed_over_;
};

}  // namespace millrace
