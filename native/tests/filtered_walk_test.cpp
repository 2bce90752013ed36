#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "cloud.h"
#include "frames.h"
#include "graph/live_graph.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

class EveryNth final : public RowTest {
 public:
  explicit EveryNth(std::uint32_t n) : n_(n) {}
  [[nodiscard]] bool passes(std::uint32_t row) const noexcept override { return row % n_ == 0; }

 private:
  std::uint32_t n_;
};

TEST(FilteredWalk, AWalkThatComesToItsEndFindsNearlyAllPassingRows) {
  std::mt19937_64 random(seed_of("graph filter"));
  for (const std::uint32_t dimension : {32U, 100U}) {
    const Cloud cloud(4000, dimension, Distance::cosine, random);
    LiveGraph graph(cloud.space(), {16, 100, 4000});
    EXPECT_EQ(graph.try_sketches(cloud.sample()), dimension == 100);
    build(graph, cloud, 2);
    auto& scratch = Scratch::of_thread();
    for (const std::uint32_t nth : {2U, 5U, 20U}) {
      const EveryNth test(nth);
      double found = 0;
      double wanted = 0;
      for (int q = 0; q < 50; ++q) {
        const float* const query = cloud.at(static_cast<std::uint32_t>(random() % cloud.rows));
        graph.space().encode_query(query, scratch.query);
        if (!graph.search_passing(scratch.query.view(), {100, 1.0 / nth, 60, std::size_t{200} * nth, 1e9}, test, scratch, nullptr)) continue;
        const auto rows = rescored(cloud, query, scratch.passing);
        for (const auto row : rows) EXPECT_TRUE(test.passes(row));
        for (const auto row : cloud.nearest(query, 10, [&](auto r) { return test.passes(r); })) {
          found += static_cast<double>(rows.count(row));
          ++wanted;
        }
      }
      EXPECT_GE(wanted, 250) << "one in " << nth;
      EXPECT_GE(found / wanted, 0.97) << "one in " << nth << ", dimension " << dimension;
    }
  }
}

TEST(FilteredWalk, AWalkWhoseBreadthIsTooSmallForItsFilterSaysSo) {
  std::mt19937_64 random(seed_of("graph breadth"));
  const Cloud cloud(3000, 16, Distance::euclid, random);
  LiveGraph graph(cloud.space(), {8, 50, 3000});
  build(graph, cloud, 1);
  auto& scratch = Scratch::of_thread();
  graph.space().encode_query(cloud.at(7), scratch.query);
  EXPECT_FALSE(graph.search_passing(scratch.query.view(), {30, 0.001, 20, 60, 1e9}, EveryNth(1000), scratch, nullptr));
}

/// A bitmap of a cloud's rows, and the graph's rows standing for themselves.
struct Filtered {
  Filtered(const Cloud& cloud, std::span<const std::uint32_t> passing) : words((cloud.rows + 63) / 64), rows(cloud.rows) {
    stands_for.reserve(0, cloud.rows);
    for (std::uint32_t row = 0; row < cloud.rows; ++row) *stands_for.at(row) = row;
    for (const auto row : passing) words[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  [[nodiscard]] RowFilter filter() const { return {stands_for, words, rows}; }

  BlockColumn<std::uint32_t> stands_for;
  std::vector<std::uint64_t> words;
  std::uint64_t rows;
};

enum class Lie : std::uint8_t { apart, together, away };

/// Rows in the order in which they pass first: drawn, or by how near they are to a row.
std::vector<std::uint32_t> passing_order(const Cloud& cloud, std::uint32_t anchor, Lie lie, std::mt19937_64& random) {
  if (lie != Lie::apart) return cloud.nearest(cloud.at(anchor), cloud.rows, [](auto) { return true; });
  std::vector<std::uint32_t> order(cloud.rows);
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::shuffle(order, random);
  return order;
}

/// What a search does instead of a walk that promises to cost more.
void scan(const LiveGraph& graph, const CodeQuery& query, std::span<const std::uint32_t> rows, Scratch& scratch,
          const RowTest* test = nullptr) {
  graph.begin_scan(query, 40, scratch);
  for (std::size_t at = 0; at < rows.size(); at += LiveGraph::kScanned)
    graph.scan(query, rows.subspan(at, std::min(LiveGraph::kScanned, rows.size() - at)), test, scratch);
  graph.end_scan(query, 40, scratch);
}

constexpr double kShares[] = {0.5, 0.2, 0.1, 0.05, 0.01, 0.001};

TEST(FilteredWalk, AWalkFindsWhatPassesWhereverItLiesFromTheQuery) {
  std::mt19937_64 random(seed_of("filtered walk places"));
  for (const std::uint32_t dimension : {24U, 100U}) {
    const Cloud cloud(4000, dimension, Distance::cosine, random);
    LiveGraph graph(cloud.space(), {16, 100, cloud.rows});
    graph.try_sketches(cloud.sample());
    build(graph, cloud, 2);
    graph.attach_unreachable();
    auto& scratch = Scratch::of_thread();
    for (const auto lie : {Lie::apart, Lie::together, Lie::away}) {
      const auto anchor = static_cast<std::uint32_t>(random() % cloud.rows);
      const auto order = passing_order(cloud, anchor, lie, random);
      const auto from_anchor = passing_order(cloud, anchor, Lie::away, random);
      for (const double share : kShares) {
        const auto passing = std::span(order).first(std::max<std::size_t>(1, static_cast<std::size_t>(share * cloud.rows)));
        const Filtered filtered(cloud, passing);
        const auto filter = filtered.filter();
        double found = 0;
        double wanted = 0;
        int walked = 0;
        for (int q = 0; q < 60; ++q) {
          const auto row = lie == Lie::away ? from_anchor[cloud.rows - 1 - random() % (cloud.rows / 4)]
                                            : static_cast<std::uint32_t>(random() % cloud.rows);
          const float* const query = cloud.at(row);
          graph.space().encode_query(query, scratch.query);
          const auto code = scratch.query.view();
          const bool has_ended = graph.search_passing(code, {200, share, 40, cloud.rows, 1e9}, filter, scratch, nullptr);
          walked += has_ended ? 1 : 0;
          if (!has_ended) scan(graph, code, passing, scratch);
          const auto rows = rescored(cloud, query, has_ended ? scratch.passing : scratch.candidates);
          for (const auto each : rows) EXPECT_TRUE(filter.passes(each));
          for (const auto each : cloud.nearest(query, 10, [&](auto r) { return filter.passes(r); })) {
            found += static_cast<double>(rows.count(each));
            ++wanted;
          }
        }
        if (share >= 0.05 && lie == Lie::apart) {
          EXPECT_GE(walked, 45) << share;
        }
        EXPECT_GE(found / wanted, 0.96) << share << ", place " << static_cast<int>(lie) << ", dimension " << dimension;
      }
    }
  }
}

TEST(FilteredWalk, AWalkIsLeftWhereAScanOfWhatPassesPromisesToCostLess) {
  std::mt19937_64 random(seed_of("filtered walk left"));
  const Cloud cloud(4000, 24, Distance::cosine, random);
  LiveGraph graph(cloud.space(), {16, 100, cloud.rows});
  build(graph, cloud, 1);
  const auto order = passing_order(cloud, 7, Lie::away, random);
  const Filtered filtered(cloud, std::span(order).first(400));
  auto& scratch = Scratch::of_thread();
  graph.space().encode_query(cloud.at(order.back()), scratch.query);
  EXPECT_FALSE(graph.search_passing(scratch.query.view(), {150, 0.1, 24, cloud.rows, 60}, filtered.filter(), scratch, nullptr));
  graph.space().encode_query(cloud.at(order.front()), scratch.query);
  EXPECT_TRUE(graph.search_passing(scratch.query.view(), {150, 0.1, 24, cloud.rows, 500}, filtered.filter(), scratch, nullptr));
}

TEST(FilteredWalk, AScanOfNamedRowsFindsTheNearestOfThem) {
  std::mt19937_64 random(seed_of("filtered walk scan"));
  for (const std::uint32_t dimension : {24U, 100U}) {
    const Cloud cloud(3000, dimension, Distance::cosine, random);
    LiveGraph graph(cloud.space(), {8, 40, cloud.rows});
    EXPECT_EQ(graph.try_sketches(cloud.sample()), dimension == 100);
    for (std::uint32_t row = 0; row < cloud.rows; ++row) static_cast<void>(graph.encode_next(cloud.at(row)));
    auto& scratch = Scratch::of_thread();
    const EveryNth third(3);
    double found = 0;
    for (int q = 0; q < 40; ++q) {
      const auto order = passing_order(cloud, 0, Lie::apart, random);
      const std::set<std::uint32_t> named(order.begin(), order.begin() + 900);
      const bool is_tested = q % 2 == 0;
      const float* const query = cloud.at(static_cast<std::uint32_t>(random() % cloud.rows));
      graph.space().encode_query(query, scratch.query);
      scan(graph, scratch.query.view(), std::span(order).first(900), scratch, is_tested ? &third : nullptr);
      const auto passes = [&](std::uint32_t row) { return named.contains(row) && (!is_tested || third.passes(row)); };
      const auto rows = rescored(cloud, query, scratch.candidates);
      for (const auto row : rows) EXPECT_TRUE(passes(row));
      for (const auto row : cloud.nearest(query, 10, passes)) found += static_cast<double>(rows.count(row));
    }
    EXPECT_GE(found / 400, 0.99) << dimension;
  }
}

TEST(FilteredWalk, ABitmapSaysNothingOfWhatIsNewerThanItself) {
  BlockColumn<std::uint32_t> stands_for;
  stands_for.reserve(0, 4);
  for (std::uint32_t row = 0; row < 4; ++row) *stands_for.at(row) = row * 60;
  const std::vector<std::uint64_t> words{1U, 0U};
  const RowFilter filter(stands_for, words, 130);
  EXPECT_TRUE(filter.passes(0));
  EXPECT_FALSE(filter.passes(1));
  EXPECT_FALSE(filter.passes(2));
  EXPECT_TRUE(filter.passes(3));
}

}  // namespace
}  // namespace millrace
