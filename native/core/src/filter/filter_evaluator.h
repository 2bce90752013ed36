#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter_tree.h"

namespace millrace {

/// Evaluates a filter on one point after the other. Keeps what it allocates; one for each thread.
class FilterEvaluator {
 public:
  /// @throws std::bad_alloc
  explicit FilterEvaluator(const FilterTree& tree);

  /// @param payload  text as stored, or empty
  /// @param vectors  for each of the tree's slots whether the point has that vector
  /// @throws std::bad_alloc
  [[nodiscard]] bool matches(std::string_view payload, const PointId& id, std::span<const bool> vectors);

 private:
  struct Visitor {
    FilterEvaluator* self;
    bool operator()(std::uint32_t path, std::string_view value) const { return self->visit(path, value); }
  };

  /// @return false when the point cannot match any more
  [[nodiscard]] bool visit(std::uint32_t path, std::string_view value);
  [[nodiscard]] bool test(std::uint32_t index, std::string_view value);
  [[nodiscard]] bool test_element(const FieldTest& test, std::string_view value);
  [[nodiscard]] bool test_text(const FieldTest& test, std::string_view value);
  [[nodiscard]] bool holds(const FilterGroup& group) const noexcept;
  [[nodiscard]] bool holds(const FilterTerm& term) const noexcept;

  /// What is known of a field test after the walk.
  enum State : std::uint8_t { missing, failed, passed };

  const FilterTree& tree_;
  json::PathWalk<Visitor> walk_;
  std::vector<State> states_;
  bool is_out_ = false;  ///< a decisive test does not hold
  std::vector<std::unique_ptr<FilterEvaluator>> nested_;  ///< by field test; null for those of other kinds
  std::string decoded_;
  PointId id_;
  std::span<const bool> vectors_;
};

}  // namespace millrace
