#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// One step of a path into a payload.
struct PathStep {
  enum class Kind : unsigned char { key, index, every };  ///< `name`, `[3]`, `[]`
  Kind kind = Kind::key;
  std::string key;
  std::uint64_t index = 0;  ///< of `[3]`
};

using JsonPath = std::vector<PathStep>;

/// Reads `first ('.' key | '[' digits ']' | '[]')*`, a key being letters, digits, `_`, `-` or a quoted string.
/// Every character beyond ASCII counts as a letter.
[[nodiscard]] std::optional<JsonPath> parse_json_path(std::string_view text);

/// The values that a path leads to in a payload as stored: an object steps on a key, an array on `[3]` or `[]`.
/// @param payload  minified and valid, or empty
/// @return         views of the payload, in its order; an array at the path's end is one value
[[nodiscard]] std::vector<std::string_view> json_values(std::string_view payload, const JsonPath& path);

}  // namespace millrace
