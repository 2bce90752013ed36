#include "graph/live_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "cloud.h"
#include "frames.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

double recall(const LiveGraph& graph, const Cloud& cloud, std::size_t ef, std::mt19937_64& random) {
  auto& scratch = Scratch::of_thread();
  double found = 0;
  constexpr int kQueries = 60;
  for (int q = 0; q < kQueries; ++q) {
    std::normal_distribution<float> normal;
    const float* const near = cloud.at(static_cast<std::uint32_t>(random() % cloud.rows));
    std::vector<float> query(near, near + cloud.dimension);
    for (auto& value : query) value += 0.1F * normal(random);
    graph.space().encode_query(query.data(), scratch.query);
    EXPECT_TRUE(graph.search(scratch.query.view(), ef, ef, scratch, nullptr));
    const auto rows = rescored(cloud, query.data(), scratch.candidates);
    for (const auto row : cloud.nearest(query.data(), 10, [](auto) { return true; })) found += static_cast<double>(rows.count(row));
  }
  return found / (10.0 * kQueries);
}

TEST(LiveGraph, FindsNearlyAllNearestRowsWhateverTheDistanceAndTheDimension) {
  std::mt19937_64 random(seed_of("graph recall"));
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan})
    for (const std::uint32_t dimension : {2U, 24U, 100U}) {
      const Cloud cloud(2000, dimension, distance, random);
      LiveGraph graph(cloud.space(), {12, 80, 3000});
      build(graph, cloud, 2);
      graph.attach_unreachable();
      EXPECT_EQ(graph.count_unreachable(), 0U);
      EXPECT_GE(recall(graph, cloud, 100, random), 0.95) << static_cast<int>(distance) << ' ' << dimension;
    }
}

TEST(LiveGraph, FindsAsMuchWhenItsWalksGoBySketches) {
  std::mt19937_64 random(seed_of("graph sketches"));
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid})
    for (const std::uint32_t dimension : {100U, 131U, 300U}) {
      const Cloud cloud(2000, dimension, distance, random);
      LiveGraph graph(cloud.space(), {12, 80, 2000});
      EXPECT_TRUE(graph.try_sketches(cloud.sample())) << static_cast<int>(distance) << ' ' << dimension;
      build(graph, cloud, 2);
      graph.attach_unreachable();
      EXPECT_EQ(graph.count_unreachable(), 0U);
      EXPECT_GE(recall(graph, cloud, 100, random), 0.95) << static_cast<int>(distance) << ' ' << dimension;
      const LiveGraph larger(graph, 3000);
      EXPECT_TRUE(larger.has_sketches());
      EXPECT_GE(recall(larger, cloud, 100, random), 0.95) << static_cast<int>(distance) << ' ' << dimension;
    }
}

TEST(LiveGraph, WalksByCodesWhereSketchesAreNoShorterOrCannotTellNeighboursApart) {
  std::mt19937_64 random(seed_of("graph without sketches"));
  const Cloud narrow(500, 32, Distance::cosine, random);
  LiveGraph of_narrow(narrow.space(), {8, 50, 500});
  EXPECT_FALSE(of_narrow.try_sketches(narrow.sample()));
  const Cloud other(500, 100, Distance::manhattan, random);
  LiveGraph of_other(other.space(), {8, 50, 500});
  EXPECT_FALSE(of_other.try_sketches(other.sample()));
  // Two far groups in every component: within a group, sketches are equal.
  Cloud apart(2000, 100, Distance::euclid, random);
  std::normal_distribution<float> normal;
  for (std::uint32_t row = 0; row < apart.rows; ++row)
    for (std::uint32_t d = 0; d < apart.dimension; ++d)
      apart.values[std::size_t{row} * apart.dimension + d] = (row % 2 == 0 ? 10.0F : -10.0F) + normal(random) * 0.1F;
  LiveGraph of_apart(apart.space(), {12, 80, 2000});
  EXPECT_FALSE(of_apart.try_sketches(apart.sample()));
}

TEST(LiveGraph, IsAsGoodWhenManyThreadsInsert) {
  std::mt19937_64 random(seed_of("graph threads"));
  const Cloud cloud(4000, 32, Distance::euclid, random);
  LiveGraph graph(cloud.space(), {16, 100, 4000});
  build(graph, cloud, 6);
  graph.attach_unreachable();
  EXPECT_EQ(graph.count_unreachable(), 0U);
  EXPECT_GE(recall(graph, cloud, 100, random), 0.97);
}

TEST(LiveGraph, SearchersFindInsertedRowsWhileOthersAreInserted) {
  std::mt19937_64 random(seed_of("graph concurrency"));
  const Cloud cloud(3000, 16, Distance::euclid, random);
  LiveGraph graph(cloud.space(), {8, 60, 3000});
  for (std::uint32_t row = 0; row < cloud.rows; ++row) static_cast<void>(graph.encode_next(cloud.at(row)));
  std::atomic<std::uint32_t> next{0};
  constexpr std::uint32_t kFirst = 500;
  for (; next < kFirst; ++next) graph.insert(next);
  std::atomic<std::uint32_t> inserting{2};
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      for (auto row = next++; row < cloud.rows; row = next++) graph.insert(row);
      --inserting;
    });
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> found{0};
  for (std::uint32_t i = 0; i < 2; ++i)
    threads.emplace_back([&, i] {
      auto& scratch = Scratch::of_thread();
      std::mt19937_64 own(i);
      do {
        const auto row = static_cast<std::uint32_t>(own() % kFirst);
        graph.space().encode_query(cloud.at(row), scratch.query);
        EXPECT_TRUE(graph.search(scratch.query.view(), 60, 60, scratch, nullptr));
        EXPECT_GE(scratch.candidates.size(), 60U);
        ++asked;
        for (std::size_t at = 0; at < scratch.candidates.size(); ++at) found += scratch.candidates.id(at) == row ? 1 : 0;
      } while (inserting > 0);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(static_cast<double>(found), 0.98 * static_cast<double>(asked));
}

TEST(LiveGraph, RowsThatAreEncodedMeanwhileAreNotLookedForWhenAllAreMadeReachable) {
  std::mt19937_64 random(seed_of("graph encoded meanwhile"));
  const Cloud cloud(40'000, 4, Distance::euclid, random);
  LiveGraph graph(cloud.space(), {8, 16, cloud.rows});
  const std::uint32_t inserted = 500;
  for (std::uint32_t row = 0; row < inserted; ++row) static_cast<void>(graph.encode_next(cloud.at(row)));
  for (std::uint32_t row = 0; row < inserted; ++row) graph.insert(row);
  std::thread encoder([&] {
    for (auto row = inserted; row < cloud.rows; ++row) static_cast<void>(graph.encode_next(cloud.at(row)));
  });
  while (graph.encoded() < cloud.rows) {
    graph.attach_unreachable();
    static_cast<void>(graph.count_unreachable());
  }
  encoder.join();
  EXPECT_EQ(graph.count_unreachable(), 0U);
}

TEST(LiveGraph, ServesEqualVectorsOneRowAndNone) {
  std::mt19937_64 random(seed_of("graph equal"));
  Cloud cloud(1500, 8, Distance::cosine, random);
  for (std::uint32_t row = 0; row < 1200; ++row) std::copy_n(cloud.at(0), 8, &cloud.values[std::size_t{row} * 8]);
  LiveGraph graph(cloud.space(), {8, 50, 1500});
  auto& scratch = Scratch::of_thread();
  graph.space().encode_query(cloud.at(1400), scratch.query);
  EXPECT_TRUE(graph.search(scratch.query.view(), 10, 10, scratch, nullptr));
  EXPECT_EQ(scratch.candidates.size(), 0U);
  build(graph, cloud, 2);
  graph.attach_unreachable();
  EXPECT_EQ(graph.count_unreachable(), 0U);
  graph.space().encode_query(cloud.at(1400), scratch.query);
  EXPECT_TRUE(graph.search(scratch.query.view(), 60, 60, scratch, nullptr));
  EXPECT_EQ(scratch.candidates.id(0), 1400U);
  graph.space().encode_query(cloud.at(0), scratch.query);
  EXPECT_TRUE(graph.search(scratch.query.view(), 60, 60, scratch, nullptr));
  EXPECT_EQ(scratch.candidates.size(), 60U);
}

TEST(CodeSpace, QueriesFarOutsideOfTheScaleKeepTheirOrder) {
  std::mt19937_64 random(seed_of("code space"));
  for (const auto distance : {Distance::euclid, Distance::dot, Distance::manhattan}) {
    const Cloud cloud(200, 20, distance, random);
    LiveGraph graph(cloud.space(), {8, 50, 200});
    build(graph, cloud, 1);
    auto& scratch = Scratch::of_thread();
    for (const float factor : {0.0F, 1e-30F, 1.0F, 50.0F, 1e30F, std::numeric_limits<float>::infinity()}) {
      std::vector<float> query(cloud.at(5), cloud.at(5) + 20);
      for (auto& value : query) value *= factor;
      graph.space().encode_query(query.data(), scratch.query);
      EXPECT_TRUE(graph.search(scratch.query.view(), 200, 200, scratch, nullptr));
      EXPECT_GE(scratch.candidates.size(), 150U);
    }
  }
}

}  // namespace
}  // namespace millrace
