#include <gtest/gtest.h>

#include <atomic>

#include "multi_shard.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr MultiShard::Shape kShape{};

TEST(MultiGraph, SearchesFindNearlyWhatAScanFindsWithTheSameScoresForEveryDistance) {
  std::mt19937_64 random(seed_of("multivector graph"));
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    MultiShard shard(distance, random, kShape);
    for (std::uint64_t i = 0; i < 5; ++i) shard.upsert(i * 600, 600);
    shard.wait(3000);
    EXPECT_GE(shard.recall(), 0.95) << static_cast<int>(distance);
    // Told how many candidates to score, it never goes on to a scan; queries of a few vectors are scans from the first.
    EXPECT_GE(shard.recall(nullptr, 30, 300), 0.95) << static_cast<int>(distance);
    EXPECT_GT(shard.through_graph(), 15) << static_cast<int>(distance);
  }
}

TEST(MultiGraph, VectorsOfEveryElementTypeAreFoundThroughTheGraph) {
  std::mt19937_64 random(seed_of("multivector graph elements"));
  for (const auto element : {ElementType::f16, ElementType::u8})
    for (const auto distance : {Distance::cosine, Distance::euclid}) {
      MultiShard shard(distance, random, kShape, element);
      for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
      shard.wait(3000);
      EXPECT_GE(shard.recall(), 0.95) << static_cast<int>(element) << ' ' << static_cast<int>(distance);
      EXPECT_GE(shard.recall(nullptr, 30, 300), 0.95) << static_cast<int>(element) << ' ' << static_cast<int>(distance);
      EXPECT_GT(shard.through_graph(), 15) << static_cast<int>(element) << ' ' << static_cast<int>(distance);
    }
}

TEST(MultiGraph, ALongerCandidateListFindsMore) {
  std::mt19937_64 random(seed_of("multivector graph ef"));
  MultiShard shard(Distance::cosine, random, kShape);
  for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
  shard.wait(3000);
  const auto few = shard.recall(nullptr, 60, 12);
  const auto more = shard.recall(nullptr, 60, 100);
  EXPECT_LT(few, more - 0.05);
  EXPECT_GE(shard.recall(nullptr, 60, 400), 0.97);
}

TEST(MultiGraph, VectorsWithoutNeighboursAreFoundAsWellByAScanIfNeedBe) {
  std::mt19937_64 random(seed_of("multivector graph noise"));
  // As many centres as points, and far more noise than meaning: nothing leads to what is near.
  MultiShard shard(Distance::dot, random, {24, 20, 10, 3000, 20});
  for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
  shard.wait(3000);
  EXPECT_GE(shard.recall(), 0.95);
}

TEST(MultiGraph, FiltersDeletesAndUpdatesAreHeededWhileTheScoresStayThoseOfAScan) {
  std::mt19937_64 random(seed_of("multivector graph changes"));
  MultiShard shard(Distance::euclid, random, kShape);
  for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
  shard.wait(3000);
  for (const auto* const json : {R"({"must":[{"key":"n","range":{"lt":60}}]})", R"({"must":[{"key":"n","range":{"lt":20}}]})",
                                 R"({"must":[{"key":"n","match":{"value":7}}]})"}) {
    const auto filter = filter_of(json);
    EXPECT_GE(shard.recall(&filter), 0.95) << json;
  }
  std::vector<PointId> gone;
  for (std::uint64_t id = 0; id < 3000; id += 2) gone.push_back(PointId::number(id));
  shard.remove(gone);
  shard.upsert(1, 400);  // of which half come back, and half become others
  shard.wait(1700);
  EXPECT_GE(shard.recall(), 0.95);
  const auto filter = filter_of(R"({"must":[{"key":"n","range":{"lt":60}}]})");
  EXPECT_GE(shard.recall(&filter), 0.95);
  const auto before = shard.through_graph();
  EXPECT_GE(shard.recall(nullptr, 30, 200), 0.95);
  EXPECT_GE(shard.recall(&filter, 30, 200), 0.95);
  EXPECT_GT(shard.through_graph(), before + 20);
}

TEST(MultiGraph, PointsAreFoundAtOnceWhileTheGraphGrowsAndLearnsAnew) {
  std::mt19937_64 random(seed_of("multivector graph growth"));
  MultiShard shard(Distance::cosine, random, {8, 6, 4, 40, 2});
  shard.upsert(0, 20);
  std::atomic<bool> is_done{false};
  std::atomic<int> searches{0};
  const auto query = shard.query();
  std::thread searching([&] {
    while (!is_done) {
      SearchPlan plan;
      plan.query = query;
      const auto found = shard->search(plan).value();
      ASSERT_EQ(found.hits.size(), 10U);
      ASSERT_TRUE(std::ranges::is_sorted(found.hits, std::ranges::greater(), &Hit::score));
      ++searches;
    }
  });
  double worst = 1;
  for (std::uint64_t i = 0; i < 30; ++i) {
    shard.upsert(20 + i * 100, 100);
    worst = std::min(worst, shard.recall(nullptr, 10));
  }
  shard.wait(3020);  // more than the first graph has room for
  is_done = true;
  searching.join();
  EXPECT_GE(worst, 0.85);
  EXPECT_GE(shard.recall(), 0.95);
  EXPECT_GT(searches, 0);
}

TEST(MultiGraph, ThereIsNoneBelowItsThresholdOrWithoutLinksAndItsMemoryIsTold) {
  std::mt19937_64 random(seed_of("multivector graph threshold"));
  for (const auto& settings : {IndexSettings{0, 80, 1}, IndexSettings{12, 80, 0}, IndexSettings{12, 80, std::uint64_t{1} << 30U}}) {
    MultiShard shard(Distance::dot, random, kShape, ElementType::f32, settings);
    shard.upsert(0, 300);
    EXPECT_EQ(shard->state().waiting_vectors, 0U);
    EXPECT_EQ(shard.recall(nullptr, 3), 1);
    EXPECT_EQ(shard->state().indexed_vectors, 0U);
    EXPECT_EQ(shard->state().memory.codes, 0U);
    EXPECT_EQ(shard.taken(SearchPath::scan), 3);
  }
  // The threshold counts all vectors of a point: 300 points of at least 9 vectors of 64 bytes.
  MultiShard shard(Distance::dot, random, kShape, ElementType::f32, {12, 80, 300 * 9 * 64});
  shard.upsert(0, 300);
  shard.wait(300);
  const auto memory = shard->state().memory;
  EXPECT_GE(memory.codes, 300U * 512);
  EXPECT_GE(memory.graphs, 300U * 24 * sizeof(std::uint32_t));
  EXPECT_EQ(memory.coming, 0U);
}

TEST(MultiGraph, ASmallSearchIsAScanAndOneBelowTheUsersLimitToo) {
  std::mt19937_64 random(seed_of("multivector graph limit"));
  IndexSettings settings{12, 80, 1};
  settings.full_scan_bytes = std::uint64_t{1} << 30U;
  MultiShard shard(Distance::dot, random, kShape, ElementType::f32, settings);
  for (std::uint64_t i = 0; i < 4; ++i) shard.upsert(i * 500, 500);
  shard.wait(2000);
  EXPECT_EQ(shard.recall(nullptr, 5), 1);
  EXPECT_EQ(shard.taken(SearchPath::scan), 5);
}

TEST(MultiGraph, ASearchEndsAtItsDeadlineAndWhenItIsCancelled) {
  std::mt19937_64 random(seed_of("multivector graph deadline"));
  MultiShard shard(Distance::dot, random, kShape);
  for (std::uint64_t i = 0; i < 4; ++i) shard.upsert(i * 500, 500);
  shard.wait(2000);
  const auto query = shard.query();
  SearchPlan plan;
  plan.query = query;
  Cancellation cancellation;
  plan.matching.cancellation = &cancellation;
  cancellation.deadline_ns = 1;
  EXPECT_EQ(shard->search(plan).error().code, Errc::deadline_passed);
  cancellation.deadline_ns = 0;
  EXPECT_TRUE(shard->search(plan).ok());
  cancellation.cancelled = true;
  EXPECT_EQ(shard->search(plan).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace millrace
