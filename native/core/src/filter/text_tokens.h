#pragma once

#include <string_view>
#include <vector>

namespace millrace {

/// The parts of a text between white space, as Unicode defines it (property White_Space).
[[nodiscard]] std::vector<std::string_view> split_at_space(std::string_view text);

}  // namespace millrace
