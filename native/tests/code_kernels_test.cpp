#include "millrace/code_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/memory.h"
#include "frames.h"

namespace millrace {
namespace {

/// What stands behind the keys, where none may write. No sum is as large.
constexpr std::int32_t kUntouched = 0x7fedcba9;

/// Rows with noise in the bytes between the codes and the term, which no kernel may count. Two rows, and every second
/// query, hold nothing but the largest codes.
struct Sample {
  Sample(std::size_t components, std::mt19937_64& random)
      : stride((components + 4 + 63) / 64 * 64), block(Block::allocate(stride * kRows)), query(stride), dimension(components) {
    const auto any = [&random] { return static_cast<std::int8_t>(random() % 255 - 127); };
    const auto largest = [&random] { return static_cast<std::int8_t>(random() % 2 == 0 ? 127 : -127); };
    for (std::size_t at = 0; at < stride * kRows; ++at)
      bytes()[at] = at < stride ? std::int8_t{127} : at < 2 * stride ? std::int8_t{-127} : any();
    const bool is_extreme = random() % 2 == 0;
    for (std::size_t d = 0; d < dimension; ++d) query[d] = is_extreme ? largest() : any();
    for (std::uint32_t i = 0; i < std::size(ids); ++i) ids[i] = i < 2 ? i : static_cast<std::uint32_t>(random() % kRows);
    for (std::uint32_t row = 0; row < kRows; ++row) {
      const auto term = static_cast<std::int32_t>(random() % 2'000'000) - 1'000'000;
      std::memcpy(bytes() + (row + 1) * stride - 4, &term, 4);
    }
  }
  [[nodiscard]] std::int8_t* bytes() const { return reinterpret_cast<std::int8_t*>(block.data()); }

  static constexpr std::size_t kRows = 9;
  std::size_t stride;
  Block block;
  std::vector<std::int8_t> query;
  std::size_t dimension;
  std::uint32_t ids[11] = {};
};

std::int32_t oracle(const Sample& sample, std::uint32_t id, bool is_l1, float term_scale) {
  std::int64_t sum = 0;
  const auto* const row = sample.bytes() + id * sample.stride;
  for (std::size_t d = 0; d < sample.dimension; ++d)
    sum += is_l1 ? std::abs(std::int64_t{sample.query[d]} - row[d]) : std::int64_t{sample.query[d]} * row[d];
  std::int32_t term = 0;
  std::memcpy(&term, row + sample.stride - 4, 4);
  return static_cast<std::int32_t>(is_l1 ? sum : static_cast<std::int64_t>(std::nearbyint(static_cast<float>(term) * term_scale)) - sum);
}

TEST(CodeKernels, EveryInstructionSetGivesTheKeysOfTheOracleForEveryDimension) {
  std::mt19937_64 random(testing::seed_of("code kernels"));
  std::vector<std::size_t> dimensions;
  for (std::size_t d = 1; d <= 200; ++d) dimensions.push_back(d);
  for (const std::size_t d : {256, 384, 768, 1024, 1536, 4096}) dimensions.push_back(d);
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) {
      std::cout << "code kernels not run, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    const auto& kernels = code_kernels_for(set);
    for (const auto dimension : dimensions) {
      const Sample sample(dimension, random);
      const float scale = static_cast<float>(random() % 4'000) / 1'000;
      const CodeRows rows{sample.bytes(), sample.stride};
      const CodeQuery query{sample.query.data(), dimension, scale};
      for (const std::size_t count : {std::size_t{1}, std::size_t{4}, std::size_t{11}}) {
        std::int32_t keys[12];
        keys[count] = kUntouched;
        kernels.dot(query, rows, sample.ids, count, keys);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(keys[i], oracle(sample, sample.ids[i], false, scale)) << "dimension " << dimension;
        kernels.l1(query, rows, sample.ids, count, keys);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(keys[i], oracle(sample, sample.ids[i], true, scale)) << "dimension " << dimension;
        ASSERT_EQ(keys[count], kUntouched);
      }
    }
  }
}

std::int32_t sketch_oracle(const SketchQuery& query, const std::uint8_t* row, std::size_t stride) {
  std::int64_t sum = 0;
  for (std::size_t at = 0; at < query.bytes; ++at)
    sum += std::int64_t{query.low[at]} * (row[at] % 16) + std::int64_t{query.high[at]} * (row[at] / 16);
  std::int32_t term = 0;
  std::memcpy(&term, row + stride - 4, 4);
  return static_cast<std::int32_t>(static_cast<std::int64_t>(std::nearbyint(static_cast<float>(term) * query.term_scale)) - sum);
}

TEST(SketchKernels, EveryInstructionSetGivesTheKeysOfTheOracleForEveryDimension) {
  std::mt19937_64 random(testing::seed_of("sketch kernels"));
  std::vector<std::size_t> dimensions;
  for (std::size_t d = 1; d <= 200; ++d) dimensions.push_back(d);
  for (const std::size_t d : {256, 384, 512, 513, 768, 1024, 1536, 4096, 65'536}) dimensions.push_back(d);
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) {
      std::cout << "sketch kernels not run, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    for (const auto dimension : dimensions) {
      // The bytes of codes serve as sketches: all are possible. Those behind the components count no more than there.
      const std::size_t half = (dimension + 1) / 2;
      const Sample sample(half, random);
      std::vector<std::int8_t> low(sample.stride);
      std::vector<std::int8_t> high(sample.stride);
      const bool is_extreme = random() % 2 == 0;
      for (std::size_t at = 0; at < half; ++at) {
        low[at] = static_cast<std::int8_t>(is_extreme ? 127 : static_cast<int>(random() % 255) - 127);
        if (half + at < dimension) high[at] = static_cast<std::int8_t>(is_extreme ? 127 : static_cast<int>(random() % 255) - 127);
      }
      if (is_extreme) std::memset(sample.bytes(), 0xff, half);
      const SketchQuery query{low.data(), high.data(), half, static_cast<float>(random() % 4'000) / 1'000};
      const SketchRows rows{reinterpret_cast<const std::uint8_t*>(sample.bytes()), sample.stride};
      for (const std::size_t count : {std::size_t{1}, std::size_t{4}, std::size_t{11}}) {
        std::int32_t keys[12];
        keys[count] = kUntouched;
        code_kernels_for(set).sketch_dot(query, rows, sample.ids, count, keys);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(keys[i], sketch_oracle(query, rows.row(sample.ids[i]), rows.stride)) << "dimension " << dimension;
        ASSERT_EQ(keys[count], kUntouched);
      }
    }
  }
}

}  // namespace
}  // namespace millrace
