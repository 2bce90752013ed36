#include <gtest/gtest.h>

#include <cmath>

#include "graph_shard.h"

namespace millrace {
namespace {

using testing::GraphShard;

struct Kind {
  const char* name;
  QuantizationSettings settings;
  double recall_min;     ///< of scans with rescoring
  std::uint64_t bytes;   ///< of one of the 24 components
};

const Kind kKinds[] = {
    {"scalar", {QuantizationKind::scalar, 1, 8, 8, 4}, 0.98, 32 + 4},
    {"binary", {QuantizationKind::binary, 1, 2, 8, 4}, 0.7, 4 + 8},
    {"binary, 1.5 bits", {QuantizationKind::binary, 1, 3, 8, 4}, 0.8, 8 + 8},
    {"binary, symmetric", {QuantizationKind::binary, 1, 2, 1, 4}, 0.7, 4 + 8},
    {"turbo, 2 bits", {QuantizationKind::turbo, 1, 4, 8, 4}, 0.8, 8 + 8},
    {"turbo, 4 bits", {QuantizationKind::turbo, 1, 8, 8, 4}, 0.93, 16 + 8},
    {"product x16", {QuantizationKind::product, 1, 8, 8, 4}, 0.8, 6},
};

IndexSettings settings_of(const QuantizationSettings& quantization, std::uint32_t links = 0) {
  return {links, 80, 1, 0, quantization};
}

/// Until every vector has what it is to get.
void settle(GraphShard& shard) {
  using namespace std::chrono_literals;
  for (int i = 0; i < 3000 && shard->state().waiting_vectors > 0; ++i) std::this_thread::sleep_for(10ms);
  ASSERT_EQ(shard->state().waiting_vectors, 0U);
}

constexpr Distance kDistances[] = {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan};

SearchPlan plan_of(std::span<const float> query, bool rescores) {
  SearchPlan plan;
  plan.query = query;
  plan.quantization.rescores = rescores;
  return plan;
}

TEST(QuantizedShard, ScansByCodesFindWhatAnExactScanFindsWithItsScores) {
  std::mt19937_64 random(testing::seed_of("quantized scans"));
  for (const auto& kind : kKinds)
    for (const auto distance : kDistances) {
      SCOPED_TRACE(std::string(kind.name) + ", distance " + std::to_string(static_cast<int>(distance)));
      GraphShard shard(distance, random, settings_of(kind.settings));
      shard.upsert(0, 4'000);
      shard.upsert(1'000, 500);
      shard.remove({PointId::number(3), PointId::number(5)});
      shard.touch(100, 50, "{\"n\":1}");
      settle(shard);
      ASSERT_EQ(shard->quantized().size(), 1U);
      EXPECT_EQ(shard->quantized()[0].codes.vectors, 4'500U);
      EXPECT_EQ(shard->quantized()[0].codes.bytes_of_each, kind.bytes);
      double found = 0;
      for (int q = 0; q < 30; ++q) {
        const auto query = shard.vector();
        auto plan = plan_of(query, true);
        const auto near = shard->search(plan).value();
        EXPECT_EQ(near.path, SearchPath::code_scan);
        plan.exact = true;
        const auto all = shard->search(plan).value();
        ASSERT_EQ(near.hits.size(), all.hits.size());
        for (const auto& hit : all.hits) {
          const auto same = std::ranges::find(near.hits, hit.id, &Hit::id);
          if (same == near.hits.end()) continue;
          ++found;
          ASSERT_EQ(same->score, hit.score);
        }
      }
      EXPECT_GE(found / 300, kind.recall_min);
    }
}

TEST(QuantizedShard, WithoutRescoringHitsHaveTheScoresOfTheirCodesInOrder) {
  std::mt19937_64 random(testing::seed_of("scores of codes in a shard"));
  for (const auto& kind : kKinds)
    for (const auto distance : kDistances)
      for (const std::uint32_t links : {0U, 12U}) {
        SCOPED_TRACE(std::string(kind.name) + ", distance " + std::to_string(static_cast<int>(distance)) + ", m " +
                     std::to_string(links));
        GraphShard shard(distance, random, settings_of(kind.settings, links));
        shard.upsert(0, 1'000);
        settle(shard);
        const auto query = shard.vector();
        auto plan = plan_of(query, false);
        plan.k = 60;
        const auto near = shard->search(plan).value();
        ASSERT_EQ(near.hits.size(), 60U);
        EXPECT_EQ(near.path, links == 0 ? SearchPath::code_scan : SearchPath::graph);
        EXPECT_TRUE(std::ranges::is_sorted(near.hits, [&](const Hit& a, const Hit& b) {
          if (a.score != b.score) return near.larger_is_better ? a.score > b.score : a.score < b.score;
          return near.larger_is_better ? a.id > b.id : a.id < b.id;
        }));
        plan.k = 1'000;
        plan.exact = true;
        const auto all = shard->search(plan).value();
        const double span = std::fabs(double{all.hits.front().score} - double{all.hits.back().score});
        int different = 0;
        double error = 0;
        for (const auto& hit : near.hits) {
          const auto same = std::ranges::find(all.hits, hit.id, &Hit::id);
          ASSERT_NE(same, all.hits.end());
          different += same->score != hit.score ? 1 : 0;
          error += std::fabs(double{hit.score} - double{same->score}) / 60;
        }
        EXPECT_LT(error, span / 3);
        // Some vectors are their codes: a centroid that nothing else is nearest to.
        EXPECT_GT(different, 5);
        // The search that ignores the codes has the scores of the vectors.
        plan = plan_of(query, false);
        plan.quantization.is_ignored = true;
        const auto by_vectors = shard->search(plan).value();
        for (const auto& hit : by_vectors.hits) {
          const auto same = std::ranges::find(all.hits, hit.id, &Hit::id);
          ASSERT_NE(same, all.hits.end());
          EXPECT_EQ(hit.score, same->score);
        }
      }
}

TEST(QuantizedShard, VectorsOfHalvesAndBytesHaveCodesToo) {
  std::mt19937_64 random(testing::seed_of("quantized elements"));
  for (const auto element : {ElementType::f16, ElementType::u8})
    for (const auto distance : kDistances)
      for (const auto& kind : {kKinds[0], kKinds[5]}) {
        SCOPED_TRACE(std::string(kind.name) + ", distance " + std::to_string(static_cast<int>(distance)) + ", element " +
                     std::to_string(static_cast<int>(element)));
        GraphShard shard(distance, random, settings_of(kind.settings), element);
        shard.upsert(0, 1'500);
        settle(shard);
        const auto query = shard.vector();
        auto plan = plan_of(query, true);
        const auto near = shard->search(plan).value();
        EXPECT_EQ(near.path, SearchPath::code_scan);
        plan.quantization.rescores = false;
        const auto by_codes = shard->search(plan).value();
        plan.k = 1'500;
        plan.exact = true;
        const auto all = shard->search(plan).value();
        const double span = std::fabs(double{all.hits.front().score} - double{all.hits.back().score});
        int found = 0;
        for (std::size_t i = 0; i < 10; ++i) found += std::ranges::count(near.hits, all.hits[i].id, &Hit::id) > 0 ? 1 : 0;
        EXPECT_GE(found, 8);
        const auto score_of = [&](const Hit& hit) { return std::ranges::find(all.hits, hit.id, &Hit::id)->score; };
        for (const auto& hit : near.hits) EXPECT_EQ(hit.score, score_of(hit));
        for (const auto& hit : by_codes.hits) EXPECT_NEAR(hit.score, score_of(hit), span / 5);
      }
}

TEST(QuantizedShard, WhetherHitsAreRescoredByDefaultDependsOnTheKind) {
  EXPECT_FALSE((QuantizationSettings{QuantizationKind::scalar, 1, 8, 8, 4}.rescores()));
  EXPECT_FALSE((QuantizationSettings{QuantizationKind::product, 1, 8, 8, 4}.rescores()));
  EXPECT_FALSE((QuantizationSettings{QuantizationKind::turbo, 1, 8, 8, 4}.rescores()));
  EXPECT_TRUE((QuantizationSettings{QuantizationKind::turbo, 1, 4, 8, 4}.rescores()));
  EXPECT_TRUE((QuantizationSettings{QuantizationKind::binary, 1, 4, 8, 4}.rescores()));
}

TEST(QuantizedShard, MoreOversamplingFindsMore) {
  std::mt19937_64 random(testing::seed_of("oversampling"));
  GraphShard shard(Distance::euclid, random, settings_of({QuantizationKind::binary, 1, 2, 1, 4}));
  shard.upsert(0, 6'000);
  settle(shard);
  const auto recall = [&](double oversampling) {
    std::ptrdiff_t found = 0;
    for (int q = 0; q < 30; ++q) {
      const auto query = shard.vector();
      auto plan = plan_of(query, true);
      plan.quantization.oversampling = oversampling;
      const auto near = shard->search(plan).value();
      plan.exact = true;
      const auto all = shard->search(plan).value();
      for (const auto& hit : all.hits) found += std::ranges::count(near.hits, hit.id, &Hit::id);
    }
    return static_cast<double>(found) / 300;
  };
  EXPECT_GE(recall(100), 0.97);
  EXPECT_GE(recall(1'000), 1.0);
}

TEST(QuantizedShard, FiltersAndThresholdsHold) {
  std::mt19937_64 random(testing::seed_of("quantized filters"));
  for (const auto& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    GraphShard shard(Distance::euclid, random, settings_of(kind.settings));
    shard.upsert(0, 3'000);
    settle(shard);
    Bitmap passing;
    passing.words.resize(3'000 / 64 + 1);
    for (std::uint32_t row = 0; row < 3'000; row += 7) {
      passing.words[row / 64] |= std::uint64_t{1} << (row % 64);
      ++passing.count;
    }
    for (const bool rescores : {false, true}) {
      const auto query = shard.vector();
      auto plan = plan_of(query, rescores);
      plan.passing = &passing;
      const auto found = shard->search(plan).value();
      ASSERT_EQ(found.hits.size(), 10U);
      for (const auto& hit : found.hits) EXPECT_EQ(hit.id.low % 7, 0U);
      plan.score_threshold = found.hits[4].score;
      const auto fewer = shard->search(plan).value();
      EXPECT_LE(fewer.hits.size(), 4U);
      for (const auto& hit : fewer.hits) EXPECT_LT(hit.score, *plan.score_threshold);
    }
  }
}

/// A search never misses what was acknowledged before it began, whether or not it has codes already.
TEST(QuantizedShard, EveryAcknowledgedPointIsFoundWhileCodesAreMade) {
  std::mt19937_64 random(testing::seed_of("quantized load"));
  for (const auto& kind : {kKinds[0], kKinds[1], kKinds[6]})
    for (const std::uint32_t links : {0U, 12U}) {
      SCOPED_TRACE(kind.name);
      GraphShard shard(Distance::euclid, random, settings_of(kind.settings, links));
      std::atomic<bool> is_done{false};
      std::atomic<std::uint64_t> searches{0};
      const auto query = shard.vector();
      std::thread reader([&] {
        while (!is_done) {
          const auto before = shard->state().points;
          auto plan = plan_of(query, searches % 2 == 0);
          const auto found = shard->search(plan);
          EXPECT_TRUE(found) << "a search failed";
          EXPECT_GE(found.value().hits.size(), std::min<std::uint64_t>(before, 10));
          ++searches;
        }
      });
      while (searches == 0) std::this_thread::yield();
      for (std::uint64_t batch = 0; batch < 60; ++batch) {
        shard.upsert(batch * 50, 50);
        // A distance of zero, and no other point so near.
        const auto probe = shard.vector();
        shard.apply(testing::upsert_frame({{PointId::number(100'000 + batch), {probe}, "{}"}}, {0}));
        auto plan = plan_of(probe, true);
        plan.k = 1;
        const auto found = shard->search(plan).value();
        ASSERT_EQ(found.hits.size(), 1U);
        if (links == 0) {
          EXPECT_EQ(found.hits[0].id, PointId::number(100'000 + batch));
        }
      }
      is_done = true;
      reader.join();
      settle(shard);
      EXPECT_EQ(shard->quantized()[0].codes.vectors, 60U * 51);
    }
}

TEST(QuantizedShard, ASmallColumnHasNoCodesAndExactScores) {
  std::mt19937_64 random(testing::seed_of("small column"));
  auto settings = settings_of(kKinds[0].settings);
  settings.threshold_bytes = 100 * testing::kGraphDimension * sizeof(float);
  GraphShard shard(Distance::dot, random, settings);
  shard.upsert(0, 99);
  EXPECT_EQ(shard->state().waiting_vectors, 0U);
  const auto query = shard.vector();
  EXPECT_EQ(shard->search(plan_of(query, false)).value().path, SearchPath::scan);
  shard.upsert(99, 1);
  settle(shard);
  EXPECT_EQ(shard->search(plan_of(query, false)).value().path, SearchPath::code_scan);
}

TEST(QuantizedShard, TwoShardsWithTheSameLogHaveTheSameScores) {
  for (const auto& kind : kKinds) {
    SCOPED_TRACE(kind.name);
    std::vector<std::vector<Hit>> answers;
    for (const std::uint64_t batch : {100U, 1'000U}) {
      std::mt19937_64 random(17);
      GraphShard shard(Distance::cosine, random, settings_of(kind.settings));
      for (std::uint64_t first = 0; first < 3'000; first += batch) {
        shard.upsert(first, batch);
        // One is trained at every size on its way, the other at few.
        if (batch == 100) settle(shard);
      }
      settle(shard);
      const auto query = shard.vector();
      answers.push_back(shard->search(plan_of(query, false)).value().hits);
    }
    ASSERT_EQ(answers[0].size(), answers[1].size());
    for (std::size_t i = 0; i < answers[0].size(); ++i) {
      EXPECT_EQ(answers[0][i].id, answers[1][i].id);
      EXPECT_EQ(answers[0][i].score, answers[1][i].score);
    }
  }
}

}  // namespace
}  // namespace millrace
