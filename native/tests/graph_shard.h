#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "millrace/index_builder.h"
#include "operations.h"

namespace millrace::testing {

inline constexpr std::uint32_t kGraphDimension = 24;

/// A shard whose graph grows in threads of its own.
class GraphShard {
 public:
  /// @param cold_folder  of files for its vectors; empty: they are in memory
  GraphShard(Distance distance, std::mt19937_64& random, IndexSettings settings = {12, 80, 1},
             ElementType element = ElementType::f32, const std::string& cold_folder = {})
      : random_(random),
        slot_{0, "", kGraphDimension, distance, false, element},
        builder_({3}),
        shard_(Shard::open({kCollection, 0, &builder_, settings, {},
                            cold_folder.empty() ? VectorPlacement::cached : VectorPlacement::cold, cold_folder}).value()) {
    EXPECT_FALSE(apply_at(*shard_, offset_++, sealed(schema_frame({1, 0, 0, {slot_}}))).stop);
    std::normal_distribution<float> normal;
    for (auto& value : centres_) value = 2 * normal(random_);
  }

  [[nodiscard]] std::vector<float> vector() {
    std::normal_distribution<float> normal;
    std::vector<float> values(kGraphDimension);
    const auto centre = random_() % kCentres;
    for (std::uint32_t d = 0; d < kGraphDimension; ++d) values[d] = centres_[centre * kGraphDimension + d] + normal(random_);
    // Most of them between 0 and 255.
    if (slot_.element == ElementType::u8)
      for (auto& value : values) value = 100 + 20 * value;
    return values;
  }
  void upsert(std::uint64_t first, std::uint64_t count) {
    std::vector<TestPoint> points;
    for (auto id = first; id < first + count; ++id)
      points.push_back({PointId::number(id), {vector()}, "{\"n\":" + std::to_string(id % 100) + "}"});
    apply(upsert_frame(points, {slot_}));
  }
  void remove(const std::vector<PointId>& ids) { apply(delete_frame(ids)); }
  void touch(std::uint64_t first, std::uint64_t count, const std::string& payload) {
    std::vector<PointId> ids;
    for (auto id = first; id < first + count; ++id) ids.push_back(PointId::number(id));
    apply(operation_frame(layout::RecordKind::overwrite_payload, ids, "{\"payload\":'" + payload + "'}"));
  }
  void apply(const std::vector<std::byte>& frame) {
    const auto result = apply_at(*shard_, offset_++, sealed(frame));
    ASSERT_FALSE(result.stop);
    for (const auto& outcome : result.outcomes) ASSERT_EQ(outcome.code, Errc::ok) << outcome.details;
  }

  /// @param indexed  vectors that the graph must have
  void wait(std::uint64_t indexed) {
    using namespace std::chrono_literals;
    for (int i = 0; i < 6000 && shard_->state().indexed_vectors < indexed; ++i) std::this_thread::sleep_for(10ms);
    ASSERT_GE(shard_->state().indexed_vectors, indexed);
  }

  /// How much of what a scan finds a search without `exact` finds too; the scores of what both find are equal.
  double recall(const Filter* filter = nullptr, int queries = 40, std::uint32_t k = 10) {
    return recall_of(*shard_, filter, queries, k);
  }
  /// The same of another shard, for queries as this one's.
  double recall_of(const Shard& shard, const Filter* filter = nullptr, int queries = 40, std::uint32_t k = 10) {
    double found = 0;
    double wanted = 0;
    for (int q = 0; q < queries; ++q) {
      const auto query = vector();
      SearchPlan plan;
      plan.query = query;
      plan.k = k;
      plan.matching.filter = filter;
      const auto near = shard.search(plan).value();
      plan.exact = true;
      const auto all = shard.search(plan).value();
      EXPECT_EQ(all.path, SearchPath::scan);
      path = near.path;
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
  Shard& operator*() { return *shard_; }
  Shard* operator->() { return shard_.get(); }

  SearchPath path = SearchPath::scan;

 private:
  static constexpr std::size_t kCentres = 30;
  std::mt19937_64& random_;
  VectorSlot slot_;
  IndexBuilder builder_;
  std::shared_ptr<Shard> shard_;
  std::uint64_t offset_ = 0;
  std::vector<float> centres_ = std::vector<float>(kCentres * kGraphDimension);
};

}  // namespace millrace::testing
