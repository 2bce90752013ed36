#pragma once

// Included only where NEON is compiled.

#include <arm_neon.h>

#include <cstddef>

#include "millrace/half.h"

namespace millrace {
namespace {

/// Four components of a row.
inline float32x4_t load_row(const float* at) noexcept { return vld1q_f32(at); }
inline float32x4_t load_row(const Half* at) noexcept { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(at))); }
/// The first `count` of four, 0 < count < 4, and zeroes.
template <typename Row>
inline float32x4_t load_first(const Row* at, std::size_t count) noexcept {
  Row held[4] = {};
  for (std::size_t i = 0; i < count; ++i) held[i] = at[i];
  return load_row(held);
}

/// Accumulates `step` over `Rows` rows at once. Each row has its own four sums, filled in the same order whatever `Rows` is,
/// so a score does not depend on how many rows were scored together. With four rows these are the sixteen independent
/// additions that four units of latency four need, and with the query's they take 21 of the 32 registers.
template <int Rows, typename Row, typename Step>
inline void accumulate_neon(const float* query, const Row* const* rows, std::size_t dimension, float* out,
                            Step step) noexcept {
  float32x4_t sums[Rows][4];
  for (int r = 0; r < Rows; ++r)
    for (auto& sum : sums[r]) sum = vdupq_n_f32(0);
  std::size_t i = 0;
  for (; i + 16 <= dimension; i += 16) {
    const float32x4_t values[4] = {vld1q_f32(query + i), vld1q_f32(query + i + 4), vld1q_f32(query + i + 8),
                                   vld1q_f32(query + i + 12)};
    for (int r = 0; r < Rows; ++r)
      for (std::size_t k = 0; k < 4; ++k) sums[r][k] = step(sums[r][k], values[k], load_row(rows[r] + i + 4 * k));
  }
  for (; i + 4 <= dimension; i += 4) {
    const float32x4_t values = vld1q_f32(query + i);
    for (int r = 0; r < Rows; ++r) sums[r][0] = step(sums[r][0], values, load_row(rows[r] + i));
  }
  if (i < dimension) {
    const float32x4_t values = load_first(query + i, dimension - i);
    for (int r = 0; r < Rows; ++r) sums[r][1] = step(sums[r][1], values, load_first(rows[r] + i, dimension - i));
  }
  for (int r = 0; r < Rows; ++r)
    out[r] = vaddvq_f32(vaddq_f32(vaddq_f32(sums[r][0], sums[r][1]), vaddq_f32(sums[r][2], sums[r][3])));
}

}  // namespace
}  // namespace millrace
