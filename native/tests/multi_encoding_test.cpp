#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "codes/multi_encoding.h"
#include "millrace/normalize.h"
#include "operations.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr std::size_t kDimension = 12;

struct Documents {
  explicit Documents(Distance measured, std::mt19937_64& random) : distance(measured) {
    std::normal_distribution<float> normal;
    std::vector<std::vector<float>> centres(30, std::vector<float>(kDimension));
    for (auto& centre : centres)
      for (auto& value : centre) value = 2 * normal(random);
    for (auto& values : all) {
      const auto first = random() % centres.size();
      const auto second = random() % centres.size();
      for (std::uint64_t i = 0; i < 2 + random() % 10; ++i)
        for (const float value : centres[random() % 2 == 0 ? first : second]) values.push_back(value + normal(random));
      if (distance == Distance::cosine) normalize_rows(values, kDimension);
    }
  }
  [[nodiscard]] std::vector<const float*> vectors() const {
    std::vector<const float*> each;
    for (const auto& values : all)
      for (std::size_t at = 0; at < values.size(); at += kDimension) each.push_back(&values[at]);
    return each;
  }
  /// By the definition; larger is nearer.
  [[nodiscard]] double max_sim(const std::vector<float>& query, const std::vector<float>& values) const {
    double sum = 0;
    for (std::size_t q = 0; q < query.size(); q += kDimension) {
      double best = -std::numeric_limits<double>::infinity();
      for (std::size_t at = 0; at < values.size(); at += kDimension) {
        double near = 0;
        for (std::size_t d = 0; d < kDimension; ++d) {
          const double x = query[q + d];
          const double y = values[at + d];
          near += distance == Distance::euclid ? -(x - y) * (x - y) : distance == Distance::manhattan ? -std::fabs(x - y) : x * y;
        }
        best = std::max(best, near);
      }
      sum += best;
    }
    return sum;
  }

  Distance distance;
  std::vector<std::vector<float>> all = std::vector<std::vector<float>>(600);
};

std::vector<std::size_t> nearest(const std::vector<double>& near, std::size_t count) {
  std::vector<std::size_t> order(near.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](auto a, auto b) { return near[a] > near[b]; });
  order.resize(count);
  return order;
}

TEST(MultiEncoding, TheSumOfWeightsAndComponentsFollowsMaxSim) {
  std::mt19937_64 random(seed_of("multivector encoding"));
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    const Documents documents(distance, random);
    const auto encoding = MultiEncoding::learned(distance, kDimension, documents.vectors());
    const auto size = encoding.size();
    std::vector<std::vector<float>> encoded(documents.all.size(), std::vector<float>(size));
    for (std::size_t i = 0; i < encoded.size(); ++i) encoding.encode(documents.all[i], encoded[i]);
    std::vector<float> scratch(size);
    std::normal_distribution<float> normal(0, distance == Distance::cosine ? 0.05F : 0.3F);
    double correlation = 0;
    double found = 0;
    constexpr int kQueries = 40;
    for (int q = 0; q < kQueries; ++q) {
      auto query = documents.all[random() % documents.all.size()];
      for (auto& value : query) value += normal(random);
      if (distance == Distance::cosine) normalize_rows(query, kDimension);
      std::vector<float> weights(size);
      for (std::size_t at = 0; at < query.size(); at += kDimension)
        encoding.add_query(std::span(query).subspan(at, kDimension), weights, scratch);
      std::vector<double> exact;
      std::vector<double> told;
      for (std::size_t i = 0; i < encoded.size(); ++i) {
        exact.push_back(documents.max_sim(query, documents.all[i]));
        told.push_back(std::inner_product(weights.begin(), weights.end(), encoded[i].begin(), 0.0));
      }
      const auto n = static_cast<double>(exact.size());
      const auto mean = [&](const auto& values) { return std::accumulate(values.begin(), values.end(), 0.0) / n; };
      const auto covariance = [&](const auto& a, const auto& b) {
        return std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / n - mean(a) * mean(b);
      };
      correlation += covariance(exact, told) / std::sqrt(covariance(exact, exact) * covariance(told, told)) / kQueries;
      const auto candidates = nearest(told, 60);
      for (const auto document : nearest(exact, 10)) found += std::ranges::count(candidates, document) > 0 ? 1 : 0;
    }
    // Measured: .96 to .99 of correlation; a query's order of another query's has none.
    EXPECT_GE(correlation, 0.93) << static_cast<int>(distance);
    EXPECT_GE(found / (10 * kQueries), 0.95) << static_cast<int>(distance);
  }
}

TEST(MultiEncoding, ComponentsAreHowNearTheNearestVectorComesToAnAnchor) {
  const std::vector<float> anchors{0, 0, 1, 0, 0, 1, 3, 4};
  const std::vector<float> vectors{1, 1, 3, 0, -1, 2, 0, 5, 2, 2};
  std::vector<float> into(4);
  MultiEncoding(Distance::dot, 2, anchors).encode(vectors, into);
  EXPECT_EQ(into, (std::vector<float>{0, 3, 5, 20}));
  MultiEncoding(Distance::euclid, 2, anchors).encode(vectors, into);
  EXPECT_EQ(into, (std::vector<float>{-2, -1, -1, -5}));
  MultiEncoding(Distance::manhattan, 2, anchors).encode(vectors, into);
  EXPECT_EQ(into, (std::vector<float>{-2, -1, -1, -3}));
}

TEST(MultiEncoding, TheSameVectorsGiveTheSameAnchorsAndAFewSuffice) {
  std::mt19937_64 random(seed_of("multivector anchors"));
  const Documents documents(Distance::euclid, random);
  const auto vectors = documents.vectors();
  for (const std::size_t count : {std::size_t{1}, std::size_t{5}, std::size_t{700}, vectors.size()}) {
    const auto some = std::span(vectors).first(count);
    const auto one = MultiEncoding::learned(Distance::euclid, kDimension, some);
    const auto two = MultiEncoding::learned(Distance::euclid, kDimension, some);
    EXPECT_EQ(one.size(), MultiEncoding::anchors_for(kDimension));
    EXPECT_TRUE(std::ranges::equal(one.anchors(), two.anchors()));
  }
}

TEST(MultiEncoding, VectorsTooLargeForTheirSquaresAreEncodedAsNumbers) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    const std::vector<float> values{kLargest, -kLargest, kLargest, kLargest, 0, 0, 1e-30F, -1};
    const std::vector<const float*> sample{&values[0], &values[2], &values[4], &values[6]};
    const auto encoding = MultiEncoding::learned(distance, 2, sample);
    std::vector<float> into(encoding.size());
    std::vector<float> weights(encoding.size());
    std::vector<float> scratch(encoding.size());
    encoding.encode(values, into);
    encoding.add_query(std::span(values).first(2), weights, scratch);
    const auto is_finite = [](float value) { return std::isfinite(value); };
    EXPECT_TRUE(std::ranges::all_of(encoding.anchors(), is_finite));
    EXPECT_TRUE(std::ranges::all_of(into, is_finite));
    EXPECT_TRUE(std::ranges::all_of(weights, is_finite));
  }
}

}  // namespace
}  // namespace millrace
