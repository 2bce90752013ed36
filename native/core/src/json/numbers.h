#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "json/scanner.h"

namespace millrace::json {

/// Reads a number by the JSON grammar and leaves it as text. Numbers beyond the range of a double are refused.
[[nodiscard]] bool scan_number(Scanner& scanner, std::string_view& token);

/// The nearest double of a number's whole text, which a payload holds; nothing when it is no number or beyond a double.
[[nodiscard]] std::optional<double> parse_f64(std::string_view token) noexcept;

/// A number's text as an integer of 64 bits: written without fraction, exponent or a zero's sign, and within its range.
[[nodiscard]] std::optional<std::int64_t> parse_i64(std::string_view token) noexcept;

/// Reads an unsigned integer written without sign, fraction or exponent, up to 2^64 - 1.
[[nodiscard]] bool parse_u64(Scanner& scanner, std::uint64_t& out);

/// Reads any number as the nearest f32, by std::from_chars; refuses what rounds to infinity.
[[nodiscard]] bool parse_f32_slowly(Scanner& scanner, float& out);

namespace detail {

/// The fast path looks at most this far ahead.
inline constexpr std::size_t kNumberWindow = 64;

inline constexpr std::array<std::uint64_t, 19> kPowersOfTen = [] {
  std::array<std::uint64_t, 19> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

inline constexpr std::array<double, 25> kInversePowersOfTen = {
    1e0,   1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,  1e-8,  1e-9,  1e-10, 1e-11, 1e-12,
    1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22, 1e-23, 1e-24};

struct DigitBlock {
  std::uint64_t value;
  unsigned count;  ///< 0 to 8
};

/// The leading decimal digits of eight bytes, all at once: the digits are shifted behind zeros, then added pairwise.
inline DigitBlock read_digits(const char* at) noexcept {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  const std::uint64_t offset = word ^ 0x3030303030303030ULL;
  const std::uint64_t others = (offset | (offset + 0x7676767676767676ULL)) & 0x8080808080808080ULL;
  const unsigned count = static_cast<unsigned>(std::countr_zero(others)) / 8;  // 8 when there is no other byte
  if (count == 0) return {0, 0};
  std::uint64_t digits = offset << (64 - 8 * count);
  digits = digits * 10 + (digits >> 8);
  digits = ((digits & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
            ((digits >> 16) & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >> 32;
  return {digits, count};
}

}  // namespace detail

/// Reads a number as the nearest f32 of its text.
///
/// Up to 18 significant digits are gathered into an integer and scaled by a double, which is off by less than two units
/// of its last place. Rounding that to f32 is right unless it lies that close to the middle between two f32; then, and
/// for long numbers and exponents, the slow path decides.
[[nodiscard]] inline bool parse_f32(Scanner& scanner, float& out) {
  using detail::kPowersOfTen;
  if constexpr (std::endian::native == std::endian::big) return parse_f32_slowly(scanner, out);
  if (scanner.left() < detail::kNumberWindow) return parse_f32_slowly(scanner, out);
  const char* at = scanner.at;
  const bool is_negative = *at == '-';
  at += is_negative;
  std::uint64_t mantissa = static_cast<unsigned char>(*at) - std::uint64_t{'0'};
  if (mantissa > 9) return scanner.fail("expected value");
  ++at;
  if (mantissa != 0 && *at != '.') {
    const auto block = detail::read_digits(at);
    if (block.count == 8) return parse_f32_slowly(scanner, out);
    mantissa = mantissa * kPowersOfTen[block.count] + block.value;
    at += block.count;
  }
  unsigned scale = 0;
  if (*at == '.') {
    ++at;
    auto block = detail::read_digits(at);
    if (block.count == 0) return scanner.fail("invalid number");
    while (block.count != 0) {
      if (scale + block.count > 24 || mantissa >= kPowersOfTen[18 - block.count]) return parse_f32_slowly(scanner, out);
      mantissa = mantissa * kPowersOfTen[block.count] + block.value;
      scale += block.count;
      at += block.count;
      if (block.count != 8) break;
      block = detail::read_digits(at);
    }
  }
  if ((*at | 0x20) == 'e') return parse_f32_slowly(scanner, out);
  const double value = static_cast<double>(static_cast<std::int64_t>(mantissa)) * detail::kInversePowersOfTen[scale];
  const auto below_f32 = static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value) & 0x1FFFFFFFU);
  if (below_f32 - (0x10000000U - 4U) <= 8U) return parse_f32_slowly(scanner, out);
  const auto sign = static_cast<std::uint32_t>(is_negative) << 31U;
  out = std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(value)) | sign);
  scanner.at = at;
  return true;
}

}  // namespace millrace::json
