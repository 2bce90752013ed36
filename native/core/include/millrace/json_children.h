#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// What stands directly in an object or a list, as places in its text.
struct JsonChildren {
  bool is_object = false;
  std::vector<std::string> keys;      ///< of an object, decoded; a key may come twice
  std::vector<std::uint32_t> spans;   ///< first byte and end of each value
};

/// Takes a container apart without reading what is in it, so that a large body costs no JavaScript objects.
/// @param text  a JSON value of less than 4 GiB
/// @return      nothing when it is no object and no list, or is not right
[[nodiscard]] std::optional<JsonChildren> json_children(std::string_view text, std::uint32_t depth_max);

/// The text that a payload is stored as: minified, number tokens verbatim, key order kept, of duplicate keys the last.
/// @return  nothing when `text` is no object
[[nodiscard]] std::optional<std::string> payload_text(std::string_view text, std::uint32_t depth_max);

}  // namespace millrace
