#include "millrace/elements.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "frames.h"
#include "millrace/half.h"
#include "millrace/kernels.h"
#include "vectors/vector_scorer.h"

namespace millrace {
namespace {

using testing::seed_of;

/// A half by its definition, in double.
double value_of(Half half) {
  const int exponent = (half >> 10U) & 31;
  const double fraction = half & 1023;
  const double size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000U) != 0 ? -size : size;
}

TEST(Elements, EveryHalfIsWidenedByItsDefinitionAndComesBackAsItself) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<Half>(bits);
    if ((half & 0x7c00U) == 0x7c00U) continue;
    ASSERT_EQ(widened(half), value_of(half)) << bits;
    ASSERT_EQ(narrowed(widened(half)), half) << bits;
  }
  EXPECT_TRUE(std::isinf(widened(0x7c00)));
  EXPECT_TRUE(std::isnan(widened(0x7e00)));
}

TEST(Elements, AFloatIsRoundedToTheNearestHalfAndOfTwoToTheEvenOne) {
  std::mt19937_64 random(seed_of("halves"));
  for (int i = 0; i < 2'000'000; ++i) {
    auto bits = static_cast<std::uint32_t>(random());
    // Mostly sizes that halves have, and now and then what lies exactly between two.
    if (i % 2 == 0) bits = (bits & 0x807fffffU) | ((100 + static_cast<std::uint32_t>(random() % 45)) << 23U);
    if (i % 5 == 0) bits = (bits & ~0x1fffU) | 0x1000U;
    const auto value = std::bit_cast<float>(bits);
    if (!std::isfinite(value)) continue;
    const auto half = narrowed(value);
    ASSERT_NE(half & 0x7c00U, 0x7c00U) << value;
    ASSERT_EQ(std::signbit(widened(half)), std::signbit(value));
    const double error = std::fabs(value_of(half) - double{value});
    if (std::fabs(value) >= kHalfMax) {
      ASSERT_EQ(std::fabs(widened(half)), kHalfMax);
      continue;
    }
    const auto up = static_cast<Half>(half + 1);
    const double above = (up & 0x7c00U) == 0x7c00U ? 1e9 : std::fabs(value_of(up) - double{value});
    const double below = (half & 0x7fffU) == 0 ? 1e9 : std::fabs(value_of(static_cast<Half>(half - 1)) - double{value});
    ASSERT_LE(error, std::min(above, below)) << value;
    if (error == above || error == below) {
      ASSERT_EQ(half & 1U, 0U) << value;
    }
  }
}

TEST(Elements, AByteIsRoundedTowardZeroAndEndsAtItsLimits) {
  EXPECT_EQ(byte_of(300.7F), 255);
  EXPECT_EQ(byte_of(256.19F), 255);
  EXPECT_EQ(byte_of(254.99F), 254);
  EXPECT_EQ(byte_of(1.81F), 1);
  EXPECT_EQ(byte_of(0.99F), 0);
  EXPECT_EQ(byte_of(-3.2F), 0);
  EXPECT_EQ(byte_of(-0.0F), 0);
  EXPECT_EQ(byte_of(std::numeric_limits<float>::quiet_NaN()), 0);
  EXPECT_EQ(byte_of(std::numeric_limits<float>::infinity()), 255);
}

struct Sums {
  double value = 0;
  double absolute = 0;
};

Sums oracle(Distance distance, std::span<const float> query, std::span<const float> row) {
  Sums sums;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const double x = query[i];
    const double y = row[i];
    const double term = distance == Distance::euclid ? (x - y) * (x - y) : distance == Distance::manhattan ? std::fabs(x - y) : x * y;
    sums.value += term;
    sums.absolute += std::fabs(term);
  }
  return sums;
}

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t d = 1; d <= 200; ++d) all.push_back(d);
  for (const std::size_t d : {256, 384, 768, 1024, 1536, 4096, 65'536}) all.push_back(d);
  return all;
}

/// Four vectors of one slot as they are stored, at any address that their elements allow.
struct Stored {
  Stored(ElementType element, std::size_t dimension, std::mt19937_64& random)
      : row_bytes(dimension * element_bytes(element)), bytes(5 * row_bytes + 64) {
    std::normal_distribution<float> normal(element == ElementType::u8 ? 100.0F : 0.0F, element == ElementType::u8 ? 90.0F : 1.0F);
    std::vector<float> values(dimension);
    for (std::size_t r = 0; r < 4; ++r) {
      for (auto& value : values) value = normal(random);
      rows[r] = bytes.data() + r * row_bytes + (r + 1) * element_bytes(element);
      store_elements(element, values, bytes.data() + (rows[r] - bytes.data()));
      read.emplace_back(dimension);
      read_elements(element, rows[r], read.back());
    }
    for (auto& value : values) value = normal(random);
    query = values;
  }
  std::size_t row_bytes;
  std::vector<std::byte> bytes;
  const std::byte* rows[4];
  std::vector<std::vector<float>> read;
  std::vector<float> query;
};

void check(const VectorSlot& slot, std::mt19937_64& random) {
  SCOPED_TRACE("dimension " + std::to_string(slot.dimension) + ", distance " + std::to_string(static_cast<int>(slot.distance)));
  const Stored stored(slot.element, slot.dimension, random);
  const VectorScorer scorer(slot, stored.query);
  std::vector<float> query(slot.dimension);
  std::vector<std::byte> as_stored(stored.row_bytes);
  store_elements(slot.element, stored.query, as_stored.data());
  read_elements(slot.element, as_stored.data(), query);
  float four[4];
  scorer.four(stored.rows, four);
  for (std::size_t r = 0; r < 4; ++r) {
    const float one = scorer.one(stored.rows[r]);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(one), std::bit_cast<std::uint32_t>(four[r]));
    const auto& row = stored.read[r];
    const auto sums = oracle(slot.distance, query, row);
    if (slot.element != ElementType::u8) {
      // As for kernels of floats: rows become floats without an error.
      EXPECT_NEAR(one, sums.value, (static_cast<double>(slot.dimension) + 4) * 0x1p-23 * sums.absolute);
    } else if (slot.distance == Distance::cosine) {
      const double squares = oracle(Distance::dot, query, query).value * oracle(Distance::dot, row, row).value;
      const double cosine = squares == 0 ? 0 : sums.value / std::sqrt(squares);
      EXPECT_NEAR(one, cosine, 0x1p-23);
    } else {
      // Sums of whole numbers are exact; what is left is one rounding to a float.
      EXPECT_EQ(one, static_cast<float>(sums.value));
    }
  }
}

TEST(Elements, ScoresOfEveryElementTypeAndInstructionSetAgreeWithTheDoubleOracle) {
  std::mt19937_64 random(seed_of("elements"));
  for (const auto set : kInstructionSets) {
    if (!force_instruction_set(set)) {
      std::cout << "elements not scored, this processor has no " << name_of(set) << '\n';
      continue;
    }
    SCOPED_TRACE(name_of(set));
    for (const auto element : {ElementType::f32, ElementType::f16, ElementType::u8})
      for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan})
        for (const auto dimension : dimensions())
          check({0, "", static_cast<std::uint32_t>(dimension), distance, false, element}, random);
  }
  force_instruction_set(std::nullopt);
}

TEST(Elements, BytesAtTheirLargestDoNotOverflowASum) {
  const std::vector<std::uint8_t> high(65'536, 255);
  const std::vector<std::uint8_t> low(65'536, 0);
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) continue;
    const auto& table = kernels_for(set);
    EXPECT_EQ(table.byte_dot(high.data(), high.data(), high.size()), 65'025U * 65'536U);
    EXPECT_EQ(table.byte_l2_squared(high.data(), low.data(), high.size()), 65'025U * 65'536U);
    EXPECT_EQ(table.byte_l1(low.data(), high.data(), high.size()), 255U * 65'536U);
  }
}

TEST(Elements, HalvesAreWidenedAlikeByEveryInstructionSet) {
  std::mt19937_64 random(seed_of("widen"));
  std::vector<Half> halves(300);
  for (auto& half : halves) {
    do half = static_cast<Half>(random());
    while ((half & 0x7c00U) == 0x7c00U);
  }
  for (const auto set : kInstructionSets) {
    if (!cpu_runs(set)) continue;
    for (std::size_t count = 0; count < 70; ++count) {
      std::vector<float> wide(count + 1, 7);
      kernels_for(set).widen(halves.data() + count, count, wide.data());
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(std::bit_cast<std::uint32_t>(wide[i]), std::bit_cast<std::uint32_t>(widened(halves[count + i])));
      EXPECT_EQ(wide[count], 7);
    }
  }
}

TEST(Elements, ANumberThatIsNoneOrInfiniteIsNotFinite) {
  const float floats[] = {1, std::numeric_limits<float>::infinity()};
  EXPECT_FALSE(all_finite(ElementType::f32, std::as_bytes(std::span(floats))));
  EXPECT_TRUE(all_finite(ElementType::f32, std::as_bytes(std::span(floats).first(1))));
  const Half halves[] = {0x7bff, 0xfc00};
  EXPECT_FALSE(all_finite(ElementType::f16, std::as_bytes(std::span(halves))));
  EXPECT_TRUE(all_finite(ElementType::f16, std::as_bytes(std::span(halves).first(1))));
}

}  // namespace
}  // namespace millrace
