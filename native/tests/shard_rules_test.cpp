#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "frames.h"
#include "packed.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

TestPoint point(std::uint64_t id, std::vector<float> values) { return {PointId::number(id), {std::move(values)}, ""}; }

Errc outcome_of(const ApplyResult& result) { return result.outcomes.at(0).code; }

std::vector<Hit> hits_of(const Shard& shard, const std::vector<float>& query, std::uint32_t k,
                         const Filter* filter = nullptr) {
  SearchPlan plan;
  plan.query = query;
  plan.k = k;
  plan.matching.filter = filter;
  return shard.search(plan).value().hits;
}

TEST(ShardRules, RejectsWhatEveryReplicaMustReject) {
  const auto shard = open_shard();
  EXPECT_EQ(outcome_of(apply_at(*shard, 0, sealed(upsert_frame({point(1, {1})}, {0})))), Errc::schema_missing);
  EXPECT_EQ(outcome_of(apply_at(*shard, 1, sealed(schema_frame(one_vector(2, Distance::dot))))), Errc::ok);
  const auto wrong = apply_at(*shard, 2, sealed(upsert_frame({point(1, {1, 2, 3})}, {0})));
  EXPECT_EQ(outcome_of(wrong), Errc::vector_dimension_mismatch);
  EXPECT_EQ(wrong.outcomes[0].details, "\"expected\":2,\"actual\":3");
  EXPECT_EQ(outcome_of(apply_at(*shard, 3, sealed(upsert_frame({point(1, {1, 2})}, {8})))), Errc::schema_changed);
  for (const float bad : {NAN, INFINITY, -INFINITY})
    EXPECT_EQ(outcome_of(apply_at(*shard, shard->state().next_offset, sealed(upsert_frame({point(1, {1, bad})}, {0})))),
              Errc::vector_not_finite);
  EXPECT_EQ(shard->state().points, 0U);
  EXPECT_EQ(shard->state().records_rejected, 6U);
}

TEST(ShardRules, OldSequencesAreDuplicatesAndOldEpochsAreFenced) {
  const auto shard = open_shard();
  static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(1, Distance::dot)))));
  const auto frame = upsert_frame({point(1, {1})}, {0});
  EXPECT_EQ(outcome_of(apply_at(*shard, 1, sealed(frame, 5, 10, 3))), Errc::ok);
  EXPECT_EQ(outcome_of(apply_at(*shard, 2, sealed(frame, 5, 10, 3))), Errc::record_duplicate);
  EXPECT_EQ(outcome_of(apply_at(*shard, 3, sealed(frame, 5, 9, 3))), Errc::record_duplicate);
  EXPECT_EQ(outcome_of(apply_at(*shard, 4, sealed(frame, 6, 1, 2))), Errc::writer_fenced);
  EXPECT_EQ(outcome_of(apply_at(*shard, 5, sealed(frame, 6, 1, 4))), Errc::ok);
  EXPECT_TRUE(apply_at(*shard, 5, sealed(frame, 6, 2, 4)).outcomes.empty());
  const auto page = shard->retrieve(std::vector{PointId::number(1)}, {});
  EXPECT_EQ(page.value().points.at(0).version, 5U);
}

TEST(ShardRules, StopsBeforeARecordThatItMustNotSkip) {
  const auto shard = open_shard();
  RecordBuilder foreign(layout::RecordKind::barrier, kCollection + 1, 1, 0);
  EXPECT_EQ(apply_at(*shard, 0, sealed(foreign.finish())).stop->code, Errc::record_corrupt);
  RecordBuilder later(layout::RecordKind::create_field_index, kCollection, 1, 0);
  EXPECT_EQ(apply_at(*shard, 0, sealed(later.finish())).stop->code, Errc::record_format_newer);
  auto damaged = sealed(schema_frame(one_vector(1, Distance::dot)));
  damaged.back() ^= std::byte{1};
  EXPECT_EQ(apply_at(*shard, 0, damaged).stop->code, Errc::record_corrupt);
  EXPECT_EQ(shard->state().next_offset, 0U);
  RecordBuilder barrier(layout::RecordKind::barrier, kCollection, 1, 0);
  EXPECT_FALSE(apply_at(*shard, 7, sealed(barrier.finish())).stop);
  EXPECT_EQ(shard->state().next_offset, 8U);
}

TEST(ShardRules, ProducersBeyondTheTableAreForgottenOldestFirst) {
  const auto shard = open_shard();
  RecordBuilder barrier(layout::RecordKind::barrier, kCollection, 1, 0);
  auto frame = barrier.finish();
  for (std::uint64_t producer = 1; producer <= 65'537; ++producer) {
    seal_record(frame, producer, 1, 0);
    ASSERT_EQ(outcome_of(apply_at(*shard, producer, frame)), Errc::ok);
  }
  seal_record(frame, 2, 1, 0);
  EXPECT_EQ(outcome_of(apply_at(*shard, 70'000, frame)), Errc::record_duplicate);
  seal_record(frame, 1, 1, 0);
  EXPECT_EQ(outcome_of(apply_at(*shard, 70'001, frame)), Errc::ok);
}

TEST(ShardEdges, EmptyAndEmptiedShardsAnswerWithNothing) {
  const auto shard = open_shard();
  EXPECT_EQ(shard->count().value(), 0U);
  EXPECT_TRUE(shard->scroll({}, 10, {}).value().points.empty());
  SearchPlan plan;
  EXPECT_EQ(shard->search(plan).error().code, Errc::vector_name_unknown);
  static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(1, Distance::euclid)))));
  EXPECT_TRUE(hits_of(*shard, {1}, 3).empty());
  const auto empty = shard->state().content_digest;
  static_cast<void>(apply_at(*shard, 1, sealed(upsert_frame({point(1, {1}), point(2, {2})}, {0}))));
  EXPECT_EQ(hits_of(*shard, {1}, 300).size(), 2U);
  static_cast<void>(apply_at(*shard, 2, sealed(delete_frame({PointId::number(1), PointId::number(2)}))));
  EXPECT_TRUE(hits_of(*shard, {1}, 3).empty());
  EXPECT_EQ(shard->state().content_digest, empty);
}

TEST(ShardEdges, EqualScoresAreOrderedByIdOppositelyForSimilaritiesAndDistances) {
  for (const auto distance : {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan}) {
    const auto shard = open_shard();
    static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(2, distance)))));
    std::vector<TestPoint> batch;
    for (std::uint64_t i = 0; i < 50; ++i) batch.push_back(point(i, {0, 0}));
    static_cast<void>(apply_at(*shard, 1, sealed(upsert_frame(batch, {0}))));
    const auto hits = hits_of(*shard, {0, 0}, 3);
    const bool is_similarity = distance == Distance::cosine || distance == Distance::dot;
    ASSERT_EQ(hits.size(), 3U);
    for (std::uint64_t i = 0; i < 3; ++i) EXPECT_EQ(hits[i].id.low, is_similarity ? 49 - i : i);
  }
}

TEST(ShardEdges, TheSmallestAndLargestDimensionsAndDenormalsAreSearched) {
  for (const std::uint32_t dimension : {1U, 65'536U}) {
    const auto shard = open_shard();
    static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(dimension, Distance::euclid)))));
    const std::vector<float> tiny(dimension, std::numeric_limits<float>::denorm_min());
    const std::vector<float> zero(dimension, 0.0F);
    const std::vector<float> one(dimension, 1.0F);
    static_cast<void>(apply_at(*shard, 1, sealed(upsert_frame({point(1, one), point(2, tiny), point(3, zero)}, {0}))));
    const auto hits = hits_of(*shard, zero, 3);
    ASSERT_EQ(hits.size(), 3U);
    EXPECT_EQ(hits[2].id.low, 1U);
    EXPECT_EQ(hits[2].score, std::sqrt(static_cast<float>(dimension)));
  }
  const auto shard = open_shard();
  EXPECT_EQ(apply_at(*shard, 0, sealed(schema_frame(one_vector(65'537, Distance::dot)))).stop->code,
            Errc::record_corrupt);
}

TEST(ShardEdges, AFilterAnEndedCallAndAWrongQueryAreHonoured) {
  const auto shard = open_shard();
  static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(1, Distance::dot)))));
  static_cast<void>(apply_at(*shard, 1, sealed(upsert_frame({point(1, {1}), point(2, {2}), point(3, {3})}, {0}))));
  const auto filter = filter_of(R"({"must": [{"has_id": [1, 2]}]})");
  EXPECT_EQ(hits_of(*shard, {1}, 9, &filter).size(), 2U);
  EXPECT_EQ(shard->count({&filter}).value(), 2U);
  EXPECT_EQ(shard->match({&filter}).value().words, std::vector<std::uint64_t>{0b011});
  EXPECT_EQ(shard->scroll({}, 9, {}, {&filter}).value().points.size(), 2U);
  SearchPlan plan;
  const std::vector<float> query{1};
  plan.query = query;
  Cancellation cancellation;
  plan.matching.cancellation = &cancellation;
  cancellation.deadline_ns = 1;
  EXPECT_EQ(shard->search(plan).error().code, Errc::deadline_passed);
  cancellation.cancelled = true;
  EXPECT_EQ(shard->search(plan).error().code, Errc::cancelled);
  plan.query = {};
  EXPECT_EQ(shard->search(plan).error().code, Errc::vector_dimension_mismatch);
}

TEST(ShardEdges, ScrollKeepsItsOrderOverManyMoreRowsThanItsTailHolds) {
  const auto shard = open_shard();
  static_cast<void>(apply_at(*shard, 0, sealed(schema_frame(one_vector(1, Distance::dot)))));
  for (std::uint64_t offset = 1; offset <= 40; ++offset) {
    std::vector<TestPoint> batch;
    for (std::uint64_t i = 0; i < 1000; ++i) batch.push_back(point((i * 7919 + offset * 613) % 30'000, {1}));
    static_cast<void>(apply_at(*shard, offset, sealed(upsert_frame(batch, {0}))));
    if (offset % 4 != 0) continue;
    std::optional<PointId> from;
    std::uint64_t seen = 0;
    std::optional<PointId> last;
    do {
      const auto page = shard->scroll(from, 5000, {}).value();
      for (const auto& view : page.points) {
        EXPECT_TRUE(!last || *last < view.id);
        last = view.id;
        ++seen;
      }
      from = page.next;
    } while (from);
    EXPECT_EQ(seen, shard->count().value());
  }
}

}  // namespace
}  // namespace millrace
