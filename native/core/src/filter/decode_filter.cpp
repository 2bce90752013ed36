#include <algorithm>
#include <string>

#include "base/msgpack_reader.h"
#include "filter/filter_tree.h"
#include "filter/read_field_test.h"

namespace millrace {
namespace {

using Kind = MsgpackReader::Kind;
using Span = std::span<const std::byte>;

/// Reads one filter into a tree. The first thing found wrong ends it: everything then returns false.
class FilterDecoder {
 public:
  FilterDecoder(FilterTree& tree, bool is_nested) : tree_(tree), is_nested_(is_nested) {}

  /// @param depth  groups around this one
  bool decode(Span bytes, int depth) {
    MsgpackReader reader(bytes);
    FilterTerm root;
    if (!read_group(reader, depth, root)) return false;
    for (const auto& term : tree_.groups.back().must)
      if (term.kind == FilterTerm::Kind::field) tree_.tests[term.index].is_decisive = tree_.tests[term.index].is_single;
    return reader.at_end() || wrong("bytes after the filter");
  }

  [[nodiscard]] const char* reason() const noexcept { return reason_; }

 private:
  /// The parts of a condition: each the bytes of a value.
  struct Parts {
    std::optional<Span> key, match, range, datetime_range, values_count, is_empty, is_null, has_id, has_vector, nested;
    bool names_no_vector = false;
    bool has_clause = false;
    std::uint32_t count = 0;
  };

  bool wrong(const char* reason) noexcept {
    if (reason_ == nullptr) reason_ = reason;
    return false;
  }

  bool read_group(MsgpackReader& reader, int depth, FilterTerm& term) {
    if (depth >= Filter::kDepthMax) return wrong("a filter nested too deep");
    FilterGroup group;
    const auto pairs = reader.map();
    if (!pairs) return wrong("a filter is a map");
    for (std::uint32_t i = 0; i < *pairs; ++i) {
      const auto name = reader.text();
      if (!name) return wrong("a name is a text");
      if (reader.take_nil()) continue;
      if (*name == "should") {
        if (!read_list(reader, depth, group.should)) return false;
      } else if (*name == "must") {
        if (!read_list(reader, depth, group.must)) return false;
      } else if (*name == "must_not") {
        if (!read_list(reader, depth, group.must_not)) return false;
      } else if (*name == "min_should") {
        if (!read_min_should(reader, depth, group)) return false;
      } else {
        return wrong("an unknown clause");
      }
    }
    term = {FilterTerm::Kind::group, static_cast<std::uint32_t>(tree_.groups.size())};
    tree_.groups.push_back(std::move(group));
    return true;
  }

  bool read_list(MsgpackReader& reader, int depth, std::vector<FilterTerm>& into) {
    const auto items = reader.array();
    if (!items) return wrong("a clause is a list");
    for (std::uint32_t i = 0; i < *items; ++i)
      if (!read_condition(reader, depth + 1, into.emplace_back())) return false;
    return true;
  }

  bool read_min_should(MsgpackReader& reader, int depth, FilterGroup& group) {
    bool has_conditions = false;
    const auto pairs = reader.map();
    for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
      const auto name = reader.text();
      if (name && *name == "conditions") {
        has_conditions = true;
        if (!read_list(reader, depth, group.min_should)) return false;
      } else if (name && *name == "min_count") {
        group.min_count = reader.unsigned_integer();
      } else {
        return wrong("an unknown part of min_should");
      }
    }
    return (!reader.failed() && has_conditions && group.min_count) || wrong("min_should");
  }

  bool read_condition(MsgpackReader& reader, int depth, FilterTerm& term) {
    const auto bytes = reader.value(kLevelsMax);
    if (!bytes) return wrong("a condition");
    Parts parts;
    if (!read_parts(*bytes, parts)) return false;
    if (parts.has_clause || parts.count == 0) {
      MsgpackReader group(*bytes);
      return read_group(group, depth, term);
    }
    if (parts.key) return read_field(parts, term);
    if (parts.count != 1) return wrong("more than one condition in one");
    if (parts.has_id) return read_ids(*parts.has_id, term);
    if (parts.names_no_vector) return true;
    if (parts.has_vector) return read_slot(*parts.has_vector, term);
    if (parts.nested) return read_nested(*parts.nested, depth, term);
    if (parts.is_empty) return read_whole_key(*parts.is_empty, FieldTest::Kind::holds_something, term);
    if (parts.is_null) return read_whole_key(*parts.is_null, FieldTest::Kind::null_value, term);
    return wrong("a test without a key");
  }

  bool read_parts(Span bytes, Parts& parts) {
    MsgpackReader reader(bytes);
    const auto pairs = reader.map();
    if (!pairs) return wrong("a condition is a map");
    for (std::uint32_t i = 0; i < *pairs; ++i) {
      const auto name = reader.text();
      if (!name) return wrong("a name is a text");
      // Of a vector name that nobody knows only this is left: such a condition is never true.
      if (*name == "has_vector" && reader.take_nil()) {
        parts.names_no_vector = true;
        ++parts.count;
        continue;
      }
      if (reader.take_nil()) continue;
      const auto value = reader.value(kLevelsMax);
      if (!value) return wrong("a condition");
      ++parts.count;
      if (*name == "should" || *name == "must" || *name == "must_not" || *name == "min_should") {
        parts.has_clause = true;
        continue;
      }
      auto* const part = part_named(parts, *name);
      if (part == nullptr) return wrong("an unknown condition");
      *part = *value;
    }
    return true;
  }

  static std::optional<Span>* part_named(Parts& parts, std::string_view name) noexcept {
    if (name == "key") return &parts.key;
    if (name == "match") return &parts.match;
    if (name == "range") return &parts.range;
    if (name == "datetime_range") return &parts.datetime_range;
    if (name == "values_count") return &parts.values_count;
    if (name == "is_empty") return &parts.is_empty;
    if (name == "is_null") return &parts.is_null;
    if (name == "has_id") return &parts.has_id;
    if (name == "has_vector") return &parts.has_vector;
    return name == "nested" ? &parts.nested : nullptr;
  }

  bool read_field(const Parts& parts, FilterTerm& term) {
    if (parts.count != 2) return wrong("a key with none or several tests");
    FieldTest test;
    bool is_right = false;
    if (parts.match) is_right = read_match(*parts.match, test);
    if (parts.range) is_right = read_bounds(*parts.range, FieldTest::Kind::range, test);
    if (parts.datetime_range) is_right = read_bounds(*parts.datetime_range, FieldTest::Kind::datetime_range, test);
    if (parts.values_count) {
      is_right = read_bounds(*parts.values_count, FieldTest::Kind::values_count, test);
      test.when_missing = test.counts.hold(0);
    }
    if (parts.is_empty) {
      is_right = read_flag(*parts.is_empty, FieldTest::Kind::is_empty, test);
      test.when_missing = test.wanted;
    }
    if (parts.is_null) {
      is_right = read_flag(*parts.is_null, FieldTest::Kind::is_null, test);
      test.when_missing = !test.wanted;
    }
    if (!is_right) return wrong("a test of a key");
    return add_test(*parts.key, std::move(test), false, term);
  }

  bool read_whole_key(Span bytes, FieldTest::Kind kind, FilterTerm& term) {
    MsgpackReader reader(bytes);
    const auto pairs = reader.map();
    const auto name = reader.text();
    const auto key = reader.value();
    if (!pairs || *pairs != 1 || !name || *name != "key" || !key) return wrong("a condition without a key");
    FieldTest test;
    test.kind = kind;
    test.is_negated = kind == FieldTest::Kind::holds_something;
    test.when_missing = test.is_negated;
    return add_test(*key, std::move(test), false, term);
  }

  bool add_test(Span key, FieldTest test, bool of_elements, FilterTerm& term) {
    MsgpackReader reader(key);
    const auto text = reader.text();
    auto path = text ? parse_json_path(*text) : std::nullopt;
    if (!path) return wrong("a key that is no JSON path");
    if (of_elements && path->back().kind != PathStep::Kind::every) path->push_back({PathStep::Kind::every, {}, 0});
    test.is_single = std::ranges::all_of(*path, [](const PathStep& step) { return step.kind == PathStep::Kind::key; });
    const auto number = tree_.paths.add(*path);
    if (number == tree_.tests_of_path.size()) tree_.tests_of_path.emplace_back();
    const auto index = static_cast<std::uint32_t>(tree_.tests.size());
    tree_.tests_of_path[number].push_back(index);
    tree_.tests.push_back(std::move(test));
    term = {FilterTerm::Kind::field, index};
    return true;
  }

  bool read_ids(Span bytes, FilterTerm& term) {
    MsgpackReader reader(bytes);
    std::vector<PointId> ids;
    const auto items = reader.array();
    for (std::uint32_t i = 0; items && i < *items; ++i) {
      if (reader.peek() == Kind::binary) {
        const auto uuid = reader.binary();
        if (!uuid || uuid->size() != 16) return wrong("an id of a filter");
        ids.push_back(PointId::uuid(*uuid));
      } else if (const auto number = reader.unsigned_integer()) {
        ids.push_back(PointId::number(*number));
      }
    }
    if (!items || reader.failed()) return wrong("ids of a filter");
    if (is_nested_) return true;
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    term = {FilterTerm::Kind::ids, static_cast<std::uint32_t>(tree_.ids.size())};
    tree_.ids.push_back(std::move(ids));
    return true;
  }

  bool read_slot(Span bytes, FilterTerm& term) {
    const auto slot = MsgpackReader(bytes).unsigned_integer();
    if (!slot || *slot > 0xffffffffU) return wrong("a vector slot of a filter");
    if (is_nested_) return true;
    term = {FilterTerm::Kind::vector, static_cast<std::uint32_t>(tree_.slots.size())};
    tree_.slots.push_back(static_cast<std::uint32_t>(*slot));
    return true;
  }

  bool read_nested(Span bytes, int depth, FilterTerm& term) {
    MsgpackReader reader(bytes);
    std::optional<Span> key;
    std::optional<Span> filter;
    const auto pairs = reader.map();
    for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
      const auto name = reader.text();
      const auto value = reader.value(kLevelsMax);
      if (!name || !value) return wrong("a nested condition");
      if (*name == "key") key = value;
      if (*name == "filter") filter = value;
    }
    if (!key || !filter) return wrong("a nested condition");
    auto inner = std::make_unique<FilterTree>();
    FilterDecoder decoder(*inner, true);
    if (!decoder.decode(*filter, depth)) return wrong(decoder.reason());
    FieldTest test;
    test.kind = FieldTest::Kind::nested;
    test.nested = std::move(inner);
    return add_test(*key, std::move(test), true, term);
  }

  /// A group takes up to four levels of MessagePack: `nested` in a list, its map, the group.
  static constexpr int kLevelsMax = 4 * Filter::kDepthMax + 8;

  FilterTree& tree_;
  bool is_nested_;
  const char* reason_ = nullptr;
};

using Candidates = std::optional<std::vector<PointId>>;

Candidates candidates_of(const FilterTree& tree, const FilterTerm& term);

/// The ids of the first condition that must hold and names some; or those of all alternatives when each names some.
Candidates candidates_of(const FilterTree& tree, const FilterGroup& group) {
  for (const auto& term : group.must)
    if (auto ids = candidates_of(tree, term)) return ids;
  std::vector<PointId> all;
  for (const auto& term : group.should) {
    const auto ids = candidates_of(tree, term);
    if (!ids) return std::nullopt;
    all.insert(all.end(), ids->begin(), ids->end());
  }
  if (group.should.empty()) return std::nullopt;
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  return all;
}

Candidates candidates_of(const FilterTree& tree, const FilterTerm& term) {
  if (term.kind == FilterTerm::Kind::ids) return tree.ids[term.index];
  if (term.kind == FilterTerm::Kind::group) return candidates_of(tree, tree.groups[term.index]);
  return std::nullopt;
}

}  // namespace

Result<Filter> Filter::decode(std::span<const std::byte> bytes) {
  auto tree = std::make_shared<FilterTree>();
  FilterDecoder decoder(*tree, false);
  if (!decoder.decode(bytes, 0))
    return Error{Errc::argument_invalid, "\"reason\":\"filter: " + std::string(decoder.reason()) + "\""};
  tree->candidates = candidates_of(*tree, tree->groups.back());
  return Filter(std::move(tree));
}

}  // namespace millrace
