#include "millrace/quantization_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frames.h"

namespace millrace {
namespace {

constexpr std::size_t kRows = 5;

/// Rows of bytes, with noise after their end.
struct Rows {
  Rows(std::size_t bytes, std::mt19937_64& random, bool is_extreme) : all(kRows * (bytes + 3)) {
    for (auto& byte : all) byte = static_cast<std::byte>(is_extreme ? 0xffU : random() & 0xffU);
    for (std::size_t i = 0; i < kRows; ++i) at[i] = all.data() + i * (bytes + 3);
  }
  std::vector<std::byte> all;
  const std::byte* at[kRows];
};

/// Calls `test(kernels)` for every instruction set of this processor.
template <typename Test>
void with_every_set(Test test) {
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) {
      std::cout << "quantization kernels not run, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    test(quantization_kernels_for(set));
  }
}

std::vector<std::size_t> multiples(std::size_t of, std::size_t dimension_max) {
  std::vector<std::size_t> sizes;
  for (std::size_t size = of; size <= dimension_max; size += of) sizes.push_back(size);
  for (const std::size_t size : {768, 1024, 1536, 4096}) sizes.push_back(size);
  return sizes;
}

TEST(QuantizationKernels, SumsOfBytesAreThoseOfTheOracleForEveryDimension) {
  std::mt19937_64 random(testing::seed_of("byte kernels"));
  with_every_set([&](const QuantizationKernels& kernels) {
    for (const auto size : multiples(16, 208)) {
      const bool is_extreme = random() % 4 == 0;
      Rows rows(size, random, false);
      for (auto& byte : rows.all)
        byte = static_cast<std::byte>(static_cast<std::int8_t>(is_extreme ? 127 : static_cast<int>(random() % 255) - 127));
      std::vector<std::int16_t> query(size);
      for (auto& value : query)
        value = static_cast<std::int16_t>(is_extreme ? -4'000 : static_cast<int>(random() % 8'001) - 4'000);
      std::int32_t sums[kRows];
      for (std::size_t count = 1; count <= kRows; ++count) {
        kernels.byte_dot(query.data(), rows.at, count, size, sums);
        for (std::size_t i = 0; i < count; ++i) {
          double sum = 0;
          for (std::size_t d = 0; d < size; ++d) sum += double{static_cast<float>(query[d])} * static_cast<std::int8_t>(rows.at[i][d]);
          ASSERT_EQ(sums[i], sum) << size;
        }
        kernels.byte_l1(query.data(), rows.at, count, size, sums);
        for (std::size_t i = 0; i < count; ++i) {
          double sum = 0;
          for (std::size_t d = 0; d < size; ++d) sum += std::fabs(query[d] - 64.0 * static_cast<std::int8_t>(rows.at[i][d]));
          ASSERT_EQ(sums[i], sum) << size;
        }
      }
    }
  });
}

TEST(QuantizationKernels, SumsOfPackedCodesAreThoseOfTheOracleForEveryDimension) {
  std::mt19937_64 random(testing::seed_of("packed kernels"));
  with_every_set([&](const QuantizationKernels& kernels) {
    const QuantizationKernels::Packed of_bits[] = {nullptr, kernels.one_bit, kernels.two_bits, nullptr, kernels.four_bits};
    for (const std::size_t bits : {1U, 2U, 4U})
      for (const auto size : multiples(32, 224)) {
        const auto block_bytes = 4 * bits;
        const auto offset = random() % 9;
        const bool is_extreme = random() % 4 == 0;
        const Rows rows(offset + size / 32 * block_bytes, random, is_extreme);
        std::vector<std::int8_t> query(size);
        for (auto& value : query) value = static_cast<std::int8_t>(is_extreme ? -127 : static_cast<int>(random() % 255) - 127);
        std::int32_t sums[kRows] = {1, 2, 3, 4, 5};
        of_bits[bits](query.data(), rows.at, kRows, offset, size / 32, sums);
        for (std::size_t i = 0; i < kRows; ++i) {
          double sum = static_cast<double>(i + 1);
          for (std::size_t d = 0; d < size; ++d) {
            const auto in_block = d % 32;
            const auto byte = std::to_integer<unsigned>(rows.at[i][offset + d / 32 * block_bytes + in_block % block_bytes]);
            sum += query[d] * static_cast<double>((byte >> (bits * (in_block / block_bytes))) & ((1U << bits) - 1));
          }
          ASSERT_EQ(sums[i], sum) << bits << " bits, " << size;
        }
      }
  });
}

TEST(QuantizationKernels, TheNearestCentroidIsThatOfTheOracle) {
  std::mt19937_64 random(testing::seed_of("centroids"));
  std::normal_distribution<float> normal;
  with_every_set([&](const QuantizationKernels& kernels) {
    for (std::size_t size = 1; size <= 16; ++size)
      for (int round = 0; round < 20; ++round) {
        std::vector<float> centroids(size * 256);
        // Whole numbers make equal distances.
        for (auto& value : centroids) value = round % 2 == 0 ? normal(random) : static_cast<float>(random() % 3);
        std::vector<float> vector(size);
        for (auto& value : vector) value = round % 2 == 0 ? normal(random) : 1;
        const auto distance = [&](std::size_t c) {
          double sum = 0;
          for (std::size_t d = 0; d < size; ++d) {
            const double apart = double{vector[d]} - double{centroids[d * 256 + c]};
            sum += apart * apart;
          }
          return sum;
        };
        std::size_t nearest = 0;
        for (std::size_t c = 1; c < 256; ++c)
          if (distance(c) < distance(nearest)) nearest = c;
        const auto found = kernels.nearest(vector.data(), centroids.data(), size);
        // Each sum of squares is rounded `size` + 1 times.
        ASSERT_LE(distance(found), distance(nearest) * (1 + static_cast<double>(size + 2) * 1.2e-7)) << size;
        ASSERT_EQ(found, quantization_kernels_for(InstructionSet::scalar).nearest(vector.data(), centroids.data(), size));
        if (round % 2 == 1) {
          ASSERT_EQ(found, nearest);
        }
      }
  });
}

TEST(QuantizationKernels, OfCentroidsThatDifferOnlyByRoundingEveryInstructionSetFindsTheSame) {
  std::mt19937_64 random(testing::seed_of("rounded centroids"));
  std::normal_distribution<float> normal;
  with_every_set([&](const QuantizationKernels& kernels) {
    for (std::size_t size = 2; size <= 16; ++size)
      for (int round = 0; round < 20; ++round) {
        // The same numbers in another order are as far away: which sum is smallest is up to how each step is rounded.
        std::vector<float> apart(size);
        for (auto& value : apart) value = normal(random);
        std::vector<float> centroids(size * 256);
        for (std::size_t c = 0; c < 256; ++c) {
          std::shuffle(apart.begin(), apart.end(), random);
          for (std::size_t d = 0; d < size; ++d) centroids[d * 256 + c] = apart[d];
        }
        const std::vector<float> vector(size);
        ASSERT_EQ(kernels.nearest(vector.data(), centroids.data(), size),
                  quantization_kernels_for(InstructionSet::scalar).nearest(vector.data(), centroids.data(), size))
            << size;
      }
  });
}

TEST(QuantizationKernels, SumsOfTablesAreThoseOfTheOracleForEveryNumberOfChunks) {
  std::mt19937_64 random(testing::seed_of("tables"));
  std::normal_distribution<float> normal;
  with_every_set([&](const QuantizationKernels& kernels) {
    for (std::size_t chunks = 1; chunks <= 200; chunks += chunks < 40 ? 1 : 13) {
      std::vector<float> tables(chunks * 256);
      for (auto& value : tables) value = normal(random);
      const Rows rows(chunks, random, false);
      float sums[kRows];
      float scalar[kRows];
      kernels.table_sums(tables.data(), rows.at, kRows, chunks, sums);
      quantization_kernels_for(InstructionSet::scalar).table_sums(tables.data(), rows.at, kRows, chunks, scalar);
      for (std::size_t i = 0; i < kRows; ++i) {
        double sum = 0;
        double absolute = 0;
        for (std::size_t c = 0; c < chunks; ++c) {
          const double term = double{tables[c * 256 + std::to_integer<std::size_t>(rows.at[i][c])]};
          sum += term;
          absolute += std::fabs(term);
        }
        // Each addition rounds once.
        ASSERT_NEAR(sums[i], sum, absolute * static_cast<double>(chunks + 2) * 6e-8);
        ASSERT_EQ(sums[i], scalar[i]) << chunks;
      }
    }
  });
}

}  // namespace
}  // namespace millrace
