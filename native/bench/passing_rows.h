#pragma once

// Filters for benches: which rows pass, and which queries are asked among them.
#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <string_view>
#include <vector>

#include "millrace/kernels.h"
#include "millrace/shard.h"

namespace millrace::bench {

/// How the rows that pass lie, and from where they are looked for.
enum class Drawn : std::uint8_t {
  any,     ///< they lie anywhere
  near,    ///< together: the nearest to one of the vectors; the queries as they come
  around,  ///< the same, for the queries nearest to that vector
  away     ///< the same, for the queries farthest from it
};
inline constexpr std::string_view kDrawnNames[] = {"any", "near", "around", "away"};

struct PassingRows {
  Bitmap bitmap;
  std::vector<std::uint32_t> queries;
};

/// @param base, asked  f32[rows × dimension], f32[queries × dimension], of unit length
/// @param share        of the rows, > 0
/// @param queries_max  of `any` and `near`; of the others so many of the nearest or farthest quarter
inline PassingRows draw_passing(Drawn drawn, double share, std::span<const float> base, std::span<const float> asked,
                                std::size_t dimension, std::size_t queries_max) {
  const auto dots = [&](const float* to, std::span<const float> vectors) {
    std::vector<float> all(vectors.size() / dimension);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kernels().dot.one(to, &vectors[i * dimension], dimension);
    return all;
  };
  const auto order_of = [](std::size_t count) {
    std::vector<std::uint32_t> order(count);
    std::iota(order.begin(), order.end(), 0U);
    return order;
  };
  const auto rows = base.size() / dimension;
  const auto wanted = std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(rows)));
  auto order = order_of(rows);
  const float* const anchor = &base[rows / 2 * dimension];
  if (drawn == Drawn::any) {
    std::mt19937_64 random(7);
    std::ranges::shuffle(order, random);
  } else {
    const auto near = dots(anchor, base);
    std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(wanted - 1), std::ranges::greater{},
                             [&](auto row) { return near[row]; });
  }
  PassingRows passing{{std::vector<std::uint64_t>(rows / 64 + 1), wanted}, order_of(asked.size() / dimension)};
  for (std::size_t i = 0; i < wanted; ++i) passing.bitmap.words[order[i] / 64] |= std::uint64_t{1} << (order[i] % 64);
  if (drawn == Drawn::around || drawn == Drawn::away) {
    const auto near = dots(anchor, asked);
    const float sign = drawn == Drawn::away ? 1 : -1;
    std::ranges::stable_sort(passing.queries, {}, [&](auto query) { return sign * near[query]; });
    passing.queries.resize((passing.queries.size() + 3) / 4);
  }
  if (passing.queries.size() > queries_max) passing.queries.resize(queries_max);
  return passing;
}

}  // namespace millrace::bench
