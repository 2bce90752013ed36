// Exactly once from a user's topic: docs/reference/log-format.md, SOURCE.
#include <gtest/gtest.h>

#include <cstring>

#include "checkpoint_files.h"
#include "operations.h"
#include "shard/sources.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr std::uint64_t kIngest = 41;

std::vector<std::byte> source_bytes(const SourceRange& range) {
  std::vector<std::byte> bytes(32 + range.topic.size());
  const std::uint64_t words[] = {range.ingest, range.first, range.next};
  const std::uint32_t halves[] = {range.partition, static_cast<std::uint32_t>(range.topic.size())};
  std::memcpy(bytes.data(), words, sizeof words);
  std::memcpy(bytes.data() + sizeof words, halves, sizeof halves);
  std::memcpy(bytes.data() + 32, range.topic.data(), range.topic.size());
  return bytes;
}

std::vector<std::byte> sourced(const SourceRange& range, const std::vector<std::vector<std::byte>>& operations = {}) {
  std::vector<std::uint32_t> ends{0};
  std::vector<std::byte> all;
  for (const auto& frame : operations) {
    all.insert(all.end(), frame.begin(), frame.end());
    ends.push_back(static_cast<std::uint32_t>(all.size()));
  }
  const auto table = std::as_bytes(std::span(ends));
  all.insert(all.begin(), table.begin(), table.end());
  const auto count = static_cast<std::uint32_t>(operations.size());
  RecordBuilder builder(layout::RecordKind::batch, kCollection, 1, count);
  builder.add(layout::SectionKind::operations, 0, 0, count, all);
  builder.add(layout::SectionKind::source, 0, 0, 0, source_bytes(range));
  return builder.finish();
}

SourceRange range(std::uint64_t first, std::uint64_t next, std::string_view topic = "t", std::uint32_t partition = 0) {
  return {kIngest, first, next, partition, topic};
}

std::vector<std::byte> upsert_of(std::uint64_t id, std::vector<float> values = {1}) {
  return upsert_frame({{PointId::number(id), {std::move(values)}, ""}}, {0});
}

std::shared_ptr<Shard> shard_with_schema() {
  auto shard = open_shard();
  EXPECT_EQ(outcome_at(*shard, 0, schema_frame(one_vector(1, Distance::dot))).code, Errc::ok);
  return shard;
}

std::uint64_t position_of(const Shard& shard, std::string_view topic = "t", std::uint32_t partition = 0) {
  for (const auto& source : shard.sources())
    if (source.ingest == kIngest && source.topic == topic && source.partition == partition) return source.next;
  return ~std::uint64_t{0};
}

TEST(ShardSources, EachRangeIsAppliedOnceAndInItsTurn) {
  const auto shard = shard_with_schema();
  EXPECT_EQ(outcome_at(*shard, 1, sourced(range(100, 100))).code, Errc::ok);
  EXPECT_EQ(outcome_at(*shard, 2, sourced(range(100, 110), {upsert_of(1)})).code, Errc::ok);
  EXPECT_EQ(outcome_at(*shard, 3, sourced(range(100, 110), {upsert_of(2)})).code, Errc::source_applied);
  EXPECT_EQ(outcome_at(*shard, 4, sourced(range(105, 120), {upsert_of(3)})).code, Errc::source_applied);
  const auto gap = outcome_at(*shard, 5, sourced(range(111, 120), {upsert_of(4)}));
  EXPECT_EQ(gap.code, Errc::source_gap);
  EXPECT_EQ(gap.details, "\"topic\":\"t\",\"partition\":0,\"first\":111,\"position\":110");
  EXPECT_EQ(outcome_at(*shard, 6, sourced(range(110, 111), {upsert_of(5), delete_frame({PointId::number(1)})})).code,
            Errc::ok);
  EXPECT_EQ(outcome_at(*shard, 7, sourced(range(111, 300))).code, Errc::ok);
  EXPECT_EQ(position_of(*shard), 300U);
  EXPECT_EQ(shard->state().points, 1U);
  EXPECT_EQ(shard->state().records_duplicate, 2U);
  EXPECT_EQ(shard->state().records_rejected, 1U);
}

TEST(ShardSources, TopicsPartitionsAndIngestsAreApart) {
  const auto shard = shard_with_schema();
  auto other = range(7, 8);
  other.ingest = kIngest + 1;
  std::uint64_t offset = 1;
  for (const auto& one : {range(5, 6), range(9, 10, "t", 1), range(1, 2, "t2"), other})
    EXPECT_EQ(outcome_at(*shard, offset++, sourced(one)).code, Errc::ok);
  EXPECT_EQ(position_of(*shard), 6U);
  EXPECT_EQ(position_of(*shard, "t", 1), 10U);
  EXPECT_EQ(position_of(*shard, "t2"), 2U);
  EXPECT_EQ(shard->sources().size(), 4U);
}

TEST(ShardSources, ARejectedBatchLeavesNothingAndDoesNotMoveThePosition) {
  const auto shard = shard_with_schema();
  EXPECT_EQ(outcome_at(*shard, 1, sourced(range(0, 1))).code, Errc::ok);
  const auto before = shard->state();
  const auto rejected = outcome_at(*shard, 2, sourced(range(1, 5), {upsert_of(1), upsert_of(2, {1, 2})}));
  EXPECT_EQ(rejected.code, Errc::vector_dimension_mismatch);
  EXPECT_EQ(shard->state().points, 0U);
  EXPECT_EQ(shard->state().digest, before.digest);
  EXPECT_EQ(position_of(*shard), 1U);
  EXPECT_EQ(outcome_at(*shard, 3, sourced(range(1, 5), {upsert_of(1), upsert_of(2)})).code, Errc::ok);
}

TEST(ShardSources, ThePositionIsPartOfTheDigest) {
  const auto one = shard_with_schema();
  const auto other = shard_with_schema();
  EXPECT_EQ(outcome_at(*one, 1, sourced(range(0, 1))).code, Errc::ok);
  EXPECT_EQ(outcome_at(*other, 1, sourced(range(0, 2))).code, Errc::ok);
  EXPECT_NE(one->state().digest, other->state().digest);
  EXPECT_EQ(one->state().content_digest, other->state().content_digest);
}

TEST(ShardSources, ACheckpointKeepsThePositions) {
  const auto shard = shard_with_schema();
  EXPECT_EQ(outcome_at(*shard, 1, sourced(range(0, 70'000, "t", 3), {upsert_of(1)})).code, Errc::ok);
  const auto first = file_of(*shard, 0);
  const std::uint64_t since = shard->state().next_offset;
  EXPECT_EQ(outcome_at(*shard, 2, sourced(range(5, 1ULL << 60U, "ü"), {upsert_of(2)})).code, Errc::ok);
  const auto second = file_of(*shard, since);
  const auto copy = loaded({first, second});
  expect_same(*shard, *copy);
  EXPECT_EQ(position_of(*copy, "t", 3), 70'000U);
  EXPECT_EQ(outcome_at(*copy, 3, sourced(range(5, 6, "ü"))).code, Errc::source_applied);
  EXPECT_EQ(outcome_at(*copy, 4, sourced(range(1ULL << 60U, (1ULL << 60U) + 1, "ü"))).code, Errc::ok);
}

TEST(ShardSources, DamagedSectionsStopTheShard) {
  const auto shard = shard_with_schema();
  const auto with = [](std::vector<std::byte> section, layout::RecordKind kind = layout::RecordKind::batch) {
    RecordBuilder builder(kind, kCollection, 1, 0);
    builder.add(layout::SectionKind::source, 0, 0, 0, section);
    return builder.finish();
  };
  auto longer = source_bytes(range(0, 1));
  longer.push_back({});
  EXPECT_EQ(outcome_at(*shard, 1, with(longer)).code, Errc::record_corrupt);
  EXPECT_EQ(outcome_at(*shard, 1, with(std::vector<std::byte>(31))).code, Errc::record_corrupt);
  EXPECT_EQ(outcome_at(*shard, 1, with(source_bytes(range(2, 1)))).code, Errc::record_corrupt);
  EXPECT_EQ(outcome_at(*shard, 1, with(source_bytes(range(0, 1)), layout::RecordKind::barrier)).code,
            Errc::record_corrupt);
  const auto clear = operation_frame(layout::RecordKind::clear_payload, std::vector{PointId::number(1)}, "");
  EXPECT_EQ(outcome_at(*shard, 1, sourced(range(0, 1), {clear})).code, Errc::record_corrupt);
  EXPECT_EQ(shard->state().next_offset, 1U);
}

TEST(ShardSources, BeyondTheTableTheOldestIsForgotten) {
  Sources sources;
  DigestSum sum;
  for (std::uint32_t partition = 0; partition <= Sources::kSourcesMax; ++partition) {
    const auto one = range(0, 1, "t", partition);
    sources.prepare(one);
    sources.remember(one, partition, sum);
  }
  EXPECT_EQ(sources.position_of(range(0, 1, "t", 0)), nullptr);
  EXPECT_NE(sources.position_of(range(0, 1, "t", 1)), nullptr);
  EXPECT_EQ(sources.positions().size(), Sources::kSourcesMax);
}

}  // namespace
}  // namespace millrace
