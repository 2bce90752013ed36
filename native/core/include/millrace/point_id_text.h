#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "millrace/point_id.h"

namespace millrace {

/// Reads a UUID: hyphenated, simple, `urn:uuid:` or braced, in any case.
[[nodiscard]] std::optional<PointId> parse_uuid(std::string_view text) noexcept;

/// Reads an id as it stands in a path: decimal digits as a number first, else a UUID.
[[nodiscard]] std::optional<PointId> parse_point_id(std::string_view text) noexcept;

/// Appends an id as JSON: a number, or a quoted lowercase hyphenated UUID.
void append_point_id(std::string& out, const PointId& id);

}  // namespace millrace
