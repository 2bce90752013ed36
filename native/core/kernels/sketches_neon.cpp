#include "code_forms.h"

#if defined(__aarch64__)

#include "code_rows_neon.h"

namespace millrace {
namespace {

constexpr std::size_t kLine = 64;  // A row's bytes are a multiple of it.

/// What one cache line of each row is compared with: it stays in registers. Eight lanes take sixteen products each, of at
/// most 15 · 127, which fit into 16 bits.
struct Line {
  int8x16_t low[4];
  int8x16_t high[4];
  Line(const SketchQuery& from, std::size_t at) noexcept {
    for (std::size_t k = 0; k < 4; ++k) {
      low[k] = vld1q_s8(from.low + at + 16 * k);
      high[k] = vld1q_s8(from.high + at + 16 * k);
    }
  }
  [[nodiscard]] int32x4_t operator()(int32x4_t sum, const std::uint8_t* row) const noexcept {
    int16x8_t shorts = vdupq_n_s16(0);
    for (std::size_t k = 0; k < 4; ++k) {
      const uint8x16_t both = vld1q_u8(row + 16 * k);
      const int8x16_t of_low = vreinterpretq_s8_u8(vandq_u8(both, vdupq_n_u8(15)));
      const int8x16_t of_high = vreinterpretq_s8_u8(vshrq_n_u8(both, 4));
      shorts = vmlal_s8(shorts, vget_low_s8(of_low), vget_low_s8(low[k]));
      shorts = vmlal_high_s8(shorts, of_low, low[k]);
      shorts = vmlal_s8(shorts, vget_low_s8(of_high), vget_low_s8(high[k]));
      shorts = vmlal_high_s8(shorts, of_high, high[k]);
    }
    return vpadalq_s16(sum, shorts);
  }
};

inline int32x4_t four_sums(const SketchQuery& query, const std::uint8_t* const* rows) noexcept {
  int32x4_t sums[4] = {vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)};
  for (std::size_t at = 0; at < query.bytes; at += kLine) {
    const Line line(query, at);
    for (int r = 0; r < 4; ++r) sums[r] = line(sums[r], rows[r] + at);
  }
  return added(sums[0], sums[1], sums[2], sums[3]);
}

}  // namespace

void sketch_dot_neon(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  if (rows.stride == kLine) {
    const Line line(query, 0);
    keys_of_rows<true>(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) {
      const int32x4_t none = vdupq_n_s32(0);
      return added(line(none, four[0]), line(none, four[1]), line(none, four[2]), line(none, four[3]));
    });
  } else {
    keys_of_rows<true>(query, rows, ids, count, keys, [&](const std::uint8_t* const* four) { return four_sums(query, four); });
  }
}

}  // namespace millrace

#endif
