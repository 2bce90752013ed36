#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/path_walk.h"
#include "millrace/filter.h"
#include "millrace/point_id.h"

namespace millrace {

template <typename T>
struct Bounds {
  std::optional<T> lt, gt, lte, gte;
  [[nodiscard]] bool hold(T value) const noexcept {
    return (!lt || value < *lt) && (!gt || value > *gt) && (!lte || value <= *lte) && (!gte || value >= *gte);
  }
};

/// A condition on the values at one path.
struct FieldTest {
  enum class Kind : std::uint8_t {
    // Asked of a value, or of each element of one that is an array.
    text_value,
    integer_value,
    boolean_value,
    any_text,
    any_integer,
    except_text,
    except_integer,
    contains,  ///< one of `texts` stands somewhere in the string
    prefix,
    range,
    datetime_range,
    // Asked of a value as a whole.
    values_count,
    is_empty,
    is_null,
    holds_something,  ///< neither null nor an empty array
    null_value,
    nested,
  };

  Kind kind{};
  bool wanted = false;         ///< boolean_value, is_empty, is_null
  bool when_missing = false;   ///< the answer when the path leads to no value
  bool is_negated = false;     ///< turns the answer round, and not that for a missing value
  bool is_single = false;      ///< the path has keys alone, so it leads to one value at most
  bool is_decisive = false;    ///< single, and no point matches for which it does not hold
  std::vector<std::string> texts;        ///< sorted when many are compared
  std::vector<std::int64_t> integers;    ///< sorted
  Bounds<double> range;
  Bounds<std::int64_t> counts;  ///< datetime_range, values_count
  std::unique_ptr<const FilterTree> nested;
};

/// What a group lists: a group, a field test, or a question that needs no payload.
struct FilterTerm {
  enum class Kind : std::uint8_t { group, field, ids, vector, never };
  Kind kind = Kind::never;
  std::uint32_t index = 0;  ///< in the tree's list of that kind
};

struct FilterGroup {
  std::vector<FilterTerm> should;
  std::vector<FilterTerm> must;
  std::vector<FilterTerm> must_not;
  std::vector<FilterTerm> min_should;
  std::optional<std::uint64_t> min_count;
};

/// A filter, or the inner one of a `nested` condition. Groups are listed after those that they hold: the last is the root.
struct FilterTree {
  json::PathTrie paths;
  std::vector<std::vector<std::uint32_t>> tests_of_path;  ///< by path: its field tests
  std::vector<FieldTest> tests;
  std::vector<FilterGroup> groups;
  std::vector<std::vector<PointId>> ids;  ///< each sorted
  std::vector<std::uint32_t> slots;       ///< of `vector` terms

  /// Ids besides which no point can match; sorted.
  std::optional<std::vector<PointId>> candidates;
};

}  // namespace millrace
