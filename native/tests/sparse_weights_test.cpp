#include <gtest/gtest.h>

#include <cmath>

#include "frames.h"
#include "sparse/sparse_vectors.h"

namespace millrace {
namespace {

class SomeLive final : public PositionTest {
 public:
  explicit SomeLive(std::vector<char> live) : live_(std::move(live)) {}
  [[nodiscard]] bool is_live(std::uint32_t position) const noexcept override { return live_[position] != 0; }

 private:
  std::vector<char> live_;
};

class SparseWeightsTest : public ::testing::TestWithParam<ElementType> {};

INSTANTIATE_TEST_SUITE_P(Weights, SparseWeightsTest, ::testing::Values(ElementType::f32, ElementType::f16, ElementType::u8));

std::vector<float> decoded(const WeightCodes& codes, std::size_t count) {
  std::vector<float> weights;
  codes.visit([&](auto code) {
    for (std::size_t i = 0; i < count; ++i) weights.push_back(code(i) * codes.scale.step);
  });
  return weights;
}

TEST_P(SparseWeightsTest, NoWeightIsFartherFromTheGivenOneThanItsListSays) {
  std::mt19937_64 random(testing::seed_of("sparse weights"));
  SparseWeights weights(GetParam());
  std::vector<std::vector<float>> lists;
  std::size_t begin = 0;
  for (std::uint32_t list = 0; list < 500; ++list) {
    const auto magnitude = std::ldexp(1.0F, static_cast<int>(random() % 200) - 100);
    const bool has_negatives = random() % 2 == 0;
    std::vector<float> given(1 + random() % 40);
    for (float& weight : given) {
      weight = magnitude * static_cast<float>(random() % 10'000) / 1000;
      if (random() % 8 == 0) weight *= 1e-4F;
      if (has_negatives && random() % 2 == 0) weight = -weight;
    }
    lists.push_back(given);
    weights.add(given, 0);
    // What the codes stand for is told to the one who adds them.
    EXPECT_EQ(decoded(weights.codes(list, begin), given.size()), given);
    begin += given.size();
  }
  begin = 0;
  for (std::uint32_t list = 0; list < lists.size(); ++list) {
    const auto& given = lists[list];
    const auto codes = weights.codes(list, begin);
    const auto kept = decoded(codes, given.size());
    float most = 0;
    for (const float weight : given) most = std::max(most, std::fabs(weight));
    // Half a step of at least 127, or 1,024, and a little for the rounding of the step itself.
    const float steps = GetParam() == ElementType::f16 ? 1024 : 127;
    EXPECT_LE(codes.scale.error, GetParam() == ElementType::f32 ? 0 : most / steps / 2 * 1.001F);
    for (std::size_t i = 0; i < given.size(); ++i) EXPECT_LE(std::fabs(kept[i] - given[i]), codes.scale.error) << list;
    begin += given.size();
  }
}

/// Segments are merged from what is left of weights, again and again, and vectors go meanwhile.
TEST_P(SparseWeightsTest, WhatIsLostByMergingIsTold) {
  std::mt19937_64 random(testing::seed_of("sparse merging"));
  constexpr std::uint32_t kVectors = 256 * 16;
  SparseVectors vectors;
  std::vector<char> live(kVectors, 1);
  for (std::uint32_t position = 0; position < kVectors; ++position) {
    const std::vector<std::uint32_t> indices{1, 2 + static_cast<std::uint32_t>(random() % 20), 30};
    // Each quarter has weights of another size, so that merging changes the steps.
    const auto size = static_cast<float>(1U << (position / (kVectors / 4) * 3));
    std::vector<float> values;
    for (int i = 0; i < 3; ++i) values.push_back(size * (static_cast<float>(random() % 2000) - (i == 2 ? 1000.0F : 0.0F)) / 1000);
    const std::vector<std::uint32_t> ends{0, 3};
    VectorBlock block;
    block.present = 1;
    block.ends = ends;
    block.indices = indices;
    block.values = values;
    vectors.reserve(position, block);
    vectors.put(position, block.sparse(0));
  }
  std::vector<std::shared_ptr<const SparseSegment>> segments;
  for (std::uint32_t first = 0; first < kVectors; first += 256)
    segments.push_back(SparseSegment::of_vectors(vectors, first, 256, GetParam(), SomeLive(live)));
  while (segments.size() > 1) {
    for (std::size_t i = 0; i < kVectors / 20; ++i) live[random() % kVectors] = 0;
    std::vector<std::shared_ptr<const SparseSegment>> merged;
    for (std::size_t i = 0; i < segments.size(); i += 4)
      merged.push_back(SparseSegment::merged(std::span(segments).subspan(i, 4), SomeLive(live)));
    segments = std::move(merged);
    for (const auto& segment : segments)
      for (std::uint32_t index = 1; index <= 30; ++index) {
        const auto list = segment->list_of(index);
        const auto weights = decoded(list.weights, list.documents.size());
        for (std::size_t i = 0; i < weights.size(); ++i) {
          const auto given = vectors.at(segment->positions()[list.documents[i]]);
          const auto at = std::ranges::find(given.indices, index) - given.indices.begin();
          ASSERT_LE(std::fabs(weights[i] - given.values[static_cast<std::size_t>(at)]), list.weights.scale.error);
        }
        // However often they were merged: the error of one list, and half the distance of two codes more.
        const float steps = GetParam() == ElementType::f16 ? 16 : 1.5F;
        ASSERT_LE(list.weights.scale.error, GetParam() == ElementType::f32 ? 0 : list.weights.scale.step * steps * 1.001F);
      }
  }
}

}  // namespace
}  // namespace millrace
