#pragma once

// Included only where NEON is compiled.

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace {
namespace {

/// The sums of the four lanes of each.
inline int32x4_t added(int32x4_t a, int32x4_t b, int32x4_t c, int32x4_t d) noexcept {
  return vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
}

/// Keys of rows, four at a time.
/// @param HasTerm  whether a key is the row's term, in the query's scale, less its sum; else it is the sum
/// @param sums     of four rows: (const Element* const*) → int32x4_t
template <bool HasTerm, typename Query, typename Rows, typename Sums>
inline void keys_of_rows(const Query& query, const Rows& rows, const std::uint32_t* ids, std::size_t count,
                         std::int32_t* keys, Sums sums) noexcept {
  for (std::size_t i = 0; i < count; i += 4) {
    // The last ones are filled up with the last row, and their keys left out.
    const std::size_t last = count - 1;
    const auto row = [&](std::size_t at) { return rows.row(ids[at < last ? at : last]); };
    const decltype(rows.row(0)) four[4] = {row(i), row(i + 1), row(i + 2), row(i + 3)};
    int32x4_t found = sums(four);
    if constexpr (HasTerm) {
      std::int32_t terms[4];
      for (int r = 0; r < 4; ++r) std::memcpy(&terms[r], four[r] + rows.stride - sizeof(terms[r]), sizeof(terms[r]));
      const float32x4_t scaled = vmulq_n_f32(vcvtq_f32_s32(vld1q_s32(terms)), query.term_scale);
      found = vsubq_s32(vcvtnq_s32_f32(scaled), found);
    }
    if (i + 4 <= count) {
      vst1q_s32(keys + i, found);
    } else {
      std::int32_t some[4];
      vst1q_s32(some, found);
      for (std::size_t j = i; j < count; ++j) keys[j] = some[j - i];
    }
  }
}

}  // namespace
}  // namespace millrace
