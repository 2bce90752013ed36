#include "base/crc32c_parts.h"

#if defined(__SSE4_2__)

#include <nmmintrin.h>

#include <cstring>

namespace millrace {

std::uint32_t crc32c_by_sse42(const std::byte* bytes, std::size_t length, std::uint32_t seed) noexcept {
  std::uint64_t state = static_cast<std::uint32_t>(~seed);
  for (; length >= 8; bytes += 8, length -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto narrow = static_cast<std::uint32_t>(state);
  for (; length > 0; ++bytes, --length) narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*bytes));
  return ~narrow;
}

}  // namespace millrace

#else

namespace millrace {

std::uint32_t crc32c_by_sse42(const std::byte* bytes, std::size_t length, std::uint32_t seed) noexcept {
  return crc32c_by_table(bytes, length, seed);
}

}  // namespace millrace

#endif
