#pragma once

#include "json/scanner.h"
#include "json/strings.h"

namespace millrace::json {

/// Checks and steps over one value. Iterative: its stack is one bit per level.
/// @param depth  containers around the value
[[nodiscard]] bool skip_value(Scanner& scanner, std::uint32_t depth);

/// Reads `"key" :` of an object, at the key's quote or the white space before it.
[[nodiscard]] bool read_key(Scanner& scanner, RawString& key);

/// Steps over `literal`, whose first character was seen.
[[nodiscard]] bool skip_literal(Scanner& scanner, std::string_view literal);

/// Steps over `null` when it is the next value.
[[nodiscard]] bool consume_null(Scanner& scanner);

/// Steps over what stands between the values of a container.
/// @param close     `]` or `}`
/// @param has_next  set when another value follows; clear when the container was closed
[[nodiscard]] bool next_or_close(Scanner& scanner, char close, bool& has_next);

}  // namespace millrace::json
