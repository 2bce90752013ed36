#pragma once

#include <cstddef>
#include <span>

#include "filter/filter_tree.h"

namespace millrace {

/// Readers of the tests that a condition with a key may hold, each given the MessagePack value of its name.
/// @return whether it was one
/// @throws std::bad_alloc

/// `{ value }`, `{ any }`, `{ except }`, `{ text }`, `{ text_any }`, `{ phrase }` or `{ prefix }`
[[nodiscard]] bool read_match(std::span<const std::byte> bytes, FieldTest& test);

/// `{ lt?, gt?, lte?, gte? }` @param kind  range, datetime_range or values_count
[[nodiscard]] bool read_bounds(std::span<const std::byte> bytes, FieldTest::Kind kind, FieldTest& test);

/// @param kind  is_empty or is_null
[[nodiscard]] bool read_flag(std::span<const std::byte> bytes, FieldTest::Kind kind, FieldTest& test);

}  // namespace millrace
