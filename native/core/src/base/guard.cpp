#include "millrace/guard.h"

#include <string>

namespace millrace {

Error out_of_memory(std::size_t bytes) noexcept {
  try {
    return {Errc::out_of_memory, "\"bytes\":" + std::to_string(bytes)};
  } catch (...) {
    return {Errc::out_of_memory, {}};
  }
}

}  // namespace millrace
