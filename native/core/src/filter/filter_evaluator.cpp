#include "filter/filter_evaluator.h"

#include <algorithm>

#include "json/datetime.h"
#include "json/numbers.h"

namespace millrace {
namespace {

using Kind = FieldTest::Kind;

bool is_list(std::string_view value) noexcept { return value.starts_with('['); }
bool is_text(std::string_view value) noexcept { return value.starts_with('"'); }
bool is_null(std::string_view value) noexcept { return value == "null"; }
bool is_nothing(std::string_view value) noexcept { return is_null(value) || value == "[]"; }
bool is_number(std::string_view value) noexcept {
  return !value.empty() && (value.front() == '-' || (value.front() >= '0' && value.front() <= '9'));
}

/// Calls `visit` for the elements of a stored array until it returns true. @return whether it did
template <typename Visit>
bool any_element(std::string_view list, const Visit& visit) {
  const char* at = list.data() + 1;
  const char* const end = list.data() + list.size();
  while (json::next_stored_element(at, end)) {
    const char* const next = json::skip_stored(at, end);
    if (visit(std::string_view(at, static_cast<std::size_t>(next - at)))) return true;
    at = next;
  }
  return false;
}

std::int64_t count_values(std::string_view value) {
  if (is_null(value)) return 0;
  if (!is_list(value)) return 1;
  std::int64_t count = 0;
  any_element(value, [&](std::string_view) {
    ++count;
    return false;
  });
  return count;
}

bool is_among(const std::vector<std::string>& sorted, std::string_view text) noexcept {
  const auto found = std::ranges::lower_bound(sorted, text, {}, [](const std::string& one) { return std::string_view(one); });
  return found != sorted.end() && *found == text;
}

}  // namespace

FilterEvaluator::FilterEvaluator(const FilterTree& tree)
    : tree_(tree), walk_(tree.paths, Visitor{this}), states_(tree.tests.size()), nested_(tree.tests.size()) {
  for (std::size_t i = 0; i < tree.tests.size(); ++i)
    if (tree.tests[i].nested) nested_[i] = std::make_unique<FilterEvaluator>(*tree.tests[i].nested);
}

bool FilterEvaluator::matches(std::string_view payload, const PointId& id, std::span<const bool> vectors) {
  if (!states_.empty()) {
    std::ranges::fill(states_, missing);
    is_out_ = false;
    walk_.run(payload);
    if (is_out_) return false;
  }
  id_ = id;
  vectors_ = vectors;
  return holds(tree_.groups.back());
}

bool FilterEvaluator::visit(std::uint32_t path, std::string_view value) {
  for (const auto index : tree_.tests_of_path[path]) {
    if (states_[index] == passed) continue;
    const bool is_passed = test(index, value);
    states_[index] = is_passed ? passed : failed;
    is_out_ = is_out_ || (tree_.tests[index].is_decisive && is_passed == tree_.tests[index].is_negated);
  }
  return !is_out_;
}

bool FilterEvaluator::test(std::uint32_t index, std::string_view value) {
  const auto& test = tree_.tests[index];
  switch (test.kind) {
    case Kind::values_count: return test.counts.hold(count_values(value));
    case Kind::is_empty: return is_nothing(value) == test.wanted;
    case Kind::is_null: return (is_null(value) || (is_list(value) && any_element(value, is_null))) == test.wanted;
    case Kind::holds_something: return !is_nothing(value);
    case Kind::null_value: return is_null(value);
    case Kind::nested: return value.starts_with('{') && nested_[index]->matches(value, {}, {});
    default: break;
  }
  if (!is_list(value)) return test_element(test, value);
  return any_element(value, [&](std::string_view element) { return test_element(test, element); });
}

bool FilterEvaluator::test_element(const FieldTest& test, std::string_view value) {
  switch (test.kind) {
    case Kind::integer_value:
    case Kind::any_integer:
    case Kind::except_integer: {
      const bool is_except = test.kind == Kind::except_integer;
      if (!is_number(value)) return is_except && !is_null(value);
      const auto number = json::parse_i64(value);
      return (number && std::ranges::binary_search(test.integers, *number)) != is_except;
    }
    case Kind::boolean_value: return value == (test.wanted ? "true" : "false");
    case Kind::range: {
      const auto number = is_number(value) ? json::parse_f64(value) : std::nullopt;
      return number && test.range.hold(*number);
    }
    case Kind::except_text:
      if (!is_text(value)) return !is_null(value);
      return !is_among(test.texts, json::stored_text(value, decoded_));
    default: return is_text(value) && test_text(test, json::stored_text(value, decoded_));
  }
}

bool FilterEvaluator::test_text(const FieldTest& test, std::string_view text) {
  switch (test.kind) {
    case Kind::text_value: return text == test.texts.front();
    case Kind::any_text: return is_among(test.texts, text);
    case Kind::prefix: return text.starts_with(test.texts.front());
    case Kind::datetime_range: {
      const auto micros = json::parse_datetime(text);
      return micros && test.counts.hold(*micros);
    }
    default:
      return std::ranges::any_of(test.texts, [&](const std::string& part) {
        return text.find(part) != std::string_view::npos;
      });
  }
}

bool FilterEvaluator::holds(const FilterGroup& group) const noexcept {
  const auto term_holds = [this](const FilterTerm& term) { return holds(term); };
  if (!std::ranges::all_of(group.must, term_holds) || std::ranges::any_of(group.must_not, term_holds)) return false;
  if (!group.should.empty() && std::ranges::none_of(group.should, term_holds)) return false;
  return !group.min_count ||
         static_cast<std::uint64_t>(std::ranges::count_if(group.min_should, term_holds)) >= *group.min_count;
}

bool FilterEvaluator::holds(const FilterTerm& term) const noexcept {
  switch (term.kind) {
    case FilterTerm::Kind::group: return holds(tree_.groups[term.index]);
    case FilterTerm::Kind::ids: return std::ranges::binary_search(tree_.ids[term.index], id_);
    case FilterTerm::Kind::vector: return vectors_[term.index];
    case FilterTerm::Kind::field: {
      const auto& test = tree_.tests[term.index];
      if (states_[term.index] == missing) return test.when_missing;
      return (states_[term.index] == passed) != test.is_negated;
    }
    case FilterTerm::Kind::never: break;
  }
  return false;
}

}  // namespace millrace
