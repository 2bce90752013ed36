#include <gtest/gtest.h>

#include "checkpoint_files.h"
#include "graph_shard.h"
#include "random_log.h"
#include "scratch_folder.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

/// The same records go to a shard whose vectors lie in files and to one that has them in memory.
class Pair {
 public:
  Pair(std::uint64_t seed, const ScratchFolder& folder) : log_(seed), folder_(folder) {}

  void run(int rounds) {
    for (int i = 0; i < rounds && !::testing::Test::HasFailure(); ++i) {
      for (auto records = 1 + log_.below(60); records > 0; --records) apply();
      expect_same(*cold_, *cached_);
      expect_split();
      if (log_.below(4) == 0) restore();
    }
  }

 private:
  void apply() {
    const auto record = log_.next();
    const auto result = apply_at(*cold_, record.offset, record.frame);
    const auto other = apply_at(*cached_, record.offset, record.frame);
    ASSERT_FALSE(result.stop) << result.stop->details;
    ASSERT_EQ(result.outcomes.size(), other.outcomes.size());
    for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
      EXPECT_EQ(result.outcomes[i].code, other.outcomes[i].code);
      EXPECT_EQ(result.outcomes[i].affected, other.outcomes[i].affected);
    }
  }

  /// Each is loaded from what the other has written.
  void restore() {
    const std::vector<Bytes> of_cold{file_of(*cold_, 0)};
    const std::vector<Bytes> of_cached{file_of(*cached_, 0)};
    cold_ = open_cold_shard(folder_);
    const auto error = load_into(*cold_, of_cached);
    ASSERT_FALSE(error) << error->details;
    cached_ = loaded(of_cold);
    expect_same(*cold_, *cached_);
  }

  void expect_split() const {
    const auto cold = cold_->state().memory;
    const auto cached = cached_->state().memory;
    EXPECT_EQ(cold.vectors + cold.cold, cached.vectors);
    EXPECT_EQ(cached.cold, 0U);
    EXPECT_EQ(cold.total() + cold.cold, cached.total());
    EXPECT_LE(cold.cold, scratch_bytes());
  }

  RandomLog log_;
  const ScratchFolder& folder_;
  std::shared_ptr<Shard> cold_ = open_cold_shard(folder_);
  std::shared_ptr<Shard> cached_ = open_shard();
};

TEST(ColdVectors, AShardWhoseVectorsLieInFilesAnswersAsOneThatHasThemInMemory) {
  const auto seed = seed_of("cold vectors");
  const ScratchFolder folder;
  for (std::uint64_t i = 0; i < 12 && !HasFailure(); ++i) {
    SCOPED_TRACE("SEED=" + std::to_string(seed + i));
    Pair(seed + i, folder).run(30);
    EXPECT_EQ(scratch_bytes(), 0U);
  }
}

void fill(GraphShard& shard) {
  for (std::uint64_t i = 0; i < 6; ++i) shard.upsert(i * 500, 500);
  shard.upsert(1'000, 300);
  shard.remove({PointId::number(4), PointId::number(2'000)});
}

TEST(ColdVectors, GraphsAreBuiltFromFilesAndFindWhatAScanFindsWithTheScoresOfVectorsInMemory) {
  const auto seed = seed_of("cold graphs");
  const ScratchFolder folder;
  for (const auto distance : {Distance::dot, Distance::euclid}) {
    std::mt19937_64 random(seed);
    std::mt19937_64 same(seed);
    GraphShard cold(distance, random, {12, 80, 1}, ElementType::f32, folder.path);
    GraphShard cached(distance, same);
    for (auto* const shard : {&cold, &cached}) fill(*shard);
    cold.wait(2'998);
    EXPECT_EQ(cold->digest(), cached->digest());
    EXPECT_EQ(cold->state().memory.cold, 3'300 * kGraphDimension * sizeof(float));
    EXPECT_GE(cold.recall(), 0.97);
    EXPECT_EQ(cold.path, SearchPath::graph);
    for (int q = 0; q < 20; ++q) {
      const auto query = cold.vector();
      SearchPlan plan;
      plan.query = query;
      plan.exact = true;
      const auto found = cold->search(plan).value().hits;
      const auto other = cached->search(plan).value().hits;
      ASSERT_EQ(found.size(), other.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].id, other[i].id);
        EXPECT_EQ(found[i].score, other[i].score);
      }
    }
  }
}

TEST(ColdVectors, CodesAreTrainedOnFilesAndHitsAreScoredByThem) {
  using namespace std::chrono_literals;
  std::mt19937_64 random(seed_of("cold codes"));
  const ScratchFolder folder;
  GraphShard shard(Distance::dot, random, {0, 80, 1, 0, {QuantizationKind::scalar}}, ElementType::f32, folder.path);
  fill(shard);
  for (int i = 0; i < 3000 && shard->state().waiting_vectors > 0; ++i) std::this_thread::sleep_for(10ms);
  std::size_t found = 0;
  for (int q = 0; q < 20; ++q) {
    const auto query = shard.vector();
    SearchPlan plan;
    plan.query = query;
    plan.quantization.rescores = true;
    const auto near = shard->search(plan).value();
    EXPECT_EQ(near.path, SearchPath::code_scan);
    plan.exact = true;
    const auto all = shard->search(plan).value();
    for (const auto& hit : all.hits) {
      const auto same = std::ranges::find(near.hits, hit.id, &Hit::id);
      if (same == near.hits.end()) continue;
      ++found;
      EXPECT_EQ(same->score, hit.score);
    }
  }
  EXPECT_GE(found, 196U);
}

TEST(ColdVectors, EachSlotLiesWhereItsOwnSettingsSay) {
  const ScratchFolder folder;
  const auto shard = Shard::open({.collection_id = kCollection,
                                  .index_of_slots = {{0, {}, VectorPlacement::cached}, {1, {}, VectorPlacement::cold}},
                                  .placement = VectorPlacement::cached,
                                  .scratch_folder = folder.path}).value();
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame({1, 0, 0, {{0, "near", 8, Distance::dot}, {1, "far", 16, Distance::dot}}}))).stop);
  std::vector<TestPoint> points;
  for (std::uint64_t id = 0; id < 10; ++id) points.push_back({PointId::number(id), {std::vector<float>(8, 1), std::vector<float>(16, 1)}, ""});
  ASSERT_FALSE(apply_at(*shard, 1, sealed(upsert_frame(points, {0, 1}))).stop);
  EXPECT_EQ(shard->state().memory.cold, 10 * 16 * sizeof(float));
}

TEST(ColdVectors, WithoutAFolderTheyAreKeptInMemory) {
  const auto shard = Shard::open({.collection_id = kCollection, .placement = VectorPlacement::cold}).value();
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame(one_vector(4, Distance::dot)))).stop);
  ASSERT_FALSE(apply_at(*shard, 1, sealed(upsert_frame({{PointId::number(1), {std::vector<float>(4, 1)}, ""}}, {0}))).stop);
  EXPECT_EQ(shard->state().memory.cold, 0U);
  EXPECT_GT(shard->state().memory.vectors, 0U);
}

}  // namespace
}  // namespace millrace
