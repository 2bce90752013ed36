#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "millrace/index_builder.h"
#include "millrace/normalize.h"
#include "operations.h"

namespace millrace::testing {

/// Multivectors around centres: each has vectors around a few of them, and a query is near one that is stored.
class MultiShard {
 public:
  using Rows = std::vector<std::vector<float>>;

  struct Shape {
    std::uint32_t dimension = 16;
    std::uint64_t most = 32;           ///< vectors of a point, from a quarter of it on
    std::uint64_t most_of_query = 20;
    std::size_t centres = 60;
    std::size_t topics = 4;
  };

  MultiShard(Distance distance, std::mt19937_64& random, Shape shape, ElementType element = ElementType::f32,
             IndexSettings settings = {12, 80, 1})
      : random_(random),
        shape_(shape),
        slot_{0, "", shape.dimension, distance, false, element, true},
        builder_({3}),
        shard_(Shard::open({kCollection, 0, &builder_, settings, {}, VectorPlacement::cached, {}}).value()) {
    EXPECT_FALSE(apply_at(*shard_, offset_++, sealed(schema_frame({1, 0, 0, {slot_}}))).stop);
    centres_ = Rows(shape.centres, std::vector<float>(shape.dimension));
    for (auto& centre : centres_)
      for (auto& value : centre) value = 2 * normal_(random_);
  }

  [[nodiscard]] Rows point() {
    std::vector<std::size_t> topics(shape_.topics);
    for (auto& topic : topics) topic = random_() % shape_.centres;
    Rows rows(1 + shape_.most / 4 + random_() % (shape_.most - shape_.most / 4));
    for (auto& row : rows) row = near(centres_[topics[random_() % topics.size()]], 1);
    if (slot_.element == ElementType::u8)
      for (auto& row : rows)
        for (auto& value : row) value = 128 + 20 * value;  // most of them between 0 and 255
    return rows;
  }
  [[nodiscard]] std::vector<float> query() {
    const auto rows = point();
    const auto scale = slot_.element == ElementType::u8 ? 10.0F : 0.5F;
    std::vector<float> values;
    for (std::size_t i = 0; i < 1 + random_() % shape_.most_of_query; ++i) {
      auto row = near(rows[random_() % rows.size()], scale);
      if (slot_.keeps_unit_length()) normalize_rows(row, row.size());
      values.insert(values.end(), row.begin(), row.end());
    }
    return values;
  }
  void upsert(std::uint64_t first, std::uint64_t count) {
    std::vector<TestPoint> points;
    for (auto id = first; id < first + count; ++id) {
      TestPoint made{PointId::number(id), {}, "{\"n\":" + std::to_string(id % 100) + "}"};
      auto rows = point();
      if (slot_.keeps_unit_length())
        for (auto& row : rows) normalize_rows(row, row.size());
      made.multi[0] = {slot_, std::move(rows)};
      points.push_back(std::move(made));
    }
    apply(upsert_frame(points, {}));
  }
  void remove(const std::vector<PointId>& ids) { apply(delete_frame(ids)); }
  void apply(const std::vector<std::byte>& frame) {
    const auto result = apply_at(*shard_, offset_++, sealed(frame));
    ASSERT_FALSE(result.stop);
    for (const auto& outcome : result.outcomes) ASSERT_EQ(outcome.code, Errc::ok) << outcome.details;
  }
  /// Until all vectors are in the graph. @param indexed  how many there are
  void wait(std::uint64_t indexed) {
    using namespace std::chrono_literals;
    const auto is_done = [&] {
      const auto state = shard_->state();
      return state.indexed_vectors >= indexed && state.waiting_vectors == 0;
    };
    for (int i = 0; i < 12'000 && !is_done(); ++i) std::this_thread::sleep_for(10ms);
    ASSERT_TRUE(is_done()) << shard_->state().indexed_vectors;
  }

  /// How much of what a scan finds a search without `exact` finds too. What both find has the same score, to the last bit, and
  /// the same place among those that are as near.
  double recall(const Filter* filter = nullptr, int queries = 30, std::uint32_t ef = 0, std::uint32_t k = 10) {
    return recall_of(*shard_, filter, queries, ef, k);
  }
  double recall_of(const Shard& shard, const Filter* filter = nullptr, int queries = 30, std::uint32_t ef = 0,
                   std::uint32_t k = 10) {
    double found = 0;
    double wanted = 0;
    for (int q = 0; q < queries; ++q) {
      const auto asked = query();
      SearchPlan plan;
      plan.query = asked;
      plan.k = k;
      plan.ef = ef;
      plan.matching.filter = filter;
      const auto near = shard.search(plan).value();
      ++paths[static_cast<std::size_t>(near.path)];
      plan.exact = true;
      const auto all = shard.search(plan).value();
      EXPECT_EQ(all.path, SearchPath::scan);
      EXPECT_EQ(near.hits.size(), all.hits.size());
      for (const auto& hit : all.hits) {
        const auto same = std::ranges::find(near.hits, hit.id, &Hit::id);
        ++wanted;
        if (same == near.hits.end()) continue;
        ++found;
        EXPECT_EQ(same->score, hit.score);
        EXPECT_EQ(same->version, hit.version);
      }
      EXPECT_TRUE(std::ranges::is_sorted(near.hits, [&](const Hit& a, const Hit& b) {
        if (a.score != b.score) return near.larger_is_better ? a.score > b.score : a.score < b.score;
        return near.larger_is_better ? a.id > b.id : a.id < b.id;
      }));
    }
    return wanted == 0 ? 1 : found / wanted;
  }
  [[nodiscard]] int taken(SearchPath path) const { return paths[static_cast<std::size_t>(path)]; }
  /// Searches that looked at codes and not at every vector.
  [[nodiscard]] int through_graph() const {
    return taken(SearchPath::graph) + taken(SearchPath::filtered_graph) + taken(SearchPath::code_scan);
  }
  Shard& operator*() { return *shard_; }
  Shard* operator->() { return shard_.get(); }

  int paths[5] = {};

 private:
  std::vector<float> near(const std::vector<float>& centre, float scale) {
    auto row = centre;
    for (auto& value : row) value += scale * normal_(random_);
    return row;
  }

  std::mt19937_64& random_;
  std::normal_distribution<float> normal_;
  Shape shape_;
  VectorSlot slot_;
  IndexBuilder builder_;
  std::shared_ptr<Shard> shard_;
  std::uint64_t offset_ = 0;
  Rows centres_;
};

}  // namespace millrace::testing
