#pragma once

#include <bit>
#include <cstdint>

namespace millrace {

/// A number of 16 bits as IEEE 754 has it (binary16), by its bits.
using Half = std::uint16_t;

inline constexpr float kHalfMax = 65'504;

/// Exact: every half is a float.
[[nodiscard]] constexpr float widened(Half half) noexcept {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t rest = half & 0x7fffU;
  if (rest >= 0x7c00U) return std::bit_cast<float>(sign | 0x7f800000U | ((rest & 0x3ffU) << 13U));
  if (rest >= 0x0400U) return std::bit_cast<float>(sign | ((rest << 13U) + (112U << 23U)));
  // A multiple of 2^-24, or nothing: one multiplication, which is exact.
  const float size = static_cast<float>(rest) * 0x1p-24F;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(size));
}

/// Rounds to the nearest half, of two to the even one. What is larger than the largest becomes the largest: nothing
/// finite may be stored as infinite.
/// @param value  finite
[[nodiscard]] constexpr Half narrowed(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint32_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t size = bits & 0x7fffffffU;
  if (size >= 0x477fe000U) return static_cast<Half>(sign | 0x7bffU);
  if (size < 0x38800000U) {
    // Below 2^-14 halves are multiples of 2^-24: a half of such steps is added to a number whose last digit is one.
    const float shifted = std::bit_cast<float>(size) + 0.5F;
    return static_cast<Half>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
  }
  const std::uint32_t rounded = size - (112U << 23U) + 0x0fffU + ((size >> 13U) & 1U);
  return static_cast<Half>(sign | (rounded >> 13U));
}

/// Rounds toward zero and saturates; NaN becomes 0.
[[nodiscard]] constexpr std::uint8_t byte_of(float value) noexcept {
  if (!(value > 0)) return 0;
  return value < 255 ? static_cast<std::uint8_t>(value) : std::uint8_t{255};
}

}  // namespace millrace
