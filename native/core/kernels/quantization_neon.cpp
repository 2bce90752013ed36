#include "quantization_forms.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include <cstring>

namespace millrace {
namespace {

struct Product {
  [[nodiscard]] static int32x4_t added(int32x4_t sum, const std::int16_t* query, int8x8_t codes) noexcept {
    const int16x8_t values = vld1q_s16(query);
    const int16x8_t wide = vmovl_s8(codes);
    return vmlal_high_s16(vmlal_s16(sum, vget_low_s16(values), vget_low_s16(wide)), values, wide);
  }
};

struct Difference {
  [[nodiscard]] static int32x4_t added(int32x4_t sum, const std::int16_t* query, int8x8_t codes) noexcept {
    const int16x8_t values = vld1q_s16(query);
    const int16x8_t wide = vshll_n_s8(codes, 6);
    return vabal_high_s16(vabal_s16(sum, vget_low_s16(values), vget_low_s16(wide)), values, wide);
  }
};

/// Sums of `Rows` rows: the query is loaded once for all.
template <int Rows, typename Term>
inline void sums_of_rows(const std::int16_t* query, const std::byte* const* rows, std::size_t size,
                         std::int32_t* sums) noexcept {
  int32x4_t low[Rows];
  int32x4_t high[Rows];
  for (int r = 0; r < Rows; ++r) low[r] = high[r] = vdupq_n_s32(0);
  for (std::size_t d = 0; d < size; d += 16)
    for (int r = 0; r < Rows; ++r) {
      const int8x16_t codes = vld1q_s8(reinterpret_cast<const std::int8_t*>(rows[r]) + d);
      low[r] = Term::added(low[r], query + d, vget_low_s8(codes));
      high[r] = Term::added(high[r], query + d + 8, vget_high_s8(codes));
    }
  for (int r = 0; r < Rows; ++r) sums[r] = vaddvq_s32(vaddq_s32(low[r], high[r]));
}

template <typename Term>
inline void byte_sums(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                      std::int32_t* sums) noexcept {
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) sums_of_rows<2, Term>(query, rows + i, size, sums + i);
  if (i < count) sums_of_rows<1, Term>(query, rows + i, size, sums + i);
}

/// The 32 codes of a block, one in each byte.
struct Codes {
  int8x16_t first;
  int8x16_t second;
};

/// Each byte moved down by as much as the first, or the last, sixteen components say, and cut to its code.
inline Codes cut(uint8x16_t all, const std::int8_t* shifts, std::uint8_t mask) noexcept {
  const uint8x16_t kept = vdupq_n_u8(mask);
  return {vreinterpretq_s8_u8(vandq_u8(vshlq_u8(all, vld1q_s8(shifts)), kept)),
          vreinterpretq_s8_u8(vandq_u8(vshlq_u8(all, vld1q_s8(shifts + 16)), kept))};
}

template <int Bits>
struct Unpack;

template <>
struct Unpack<1> {
  [[nodiscard]] static Codes codes(const std::byte* at) noexcept {
    alignas(16) static const std::int8_t kShifts[32] = {0,  0,  0,  0,  -1, -1, -1, -1, -2, -2, -2, -2, -3, -3, -3, -3,
                                                        -4, -4, -4, -4, -5, -5, -5, -5, -6, -6, -6, -6, -7, -7, -7, -7};
    std::uint32_t all = 0;
    std::memcpy(&all, at, sizeof(all));
    return cut(vreinterpretq_u8_u32(vdupq_n_u32(all)), kShifts, 1);
  }
};

template <>
struct Unpack<2> {
  [[nodiscard]] static Codes codes(const std::byte* at) noexcept {
    alignas(16) static const std::int8_t kShifts[32] = {0,  0,  0,  0,  0,  0,  0,  0,  -2, -2, -2, -2, -2, -2, -2, -2,
                                                        -4, -4, -4, -4, -4, -4, -4, -4, -6, -6, -6, -6, -6, -6, -6, -6};
    const uint8x8_t all = vld1_u8(reinterpret_cast<const std::uint8_t*>(at));
    return cut(vcombine_u8(all, all), kShifts, 3);
  }
};

template <>
struct Unpack<4> {
  [[nodiscard]] static Codes codes(const std::byte* at) noexcept {
    const uint8x16_t all = vld1q_u8(reinterpret_cast<const std::uint8_t*>(at));
    return {vreinterpretq_s8_u8(vandq_u8(all, vdupq_n_u8(15))), vreinterpretq_s8_u8(vshrq_n_u8(all, 4))};
  }
};

/// Sixteen bits hold four products of four codes, 4 · 4 · 15 · 128.
constexpr std::size_t kNarrowBlocks = 4;

template <int Bits>
inline void packed_sums(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                        std::size_t blocks, std::int32_t* sums) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const row = rows[i] + offset;
    int32x4_t sum = vdupq_n_s32(0);
    for (std::size_t block = 0; block < blocks;) {
      const std::size_t end = blocks - block < kNarrowBlocks ? blocks : block + kNarrowBlocks;
      int16x8_t narrow = vdupq_n_s16(0);
      for (; block < end; ++block) {
        const Codes codes = Unpack<Bits>::codes(row + block * 4 * Bits);
        const int8x16_t first = vld1q_s8(query + block * 32);
        const int8x16_t second = vld1q_s8(query + block * 32 + 16);
        narrow = vmlal_s8(narrow, vget_low_s8(codes.first), vget_low_s8(first));
        narrow = vmlal_high_s8(narrow, codes.first, first);
        narrow = vmlal_s8(narrow, vget_low_s8(codes.second), vget_low_s8(second));
        narrow = vmlal_high_s8(narrow, codes.second, second);
      }
      sum = vpadalq_s16(sum, narrow);
    }
    sums[i] += vaddvq_s32(sum);
  }
}

}  // namespace

void byte_dot_neon(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                   std::int32_t* sums) noexcept {
  byte_sums<Product>(query, rows, count, size, sums);
}

void byte_l1_neon(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                  std::int32_t* sums) noexcept {
  byte_sums<Difference>(query, rows, count, size, sums);
}

void one_bit_neon(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                  std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<1>(query, rows, count, offset, blocks, sums);
}

void two_bits_neon(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                   std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<2>(query, rows, count, offset, blocks, sums);
}

void four_bits_neon(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                    std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums<4>(query, rows, count, offset, blocks, sums);
}

std::uint32_t nearest_neon(const float* vector, const float* centroids, std::size_t size) noexcept {
  float32x4_t best_sums[4];
  uint32x4_t best[4];
  uint32x4_t indices[4];
  const std::uint32_t first[4] = {0, 1, 2, 3};
  for (std::uint32_t k = 0; k < 4; ++k) {
    best_sums[k] = vdupq_n_f32(__builtin_inff());
    best[k] = indices[k] = vaddq_u32(vld1q_u32(first), vdupq_n_u32(4 * k));
  }
  for (std::size_t c = 0; c < 256; c += 16) {
    float32x4_t sums[4] = {vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0), vdupq_n_f32(0)};
    for (std::size_t d = 0; d < size; ++d)
      for (std::size_t k = 0; k < 4; ++k) {
        const float32x4_t apart = vsubq_f32(vdupq_n_f32(vector[d]), vld1q_f32(centroids + d * 256 + c + 4 * k));
        // Not fused: codebooks are the same on every machine, and so each product is rounded.
        sums[k] = vaddq_f32(sums[k], vmulq_f32(apart, apart));
      }
    for (std::size_t k = 0; k < 4; ++k) {
      const uint32x4_t is_nearer = vcltq_f32(sums[k], best_sums[k]);
      best_sums[k] = vbslq_f32(is_nearer, sums[k], best_sums[k]);
      best[k] = vbslq_u32(is_nearer, indices[k], best[k]);
      indices[k] = vaddq_u32(indices[k], vdupq_n_u32(16));
    }
  }
  float lanes[16];
  std::uint32_t of_lanes[16];
  for (std::size_t k = 0; k < 4; ++k) {
    vst1q_f32(lanes + 4 * k, best_sums[k]);
    vst1q_u32(of_lanes + 4 * k, best[k]);
  }
  std::size_t nearest = 0;
  for (std::size_t lane = 1; lane < 16; ++lane)
    if (lanes[lane] < lanes[nearest] || (lanes[lane] == lanes[nearest] && of_lanes[lane] < of_lanes[nearest])) nearest = lane;
  return of_lanes[nearest];
}

}  // namespace millrace

#endif
