#include "filter/read_field_test.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/msgpack_reader.h"
#include "filter/text_tokens.h"

namespace millrace {
namespace {

using Kind = MsgpackReader::Kind;

bool read_value(MsgpackReader& reader, FieldTest& test) {
  if (reader.peek() == Kind::text) {
    test.kind = FieldTest::Kind::text_value;
    test.texts.emplace_back(*reader.text());
  } else if (reader.peek() == Kind::boolean) {
    test.kind = FieldTest::Kind::boolean_value;
    test.wanted = *reader.boolean();
  } else {
    const auto value = reader.signed_integer();
    if (!value) return false;
    test.kind = FieldTest::Kind::integer_value;
    test.integers.push_back(*value);
  }
  return true;
}

bool read_values(MsgpackReader& reader, bool is_any, FieldTest& test) {
  const auto items = reader.array();
  if (!items) return false;
  // An empty list is of either kind.
  const bool is_text = *items == 0 || reader.peek() == Kind::text;
  for (std::uint32_t i = 0; i < *items; ++i) {
    if (is_text) {
      const auto text = reader.text();
      if (!text) return false;
      test.texts.emplace_back(*text);
    } else {
      const auto value = reader.signed_integer();
      if (!value) return false;
      test.integers.push_back(*value);
    }
  }
  std::ranges::sort(test.texts);
  std::ranges::sort(test.integers);
  if (is_any) test.kind = is_text ? FieldTest::Kind::any_text : FieldTest::Kind::any_integer;
  if (!is_any) test.kind = is_text ? FieldTest::Kind::except_text : FieldTest::Kind::except_integer;
  return true;
}

bool read_match_form(MsgpackReader& reader, std::string_view name, FieldTest& test) {
  if (name == "any" || name == "except") return read_values(reader, name == "any", test);
  const auto text = reader.text();
  if (!text) return false;
  test.kind = name == "prefix" ? FieldTest::Kind::prefix : FieldTest::Kind::contains;
  if (name == "text_any") {
    for (const auto token : split_at_space(*text)) test.texts.emplace_back(token);
    return true;
  }
  test.texts.emplace_back(*text);
  return name == "text" || name == "phrase" || name == "prefix";
}

template <typename T>
std::optional<T>* bound_named(Bounds<T>& bounds, std::string_view name) noexcept {
  if (name == "lt") return &bounds.lt;
  if (name == "gt") return &bounds.gt;
  if (name == "lte") return &bounds.lte;
  return name == "gte" ? &bounds.gte : nullptr;
}

}  // namespace

bool read_match(std::span<const std::byte> bytes, FieldTest& test) {
  MsgpackReader reader(bytes);
  const auto pairs = reader.map();
  for (std::uint32_t i = 0, found = 0; pairs && i < *pairs; ++i) {
    const auto name = reader.text();
    if (!name) return false;
    if (reader.take_nil()) continue;
    if (found++ > 0) return false;
    if (*name == "value" ? !read_value(reader, test) : !read_match_form(reader, *name, test)) return false;
  }
  return pairs && *pairs > 0 && !reader.failed();
}

bool read_bounds(std::span<const std::byte> bytes, FieldTest::Kind kind, FieldTest& test) {
  test.kind = kind;
  MsgpackReader reader(bytes);
  const auto pairs = reader.map();
  for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
    const auto name = reader.text();
    if (!name) return false;
    if (reader.take_nil()) continue;
    if (kind == FieldTest::Kind::range) {
      auto* const bound = bound_named(test.range, *name);
      if (bound == nullptr || !(*bound = reader.number())) return false;
    } else {
      auto* const bound = bound_named(test.counts, *name);
      if (bound == nullptr || !(*bound = reader.signed_integer())) return false;
    }
  }
  return pairs && !reader.failed();
}

bool read_flag(std::span<const std::byte> bytes, FieldTest::Kind kind, FieldTest& test) {
  test.kind = kind;
  const auto flag = MsgpackReader(bytes).boolean();
  test.wanted = flag.value_or(false);
  return flag.has_value();
}

}  // namespace millrace
