#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "graph_shard.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

TEST(ShardGraph, SearchesFindNearlyWhatAScanFindsWithTheSameScoresForEveryDistance) {
  std::mt19937_64 random(seed_of("shard graph"));
  for (const auto distance : {Distance::dot, Distance::euclid, Distance::manhattan}) {
    GraphShard shard(distance, random);
    for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
    shard.wait(3000);
    EXPECT_GE(shard.recall(), 0.97) << static_cast<int>(distance);
    EXPECT_EQ(shard.path, SearchPath::graph);
  }
}

TEST(ShardGraph, VectorsOfEveryElementTypeAreFoundThroughTheGraphWithTheScoresOfAScan) {
  std::mt19937_64 random(seed_of("shard graph elements"));
  const std::pair<ElementType, Distance> kinds[] = {
      {ElementType::f16, Distance::dot},    {ElementType::f16, Distance::euclid}, {ElementType::f16, Distance::manhattan},
      {ElementType::u8, Distance::cosine},  {ElementType::u8, Distance::dot},     {ElementType::u8, Distance::euclid},
      {ElementType::u8, Distance::manhattan}};
  for (const auto& [element, distance] : kinds) {
    GraphShard shard(distance, random, {12, 80, 1}, element);
    for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
    shard.wait(3000);
    EXPECT_GE(shard.recall(), 0.97) << static_cast<int>(element) << ' ' << static_cast<int>(distance);
    EXPECT_EQ(shard.path, SearchPath::graph);
    const auto filter = filter_of(R"({"must":[{"key":"n","range":{"lt":10}}]})");
    EXPECT_GE(shard.recall(&filter, 20), 0.97);
    EXPECT_EQ((*shard).state().memory.vectors, 3000 * (kGraphDimension * element_bytes(element) + 8));
  }
}

TEST(ShardGraph, AFilterLosesNoRecallWhateverItsSelectivity) {
  std::mt19937_64 random(seed_of("shard graph filter"));
  GraphShard shard(Distance::euclid, random);
  for (std::uint64_t i = 0; i < 8; ++i) shard.upsert(i * 500, 500);
  shard.wait(4000);
  for (const int below : {90, 50, 20, 10, 5, 1}) {
    const auto filter = filter_of(R"({"must":[{"key":"n","range":{"lt":)" + std::to_string(below) + "}}]}");
    EXPECT_GE(shard.recall(&filter, 20), 0.97) << below;
  }
  const auto none = filter_of(R"({"must":[{"key":"n","match":{"value":1000}}]})");
  EXPECT_EQ(shard.recall(&none, 2), 1);
}

/// Rows are numbered in the order of the upserts, from 0.
TEST(ShardGraph, RowsThatWereNamedBeforeAreSearchedAsUnderAFilterWhetherTheyLieTogetherOrNot) {
  std::mt19937_64 random(seed_of("shard graph passing"));
  GraphShard shard(Distance::euclid, random);
  constexpr std::uint32_t kRows = 8000;
  for (std::uint64_t i = 0; i < 8; ++i) shard.upsert(i * 1000, 1000);
  shard.wait(kRows);
  const auto centre = shard.vector();
  SearchPlan around;
  around.query = centre;
  around.k = kRows;
  around.exact = true;
  const auto by_distance = (*shard).search(around).value().hits;
  ASSERT_EQ(by_distance.size(), kRows);
  const auto far_from_centre = [&] {
    auto farthest = shard.vector();
    const auto square = [&](const std::vector<float>& to) {
      double sum = 0;
      for (std::size_t d = 0; d < to.size(); ++d) sum += double{to[d] - centre[d]} * double{to[d] - centre[d]};
      return sum;
    };
    for (int i = 0; i < 20; ++i)
      if (auto other = shard.vector(); square(other) > square(farthest)) farthest = std::move(other);
    return farthest;
  };
  for (const std::string lie : {"apart", "together", "together and away"})
    for (const double share : {0.5, 0.2, 0.1, 0.05, 0.01, 0.001}) {
      const bool lie_together = lie != "apart";
      Bitmap passing{std::vector<std::uint64_t>(kRows / 64), 0};
      const auto wanted = static_cast<std::uint64_t>(share * kRows);
      for (std::uint64_t at = 0; passing.count < wanted; ++at) {
        const auto row = lie_together ? by_distance[at].id.low : random() % kRows;
        if (passing.contains(static_cast<std::uint32_t>(row))) continue;
        passing.words[row / 64] |= std::uint64_t{1} << (row % 64);
        ++passing.count;
      }
      double found = 0;
      double all = 0;
      for (int q = 0; q < 30; ++q) {
        const auto query = lie == "together and away" ? far_from_centre() : shard.vector();
        SearchPlan plan;
        plan.query = query;
        plan.passing = &passing;
        const auto near = (*shard).search(plan).value().hits;
        plan.exact = true;
        const auto truth = (*shard).search(plan).value().hits;
        EXPECT_EQ(truth.size(), std::min<std::uint64_t>(10, wanted));
        for (const auto& hit : near) EXPECT_TRUE(passing.contains(static_cast<std::uint32_t>(hit.id.low)));
        for (const auto& hit : truth) found += static_cast<double>(std::ranges::count(near, hit.id, &Hit::id));
        all += static_cast<double>(truth.size());
      }
      EXPECT_GE(found / all, 0.97) << share << ' ' << lie;
    }
}

TEST(ShardGraph, DeletedAndReplacedPointsAreNotFoundAndThoseAliveStillAre) {
  std::mt19937_64 random(seed_of("shard graph deletes"));
  GraphShard shard(Distance::euclid, random);
  for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
  shard.wait(3000);
  std::vector<PointId> ids;
  for (std::uint64_t id = 0; id < 2400; ++id) ids.push_back(PointId::number(id));
  shard.remove(ids);
  EXPECT_GE(shard.recall(), 0.97);
  shard.upsert(2400, 300);
  shard.touch(2700, 200, R"({"n":777})");
  EXPECT_GE(shard.recall(), 0.97);
  const auto touched = filter_of(R"({"must":[{"key":"n","match":{"value":777}}]})");
  EXPECT_GE(shard.recall(&touched, 20), 0.99);
  ids.clear();
  for (std::uint64_t id = 2400; id < 3000; ++id) ids.push_back(PointId::number(id));
  shard.remove(ids);
  EXPECT_EQ(shard.recall(), 1);
}

TEST(ShardGraph, APointIsFoundAtOnceAfterItsRecordWasAppliedWhileTheGraphGrows) {
  std::mt19937_64 random(seed_of("shard graph tail"));
  GraphShard shard(Distance::euclid, random);
  shard.upsert(0, 1000);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const auto values = shard.vector();
    shard.apply(upsert_frame({{PointId::number(5000 + i), {values}, "{}"}}, {0}));
    SearchPlan plan;
    plan.query = values;
    plan.k = 5;
    const auto result = (*shard).search(plan).value();
    ASSERT_FALSE(result.hits.empty());
    EXPECT_EQ(result.hits[0].id, PointId::number(5000 + i));
    EXPECT_EQ(result.hits[0].score, 0);
  }
  shard.wait(1200);
}

TEST(ShardGraph, PayloadChangesAddNothingToTheGraph) {
  std::mt19937_64 random(seed_of("shard graph payload"));
  GraphShard shard(Distance::euclid, random);
  shard.upsert(0, 1500);
  shard.wait(1500);
  for (int i = 0; i < 5; ++i) shard.touch(0, 1500, "{\"n\":" + std::to_string(i) + "}");
  EXPECT_EQ((*shard).state().indexed_vectors, 1500U);
  EXPECT_GE(shard.recall(), 0.97);
  EXPECT_EQ(shard.path, SearchPath::graph);
}

TEST(ShardGraph, EverythingIsIndexedInTheEndHoweverOftenTheGraphHasToMove) {
  std::mt19937_64 random(seed_of("shard graph enlarged"));
  for (int round = 0; round < 12; ++round) {
    GraphShard shard(Distance::euclid, random, {4, 10, 1});
    // Room for 1,024 at first, then for four times as many each time.
    for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 900, 900);
    shard.wait(5400);
  }
}

TEST(ShardGraph, ThereIsNoGraphBelowItsThresholdOrWithoutLinks) {
  std::mt19937_64 random(seed_of("shard graph threshold"));
  for (const IndexSettings settings : {IndexSettings{12, 80, std::uint64_t{1} << 30U}, IndexSettings{0, 80, 1}, IndexSettings{12, 80, 0}}) {
    GraphShard shard(Distance::dot, random, settings);
    shard.upsert(0, 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ((*shard).state().indexed_vectors, 0U);
    EXPECT_EQ(shard.recall(nullptr, 3), 1);
    EXPECT_EQ(shard.path, SearchPath::scan);
  }
}

TEST(ShardGraph, TheDigestIsTheSameWithAndWithoutAGraph) {
  std::mt19937_64 random(seed_of("shard graph digest"));
  const auto seed = random();
  std::mt19937_64 first(seed);
  std::mt19937_64 second(seed);
  GraphShard with(Distance::euclid, first);
  GraphShard without(Distance::euclid, second, {0, 0, 0});
  for (auto* shard : {&with, &without}) {
    for (std::uint64_t i = 0; i < 4; ++i) shard->upsert(i * 300, 500);
    shard->remove({PointId::number(7), PointId::number(400)});
  }
  with.wait(1000);
  EXPECT_EQ((*with).digest(), (*without).digest());
}

TEST(ShardGraph, ReadersSeeEveryFixedPointWhileOthersComeAndGoAndTheGraphGrows) {
  std::mt19937_64 random(seed_of("shard graph concurrency"));
  GraphShard shard(Distance::euclid, random, {8, 40, 1});
  shard.upsert(0, 600);
  std::vector<std::vector<float>> fixed;
  std::vector<TestPoint> points;
  for (std::uint64_t i = 0; i < 50; ++i) {
    fixed.push_back(shard.vector());
    points.push_back({PointId::number(100'000 + i), {fixed.back()}, "{\"fixed\":true}"});
  }
  shard.apply(upsert_frame(points, {0}));
  const auto filter = filter_of(R"({"must":[{"key":"fixed","match":{"value":true}}]})");
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> missed{0};
  std::vector<std::thread> readers;
  for (std::uint32_t reader = 0; reader < 3; ++reader)
    readers.emplace_back([&, reader] {
      std::mt19937_64 own(reader);
      while (!done) {
        const auto which = own() % fixed.size();
        SearchPlan plan;
        plan.query = fixed[which];
        plan.k = 10;
        if (reader == 2) plan.matching.filter = &filter;
        const auto result = (*shard).search(plan).value();
        std::set<PointId> distinct;
        for (const auto& hit : result.hits) EXPECT_TRUE(distinct.insert(hit.id).second) << hit.id.low;
        ++asked;
        if (result.hits.empty() || result.hits[0].id != PointId::number(100'000 + which)) ++missed;
      }
    });
  for (std::uint64_t i = 0; i < 150; ++i) {
    if (i % 3 == 0) shard.upsert(1000 + i * 10, 40);
    if (i % 3 == 1) shard.upsert(random() % 500, 30);
    if (i % 3 == 2) shard.remove({PointId::number(1000 + (i - 2) * 10)});
  }
  shard.wait(1000);
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_LE(static_cast<double>(missed), 0.02 * static_cast<double>(asked) + 1) << asked;
}

TEST(ShardGraph, ASearchEndsAtItsDeadlineAndWhenItIsCancelled) {
  std::mt19937_64 random(seed_of("shard graph deadline"));
  GraphShard shard(Distance::euclid, random);
  shard.upsert(0, 3000);
  shard.wait(3000);
  const auto query = shard.vector();
  Cancellation cancellation;
  cancellation.cancelled = true;
  SearchPlan plan;
  plan.query = query;
  plan.ef = 2000;
  plan.matching.cancellation = &cancellation;
  const auto result = (*shard).search(plan);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace millrace
