#include "millrace/checksum.h"

#include <array>
#include <bit>
#include <cstring>

#include "base/crc32c_parts.h"
#include "millrace/cpu.h"

namespace millrace {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are little-endian and read in place");

constexpr std::uint32_t kPolynomial = 0x82f63b78U;
using Table = std::array<std::array<std::uint32_t, 256>, 8>;

/// Slicing by eight: table[k][b] is the effect of byte b standing k bytes before the end of a word.
constexpr Table make_table() noexcept {
  Table table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1U) ^ ((state & 1U) != 0 ? kPolynomial : 0);
    table[0][byte] = state;
  }
  for (std::size_t k = 1; k < table.size(); ++k)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const auto before = table[k - 1][byte];
      table[k][byte] = (before >> 8U) ^ table[0][before & 0xffU];
    }
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

std::uint32_t crc32c_by_table(const std::byte* bytes, std::size_t length, std::uint32_t seed) noexcept {
  std::uint32_t state = ~seed;
  for (; length >= 8; bytes += 8, length -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    word ^= state;
    state = 0;
    for (std::size_t k = 0; k < 8; ++k) state ^= kTable[7 - k][(word >> (8 * k)) & 0xffU];
  }
  for (; length > 0; ++bytes, --length)
    state = (state >> 8U) ^ kTable[0][(state ^ static_cast<std::uint32_t>(*bytes)) & 0xffU];
  return ~state;
}

std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed) noexcept {
  return cpu_has_crc32() ? crc32c_by_sse42(bytes.data(), bytes.size(), seed)
                         : crc32c_by_table(bytes.data(), bytes.size(), seed);
}

}  // namespace millrace
