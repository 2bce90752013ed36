#pragma once

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
};

using JsonPath = std::vector<PathStep>;

/// Reads `first ('.' key | '[' digits ']' | '[]')*`, a key being letters, digits, `_`, `-` or a quoted string.
/// Every character beyond ASCII counts as a letter.
[[nodiscard]] std::optional<JsonPath> parse_json_path(std::string_view text);

}  // namespace millrace
