#include "code_forms.h"

#if defined(__aarch64__)

#include "code_rows_neon.h"

namespace millrace {
namespace {

constexpr std::size_t kStep = 16;  // A row's bytes are a multiple of it.

/// Two products, 2 · 127², fit into 16 bits.
struct Product {
  int8x16_t query;
  Product(const CodeQuery& from, std::size_t d) noexcept : query(vld1q_s8(from.values + d)) {}
  [[nodiscard]] int32x4_t operator()(int32x4_t sum, int8x16_t codes) const noexcept {
    const int16x8_t first = vmull_s8(vget_low_s8(query), vget_low_s8(codes));
    return vpadalq_s16(sum, vmlal_high_s8(first, query, codes));
  }
};

/// Differences of what lies beyond the dimension do not count: the row may hold anything there.
struct Difference {
  uint8x16_t inside;
  int8x16_t query;
  Difference(const CodeQuery& from, std::size_t d) noexcept : query(vld1q_s8(from.values + d)) {
    alignas(16) static const std::uint8_t kInside[2 * kStep] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                                255, 255, 255, 255, 255, 255, 255, 255};
    const std::size_t left = from.dimension - d;
    inside = vld1q_u8(kInside + kStep - (left < kStep ? left : kStep));
  }
  [[nodiscard]] int32x4_t operator()(int32x4_t sum, int8x16_t codes) const noexcept {
    // A difference of up to 254 fits into eight bits without a sign.
    const uint8x16_t apart = vandq_u8(vreinterpretq_u8_s8(vabdq_s8(query, codes)), inside);
    return vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(sum), vpaddlq_u8(apart)));
  }
};

/// Sums of four rows.
template <typename Step>
inline int32x4_t four_sums(const CodeQuery& query, const std::int8_t* const* rows) noexcept {
  int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
  for (std::size_t at = 0; at < query.dimension; at += kStep) {
    const Step step(query, at);
    for (int r = 0; r < 4; ++r) sums[r] = step(sums[r], vld1q_s8(rows[r] + at));
  }
  return added(sums[0], sums[1], sums[2], sums[3]);
}

template <bool HasTerm, typename Step>
inline void keys_of(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  keys_of_rows<HasTerm>(query, rows, ids, count, keys,
                        [&](const std::int8_t* const* four) { return four_sums<Step>(query, four); });
}

}  // namespace

void code_dot_neon(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                   std::int32_t* keys) noexcept {
  keys_of<true, Product>(query, rows, ids, count, keys);
}

void code_l1_neon(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                  std::int32_t* keys) noexcept {
  keys_of<false, Difference>(query, rows, ids, count, keys);
}

}  // namespace millrace

#endif
