#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace {

enum class JsonVerdict : std::uint8_t { valid, malformed, too_deep };

struct JsonCheck {
  JsonVerdict verdict = JsonVerdict::valid;
  std::size_t position = 0;   ///< byte at which the text is wrong
  std::string_view reason;    ///< a few constant words, as serde_json says them
};

/// Checks a whole JSON text before it is given to a recursive or lenient parser: grammar, UTF-8, escapes, surrogates,
/// numbers beyond a double, nesting. Takes no memory; stops at the first fault.
/// @param depth_max  deepest nesting of arrays and objects; at most 512
[[nodiscard]] JsonCheck json_check(std::string_view body, std::uint32_t depth_max);

}  // namespace millrace
