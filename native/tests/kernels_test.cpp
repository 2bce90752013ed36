#include "millrace/kernels.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "frames.h"
#include "millrace/code_kernels.h"
#include "millrace/quantization_kernels.h"

namespace millrace {
namespace {

struct Sums {
  double value;
  double absolute;
};

Sums oracle(int metric, const float* a, const float* b, std::size_t dimension) {
  Sums sums{0, 0};
  for (std::size_t i = 0; i < dimension; ++i) {
    const double x = a[i];
    const double y = b[i];
    const double term = metric == 0 ? x * y : metric == 1 ? (x - y) * (x - y) : std::fabs(x - y);
    sums.value += term;
    sums.absolute += std::fabs(term);
  }
  return sums;
}

void check(const MetricKernel& kernel, int metric, std::size_t dimension, std::mt19937_64& random) {
  std::normal_distribution<float> normal;
  std::vector<float> storage(dimension * 5 + 16);
  for (auto& value : storage) value = normal(random);
  const float* query = storage.data() + random() % 5;
  const float* rows[4];
  for (std::size_t r = 0; r < 4; ++r) rows[r] = storage.data() + 5 + r + dimension * (r + 1);
  float four[4];
  kernel.four(query, rows, dimension, four);
  for (std::size_t r = 0; r < 4; ++r) {
    const float one = kernel.one(query, rows[r], dimension);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(one), std::bit_cast<std::uint32_t>(four[r])) << "dimension " << dimension;
    // Each term is rounded at most three times (difference, its square counts it twice, product) and each of at most
    // `dimension` additions once, by half an epsilon of the absolute sum each; doubled for the higher orders.
    const auto expected = oracle(metric, query, rows[r], dimension);
    const double tolerance = (static_cast<double>(dimension) + 4) * 0x1p-23 * expected.absolute;
    EXPECT_NEAR(one, expected.value, tolerance) << "dimension " << dimension;
  }
}

TEST(Kernels, EveryInstructionSetAgreesWithTheDoubleOracleAndBothFormsWithEachOther) {
  std::mt19937_64 random(testing::seed_of("kernels"));
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) {
      std::cout << "kernels not run, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    const auto& table = kernels_for(set);
    std::vector<std::size_t> dimensions;
    for (std::size_t d = 1; d <= 200; ++d) dimensions.push_back(d);
    for (const std::size_t d : {256, 384, 768, 1024, 1536, 4096}) dimensions.push_back(d);
    for (const auto dimension : dimensions) {
      check(table.dot, 0, dimension, random);
      check(table.l2_squared, 1, dimension, random);
      check(table.l1, 2, dimension, random);
    }
  }
}

TEST(Kernels, AProcessorRunsTheSetsOfItsOwnFamilyAndA64BitArmOneAlwaysNeon) {
  EXPECT_TRUE(cpu_runs(InstructionSet::scalar));
  EXPECT_TRUE(cpu_runs(instruction_set()));
#if defined(__aarch64__)
  EXPECT_EQ(instruction_set(), InstructionSet::neon);
  EXPECT_NE(&kernels(), &kernels_for(InstructionSet::scalar));
  EXPECT_NE(&code_kernels(), &code_kernels_for(InstructionSet::scalar));
  EXPECT_NE(&quantization_kernels(), &quantization_kernels_for(InstructionSet::scalar));
  EXPECT_FALSE(cpu_runs(InstructionSet::avx2));
  EXPECT_FALSE(cpu_runs(InstructionSet::avx512));
#else
  EXPECT_FALSE(cpu_runs(InstructionSet::neon));
  EXPECT_FALSE(force_instruction_set(InstructionSet::neon));
#endif
}

TEST(Kernels, AForcedInstructionSetIsUsedUntilItIsReleased) {
  const auto widest = instruction_set();
  ASSERT_TRUE(force_instruction_set(InstructionSet::scalar));
  EXPECT_EQ(&kernels(), &kernels_for(InstructionSet::scalar));
  ASSERT_TRUE(force_instruction_set(std::nullopt));
  EXPECT_EQ(instruction_set(), widest);
}

}  // namespace
}  // namespace millrace
