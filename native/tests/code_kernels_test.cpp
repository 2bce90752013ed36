#include "millrace/code_kernels.h"

#include <gtest/gtest.h>

#include <cstring>

#include "frames.h"

namespace millrace {
namespace {

/// Rows with noise in the bytes between the codes and the term, which no kernel may count.
struct Sample {
  Sample(std::size_t components, std::mt19937_64& random)
      : stride((components + 4 + 63) / 64 * 64), bytes(stride * kRows), query(stride), dimension(components) {
    for (auto& byte : bytes) byte = static_cast<std::int8_t>(random() % 255 - 127);
    for (std::size_t d = 0; d < dimension; ++d) query[d] = static_cast<std::int16_t>(random() % 8001 - 4000);
    for (auto& id : ids) id = static_cast<std::uint32_t>(random() % kRows);
    for (std::uint32_t row = 0; row < kRows; ++row) {
      const auto term = static_cast<std::int32_t>(random() % 2'000'000) - 1'000'000;
      std::memcpy(bytes.data() + (row + 1) * stride - 4, &term, 4);
    }
  }
  static constexpr std::size_t kRows = 9;
  std::size_t stride;
  std::vector<std::int8_t> bytes;
  std::vector<std::int16_t> query;
  std::size_t dimension;
  std::uint32_t ids[11] = {};
};

std::int32_t oracle(const Sample& sample, std::uint32_t id, bool is_l1, int shift) {
  std::int64_t sum = 0;
  const auto* const row = sample.bytes.data() + id * sample.stride;
  for (std::size_t d = 0; d < sample.dimension; ++d)
    sum += is_l1 ? std::abs(std::int64_t{sample.query[d]} - row[d]) : std::int64_t{sample.query[d]} * row[d];
  std::int32_t term = 0;
  std::memcpy(&term, row + sample.stride - 4, 4);
  return static_cast<std::int32_t>(is_l1 ? sum : (term >> shift) - sum);
}

TEST(CodeKernels, EveryInstructionSetGivesTheKeysOfTheOracleForEveryDimension) {
  std::mt19937_64 random(testing::seed_of("code kernels"));
  std::vector<std::size_t> dimensions;
  for (std::size_t d = 1; d <= 200; ++d) dimensions.push_back(d);
  for (const std::size_t d : {256, 384, 768, 1024, 1536, 4096}) dimensions.push_back(d);
  for (const auto set : {InstructionSet::scalar, InstructionSet::avx2, InstructionSet::avx512}) {
    if (!cpu_runs(set)) {
      std::cout << "code kernels not run, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    const auto& kernels = code_kernels_for(set);
    for (const auto dimension : dimensions) {
      const Sample sample(dimension, random);
      const int shift = static_cast<int>(random() % 4);
      const CodeRows rows{sample.bytes.data(), sample.stride};
      const CodeQuery query{sample.query.data(), dimension, shift};
      for (const std::size_t count : {std::size_t{1}, std::size_t{4}, std::size_t{11}}) {
        std::int32_t keys[11];
        kernels.dot(query, rows, sample.ids, count, keys);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(keys[i], oracle(sample, sample.ids[i], false, shift)) << "dimension " << dimension;
        kernels.l1(query, rows, sample.ids, count, keys);
        for (std::size_t i = 0; i < count; ++i)
          ASSERT_EQ(keys[i], oracle(sample, sample.ids[i], true, shift)) << "dimension " << dimension;
      }
    }
  }
}

}  // namespace
}  // namespace millrace
