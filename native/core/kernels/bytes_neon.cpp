#include "kernel_forms.h"

#if defined(__aarch64__)

#include <arm_neon.h>

namespace millrace {
namespace {

/// Adds the products of sixteen pairs: each fits into 16 bits, two of them do not.
inline uint32x4_t with_products(uint32x4_t sum, uint8x16_t a, uint8x16_t b) noexcept {
  sum = vpadalq_u16(sum, vmull_u8(vget_low_u8(a), vget_low_u8(b)));
  return vpadalq_u16(sum, vmull_high_u8(a, b));
}

struct Dot {
  uint32x4_t operator()(uint32x4_t sum, uint8x16_t a, uint8x16_t b) const noexcept { return with_products(sum, a, b); }
};

struct L2 {
  uint32x4_t operator()(uint32x4_t sum, uint8x16_t a, uint8x16_t b) const noexcept {
    const uint8x16_t apart = vabdq_u8(a, b);
    return with_products(sum, apart, apart);
  }
};

struct L1 {
  uint32x4_t operator()(uint32x4_t sum, uint8x16_t a, uint8x16_t b) const noexcept {
    return vpadalq_u16(sum, vpaddlq_u8(vabdq_u8(a, b)));
  }
};

/// No lane overflows: the sum of all 65,536 components fits into 32 bits.
template <typename Step>
std::uint32_t accumulate(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension, Step step) noexcept {
  uint32x4_t even = vdupq_n_u32(0);
  uint32x4_t odd = vdupq_n_u32(0);
  std::size_t i = 0;
  for (; i + 32 <= dimension; i += 32) {
    even = step(even, vld1q_u8(a + i), vld1q_u8(b + i));
    odd = step(odd, vld1q_u8(a + i + 16), vld1q_u8(b + i + 16));
  }
  if (i + 16 <= dimension) {
    even = step(even, vld1q_u8(a + i), vld1q_u8(b + i));
    i += 16;
  }
  if (i < dimension) {
    std::uint8_t rest_of_a[16] = {};
    std::uint8_t rest_of_b[16] = {};
    for (std::size_t left = i; left < dimension; ++left) {
      rest_of_a[left - i] = a[left];
      rest_of_b[left - i] = b[left];
    }
    odd = step(odd, vld1q_u8(rest_of_a), vld1q_u8(rest_of_b));
  }
  return vaddvq_u32(vaddq_u32(even, odd));
}

}  // namespace

std::uint32_t byte_dot_neon(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, Dot{});
}

std::uint32_t byte_l2_squared_neon(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L2{});
}

std::uint32_t byte_l1_neon(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  return accumulate(a, b, dimension, L1{});
}

}  // namespace millrace

#endif
