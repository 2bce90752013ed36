#include "millrace/guard.h"

#include <string>
#include <system_error>

namespace millrace {

Error out_of_memory(std::size_t bytes) noexcept {
  try {
    return {Errc::out_of_memory, "\"bytes\":" + std::to_string(bytes)};
  } catch (...) {
    return {Errc::out_of_memory, {}};
  }
}

Error out_of_space(std::size_t bytes, int cause) noexcept {
  try {
    const auto reason = std::generic_category().message(cause);
    return {Errc::scratch_full, "\"bytes\":" + std::to_string(bytes) + ",\"reason\":\"" + reason + "\""};
  } catch (...) {
    return {Errc::scratch_full, {}};
  }
}

}  // namespace millrace
