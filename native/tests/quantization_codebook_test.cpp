#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "frames.h"
#include "quantization/codebook.h"

namespace millrace {
namespace {

struct Kind {
  const char* name;
  QuantizationSettings settings;
  std::size_t bytes_for_100;  ///< of a vector of a hundred components
  double error_max;           ///< of decoded vectors of a normal distribution, as a share of their variance
};

constexpr QuantizationSettings packed(QuantizationKind kind, std::uint32_t half_bits, std::uint32_t query_bits = 8) {
  return {kind, 1, half_bits, query_bits, 4};
}
constexpr QuantizationSettings product(std::uint32_t chunk) { return {QuantizationKind::product, 1, 8, 8, chunk}; }

// Codes of bits fill up blocks of 32 components and have eight bytes more. Rate and distortion of a normal distribution: a
// quantizer of b bits leaves at least 4^-b; those of uniform levels leave 0.363, 0.119 and 0.0115 (Max 1960). The scale of a packed
// row is larger than the best one, so that inner products are unbiased: that adds about as much again with one bit.
const Kind kKinds[] = {
    {"scalar", {QuantizationKind::scalar, 1, 8, 8, 4}, 112 + 4, 0.001},
    {"scalar, quantile", {QuantizationKind::scalar, 0.9F, 8, 8, 4}, 112 + 4, 0.02},
    {"binary, one bit", packed(QuantizationKind::binary, 2), 16 + 8, 0.65},
    {"binary, one and a half", packed(QuantizationKind::binary, 3), 24 + 8, 0.4},
    {"binary, two bits", packed(QuantizationKind::binary, 4), 32 + 8, 0.18},
    {"turbo, one bit", packed(QuantizationKind::turbo, 2), 16 + 8, 0.65},
    {"turbo, four bits", packed(QuantizationKind::turbo, 8), 64 + 8, 0.02},
    {"product x4", product(1), 100, 0.01},
    {"product x8", product(2), 50, 0.06},
    {"product x16", product(4), 25, 0.4},
    {"product x64", product(16), 7, 1.0},
};

struct Data {
  Data(std::size_t count, std::size_t size, std::mt19937_64& random, float mean = 0.5F) : dimension(size) {
    std::normal_distribution<float> normal(mean, 1);
    vectors.resize(count * size);
    for (auto& value : vectors) value = normal(random);
    for (std::size_t i = 0; i < count; ++i) sample.push_back(vectors.data() + i * size);
  }
  std::size_t dimension;
  std::vector<float> vectors;
  std::vector<const float*> sample;
};

std::shared_ptr<const Codebook> train(const QuantizationSettings& settings, Distance distance, const Data& data) {
  const auto training = begin_training(settings, distance, data.dimension, data.sample);
  for (;;)
    if (auto trained = training->step()) return trained;
}

std::vector<std::byte> encoded(const Codebook& book, const float* vector) {
  std::vector<std::byte> row(book.row_bytes());
  book.encode(vector, row.data());
  return row;
}

float score_of(const Codebook& book, const float* query, const std::vector<std::byte>& row) {
  const std::byte* const at = row.data();
  float value = 0;
  book.scorer(query)->score(&at, 1, &value);
  return value;
}

TEST(Codebook, TakesAsManyBytesAsItsNameSays) {
  std::mt19937_64 random(1);
  const Data data(300, 100, random);
  for (const auto& kind : kKinds)
    EXPECT_EQ(train(kind.settings, Distance::dot, data)->row_bytes(), kind.bytes_for_100) << kind.name;
  // Without blocks to fill up: bits of 768 components and eight bytes.
  const Data large(300, 768, random);
  for (const auto& [half_bits, bytes] : {std::pair{2U, 96U}, {3U, 144U}, {4U, 192U}, {8U, 384U}})
    EXPECT_EQ(train(packed(QuantizationKind::turbo, half_bits), Distance::dot, large)->row_bytes(), bytes + 8);
}

TEST(Codebook, DecodedVectorsAreAsNearAsTheirBitsAllow) {
  std::mt19937_64 random(testing::seed_of("decoded vectors"));
  const Data data(2'000, 100, random);
  for (const auto distance : {Distance::dot, Distance::euclid, Distance::manhattan})
    for (const auto& kind : kKinds) {
      const auto book = train(kind.settings, distance, data);
      double error = 0;
      std::vector<float> decoded(data.dimension);
      for (std::size_t i = 0; i < 200; ++i) {
        book->decode(encoded(*book, data.sample[i]).data(), decoded.data());
        for (std::size_t d = 0; d < data.dimension; ++d) error += std::pow(double{decoded[d]} - double{data.sample[i][d]}, 2);
      }
      EXPECT_LE(error / (200.0 * 100), kind.error_max) << kind.name << ", distance " << static_cast<int>(distance);
    }
}

/// What a metric says of two vectors.
double metric(Distance distance, const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t d = 0; d < dimension; ++d) {
    const double apart = double{a[d]} - double{b[d]};
    sum += distance == Distance::euclid      ? apart * apart
           : distance == Distance::manhattan ? std::fabs(apart)
                                             : double{a[d]} * double{b[d]};
  }
  return sum;
}

bool is_packed(QuantizationKind kind) { return kind == QuantizationKind::binary || kind == QuantizationKind::turbo; }

/// The score of a packed row by its definition: what is known of the vector exactly, and the inner product of what the codes
/// stand for with the query, both less the mean.
double packed_score(Distance distance, const Data& data, const float* query, const float* vector,
                    const std::vector<float>& decoded) {
  double product = 0;
  double with_mean = 0;
  double squares = 0;
  for (std::size_t d = 0; d < data.dimension; ++d) {
    double mean = 0;
    for (const auto* const one : data.sample) mean += double{one[d]};
    mean /= static_cast<double>(data.sample.size());
    product += (double{query[d]} - mean) * (double{decoded[d]} - mean);
    with_mean += mean * double{query[d]} + mean * (double{vector[d]} - mean);
    squares += std::pow(double{query[d]} - mean, 2) + std::pow(double{vector[d]} - mean, 2);
  }
  return distance == Distance::euclid ? squares - 2 * product : with_mean + product;
}

TEST(Codebook, ScoresAreThoseOfTheDecodedVectorsButForTheRoundingOfTheQuery) {
  std::mt19937_64 random(testing::seed_of("scores of codes"));
  for (const std::size_t dimension : {1U, 2U, 7U, 31U, 33U, 64U, 100U, 129U, 300U}) {
    const Data data(400, dimension, random);
    for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan})
      for (const auto& kind : kKinds) {
        SCOPED_TRACE(std::string(kind.name) + ", dimension " + std::to_string(dimension) + ", distance " +
                     std::to_string(static_cast<int>(distance)));
        const auto book = train(kind.settings, distance, data);
        std::vector<float> decoded(dimension);
        for (std::size_t i = 0; i < 12; ++i) {
          const float* const vector = data.sample[i];
          const float* const query = data.sample[100 + i];
          const auto row = encoded(*book, vector);
          book->decode(row.data(), decoded.data());
          const bool is_defined = is_packed(kind.settings.kind) && distance != Distance::manhattan;
          const double expected = is_defined ? packed_score(distance, data, query, vector, decoded)
                                             : metric(distance, query, decoded.data(), dimension);
          // A value of a packed query is off by half a step, largest / 127 / 2, and errors of chance grow with the root of the
          // dimension; four of them are hardly ever met, and what is meant to be found is much larger. Others round finely.
          const double coarse = is_defined ? 4 * 4.0 / 127 / 2 * 3 * std::sqrt(static_cast<double>(dimension)) : 0;
          const double largest = std::fabs(expected) + 10 * static_cast<double>(dimension);
          // Distances are never negative.
          const double bounded = distance == Distance::euclid ? std::max(0.0, expected) : expected;
          ASSERT_NEAR(score_of(*book, query, row), bounded, coarse * 2 + largest * 5e-5);
        }
      }
  }
}

TEST(Codebook, QueriesOfFewerBitsAreCoarser) {
  std::mt19937_64 random(testing::seed_of("query bits"));
  const Data data(1'000, 256, random, 0);
  // The codes are the same: scores differ by how the query is rounded, and by 8 bits it nearly is not.
  const auto of_bits = [&](std::uint32_t bits) { return train(packed(QuantizationKind::binary, 4, bits), Distance::dot, data); };
  const auto finest = of_bits(8);
  double errors[2] = {};
  const std::uint32_t bits[] = {1, 4};
  for (std::size_t b = 0; b < 2; ++b) {
    const auto book = of_bits(bits[b]);
    for (std::size_t i = 0; i < 200; ++i) {
      const float* const query = data.sample[500 + i];
      const auto row = encoded(*book, data.sample[i]);
      errors[b] += std::pow(double{score_of(*book, query, row)} - score_of(*finest, query, row), 2);
    }
  }
  EXPECT_GT(errors[0], 10 * errors[1]);
  EXPECT_GT(errors[1], 0);
}

TEST(Codebook, EqualSamplesMakeEqualCodebooks) {
  std::mt19937_64 random(testing::seed_of("equal codebooks"));
  const Data data(2'000, 96, random);
  for (const auto& kind : kKinds) {
    const auto first = train(kind.settings, Distance::euclid, data);
    const auto second = train(kind.settings, Distance::euclid, data);
    for (std::size_t i = 0; i < 50; ++i)
      ASSERT_EQ(encoded(*first, data.sample[i]), encoded(*second, data.sample[i])) << kind.name;
  }
}

TEST(Codebook, VectorsThatAreAllAlikeAreKeptAsTheyAre) {
  const std::vector<float> same(40, 0.25F);
  Data data(0, 40, *std::make_unique<std::mt19937_64>());
  data.sample.assign(50, same.data());
  for (const auto distance : {Distance::dot, Distance::euclid, Distance::manhattan})
    for (const auto& kind : kKinds) {
      const auto book = train(kind.settings, distance, data);
      EXPECT_NEAR(score_of(*book, same.data(), encoded(*book, same.data())), metric(distance, same.data(), same.data(), 40), 1e-3)
          << kind.name;
    }
}

TEST(Codebook, InfinitiesAndHugeComponentsLeadToNoUndefinedCode) {
  std::vector<float> strange(40, 1e38F);
  strange[0] = std::numeric_limits<float>::infinity();
  strange[1] = -std::numeric_limits<float>::infinity();
  strange[2] = std::numeric_limits<float>::quiet_NaN();
  strange[3] = 1e-40F;
  const std::vector<float> plain(40, 1);
  Data data(0, 40, *std::make_unique<std::mt19937_64>());
  data.sample = {strange.data(), plain.data()};
  for (const auto distance : {Distance::dot, Distance::euclid, Distance::manhattan})
    for (const auto& kind : kKinds) {
      const auto book = train(kind.settings, distance, data);
      // Whatever comes out: the sanitizers look at how.
      static_cast<void>(score_of(*book, strange.data(), encoded(*book, plain.data())));
      static_cast<void>(score_of(*book, plain.data(), encoded(*book, strange.data())));
    }
}

}  // namespace
}  // namespace millrace
