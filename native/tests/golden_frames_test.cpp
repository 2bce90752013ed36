// Golden frames: test/fixtures/frames/README.md. The TypeScript twin is test/contract/golden-frames.test.ts.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "filter/filter_tree.h"
#include "millrace/record.h"
#include "shard/schema_codec.h"
#include "shard/write_operation.h"

namespace millrace {
namespace {

/// The bytes of a fixture, aligned as frames of the log are.
std::vector<std::uint64_t> read_fixture(const std::string& name, std::size_t& bytes) {
  std::ifstream file(std::string(MILLRACE_FIXTURES) + "/frames/" + (name.find('/') == std::string::npos ? "v1/" + name : name) + ".frame", std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  bytes = text.size();
  std::vector<std::uint64_t> words((text.size() + 7) / 8);
  std::memcpy(words.data(), text.data(), text.size());
  return words;
}

class GoldenFrames : public ::testing::TestWithParam<const char*> {};

struct Golden {
  std::vector<std::uint64_t> words;
  Result<RecordFrame> frame;
};

Golden golden(const std::string& name) {
  std::size_t bytes = 0;
  auto words = read_fixture(name, bytes);
  auto frame = decode_record(std::as_bytes(std::span(words)).first(bytes), 0);
  return {std::move(words), std::move(frame)};
}

TEST_P(GoldenFrames, AreReadWithTheirSeal) {
  const auto read = golden(GetParam());
  ASSERT_TRUE(read.frame.ok()) << read.frame.error().details;
  EXPECT_EQ(read.frame.value().collection_id, 7U);
  EXPECT_EQ(read.frame.value().schema_version, 1U);
  EXPECT_EQ(read.frame.value().producer_id, 0x1122334455667788U);
  EXPECT_EQ(read.frame.value().sequence, 42U);
  EXPECT_EQ(read.frame.value().writer_epoch, 1U);
}

INSTANTIATE_TEST_SUITE_P(Version1, GoldenFrames,
                         ::testing::Values("schema", "upsert-mixed", "upsert-numeric", "delete-uuid", "barrier",
                                           "upsert-conditional", "delete-by-filter", "update-vectors", "delete-vectors",
                                           "set-payload", "overwrite-payload", "delete-payload", "clear-payload", "batch", "batch-source",
                                           "v1.1/schema-sparse", "v1.1/upsert-sparse",
                                           "v1.2/schema-datatypes", "v1.2/upsert-datatypes", "v1.2/schema-multi",
                                           "v1.2/upsert-multi"));

const PointId kUuid{true, 0x550e8400e29b41d4U, 0xa716446655440000U};

TEST(GoldenFrame, MixedUpsertHoldsItsRows) {
  const auto read = golden("upsert-mixed");
  ASSERT_TRUE(read.frame.ok());
  const auto& frame = read.frame.value();
  ASSERT_EQ(frame.count, 3U);
  EXPECT_EQ(frame.id(0), PointId::number(1));
  EXPECT_EQ(frame.id(1), kUuid);
  EXPECT_EQ(frame.id(2), PointId::number(~0ULL));
  EXPECT_EQ(frame.payload(0), "{\"a\":1.0,\"ü\":\"ß\"}");
  EXPECT_EQ(frame.payload(1), "");
  EXPECT_EQ(frame.payload(2), "{\"n\":12345678901234567890}");
  ASSERT_EQ(frame.vectors.size(), 2U);
  const auto& first = frame.vectors[0];
  EXPECT_EQ(first.dimension, 3U);
  EXPECT_EQ(std::vector<float>(first.values.begin(), first.values.end()),
            (std::vector<float>{1, 0, 0, 0.6F, 0.8F, 0, 0, 0, 1}));
  EXPECT_EQ(std::vector<float>(first.norms.begin(), first.norms.end()), (std::vector<float>{1, 5, 2}));
  const auto& second = frame.vectors[1];
  EXPECT_EQ(second.present, 2U);
  EXPECT_TRUE(second.has(0));
  EXPECT_FALSE(second.has(1));
  EXPECT_TRUE(second.has(2));
  EXPECT_EQ(std::vector<float>(second.values.begin(), second.values.end()), (std::vector<float>{1.5F, -2, 0.25F, 4}));
}

TEST(GoldenFrame, SparseSchemaAndUpsertHoldTheirVectors) {
  const auto schema_frame = golden("v1.1/schema-sparse");
  const auto decoded = decode_schema(schema_frame.frame.value().meta);
  const auto& vectors = std::get<Schema>(decoded).vectors;
  ASSERT_EQ(vectors.size(), 3U);
  EXPECT_FALSE(vectors[0].is_sparse);
  EXPECT_TRUE(vectors[1].is_sparse);
  EXPECT_EQ(vectors[1].name, "wörds");
  EXPECT_EQ(vectors[2].slot, 5U);
  const auto read = golden("v1.1/upsert-sparse");
  const auto& blocks = read.frame.value().vectors;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_FALSE(blocks[0].has(1));
  const auto first = blocks[0].sparse(0);
  EXPECT_EQ(std::vector(first.indices.begin(), first.indices.end()), (std::vector<std::uint32_t>{0, 7, 4294967295U}));
  EXPECT_EQ(std::vector(first.values.begin(), first.values.end()), (std::vector<float>{1.5F, -2, 0.25F}));
  EXPECT_TRUE(blocks[0].sparse(1).indices.empty());
  EXPECT_EQ(blocks[1].sparse(1).indices[1], 3U);
  EXPECT_EQ(blocks[1].sparse(2).values[0], -4.0F);
}

TEST(GoldenFrame, VectorsOfOtherDatatypesAreWhatTheirSchemaSays) {
  const auto schema_frame = golden("v1.2/schema-datatypes");
  const auto decoded = decode_schema(schema_frame.frame.value().meta);
  const auto& vectors = std::get<Schema>(decoded).vectors;
  ASSERT_EQ(vectors.size(), 3U);
  EXPECT_EQ(vectors[0].element, ElementType::f32);
  EXPECT_EQ(vectors[1].element, ElementType::f16);
  EXPECT_EQ(vectors[2].element, ElementType::u8);
  const auto read = golden("v1.2/upsert-datatypes");
  const auto& blocks = read.frame.value().vectors;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_EQ(blocks[0].element, ElementType::f16);
  EXPECT_EQ(blocks[0].dimension, 3U);
  EXPECT_FALSE(blocks[0].has(1));
  std::vector<float> halves(6);
  read_elements(ElementType::f16, blocks[0].stored.data(), halves);
  EXPECT_EQ(halves, (std::vector<float>{0.5F, -0.5F, 0.70703125F, 0x1p-24F, 65504, -0.0F}));
  EXPECT_EQ(blocks[1].element, ElementType::u8);
  EXPECT_EQ(blocks[1].dimension, 4U);
  EXPECT_EQ(blocks[1].dense(1).front(), std::byte{4});
  EXPECT_TRUE(blocks[1].values.empty());
}

TEST(GoldenFrame, MultivectorsAreRunsOfVectors) {
  const auto schema_frame = golden("v1.2/schema-multi");
  const auto decoded = decode_schema(schema_frame.frame.value().meta);
  const auto& vectors = std::get<Schema>(decoded).vectors;
  ASSERT_EQ(vectors.size(), 3U);
  EXPECT_TRUE(vectors[0].is_multi);
  EXPECT_TRUE(vectors[1].is_multi);
  EXPECT_FALSE(vectors[2].is_multi);
  const auto read = golden("v1.2/upsert-multi");
  const auto& blocks = read.frame.value().vectors;
  ASSERT_EQ(blocks.size(), 2U);
  EXPECT_TRUE(blocks[0].is_multi());
  EXPECT_EQ(blocks[0].dimension, 2U);
  const auto last = blocks[0].multi(2);
  EXPECT_EQ(last.count, 3U);
  std::vector<float> values(6);
  read_elements(ElementType::f32, last.stored.data(), values);
  EXPECT_EQ(values, (std::vector<float>{7, 8, 9, 10, 11, 12}));
  EXPECT_EQ(blocks[1].element, ElementType::f16);
  EXPECT_FALSE(blocks[1].has(0));
  const auto halves = blocks[1].multi(1);
  EXPECT_EQ(halves.count, 2U);
  EXPECT_EQ(std::vector<float>(halves.norms.begin(), halves.norms.end()), (std::vector<float>{1, 5}));
}

TEST(GoldenFrame, DeleteHoldsItsUuid) {
  const auto read = golden("delete-uuid");
  ASSERT_TRUE(read.frame.ok());
  EXPECT_EQ(read.frame.value().kind, layout::RecordKind::delete_points);
  EXPECT_EQ(read.frame.value().id(0), kUuid);
}

TEST(GoldenFrame, BatchOfAnIngestHoldsItsSource) {
  const auto read = golden("batch-source");
  ASSERT_TRUE(read.frame.ok());
  const auto& source = read.frame.value().source;
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ(source->ingest, 9U);
  EXPECT_EQ(source->topic, "orders.übung");
  EXPECT_EQ(source->partition, 3U);
  EXPECT_EQ(source->first, 1ULL << 40U);
  EXPECT_EQ(source->next, (1ULL << 40U) + 17);
  EXPECT_EQ(read.frame.value().operations(), 1U);
}

TEST(GoldenFrame, OperationsHoldWhatTheirKindNeeds) {
  const auto read_one = [](const char* name) {
    auto read = golden(name);
    WriteOperations operations;
    const auto error = read_operations(read.frame.value(), 0, operations);
    EXPECT_FALSE(error) << name << ": " << error->details;
    return std::pair(std::move(read), std::move(operations));
  };
  const auto [conditional, upserts] = read_one("upsert-conditional");
  EXPECT_EQ(upserts.list.at(0).meta.mode, WriteMeta::Mode::insert_only);
  const auto [by_filter, deletes] = read_one("delete-by-filter");
  EXPECT_EQ(deletes.list.at(0).meta.filter->tree().tests.size(), 1U);
  EXPECT_EQ(deletes.list.at(0).meta.filter->tree().ids.at(0), (std::vector{PointId::number(~0ULL), kUuid}));
  const auto [updated, updates] = read_one("update-vectors");
  EXPECT_EQ(updates.list.at(0).frame.vectors.at(0).values[1], 0.25F);
  const auto [dropped, drops] = read_one("delete-vectors");
  EXPECT_EQ(drops.list.at(0).meta.slots, (std::vector<std::uint32_t>{1, 2}));
  const auto [set, sets] = read_one("set-payload");
  EXPECT_EQ(sets.list.at(0).meta.payload->text(), "{\"n\":12345678901234567890}");
  EXPECT_EQ(sets.list.at(0).meta.key.size(), 2U);
  const auto [removed, removes] = read_one("delete-payload");
  EXPECT_EQ(removes.list.at(0).meta.keys->at(1).at(1).kind, PathStep::Kind::every);
  const auto [batch, parts] = read_one("batch");
  ASSERT_EQ(parts.list.size(), 3U);
  EXPECT_EQ(parts.list[0].frame.kind, layout::RecordKind::clear_payload);
  EXPECT_EQ(parts.list[1].frame.id(0), kUuid);
  EXPECT_EQ(parts.list[2].frame.kind, layout::RecordKind::delete_by_filter);
}

}  // namespace
}  // namespace millrace
