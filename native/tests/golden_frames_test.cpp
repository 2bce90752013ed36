// Golden frames: test/fixtures/frames/README.md. The TypeScript twin is test/contract/golden-frames.test.ts.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "millrace/record.h"

namespace millrace {
namespace {

/// The bytes of a fixture, aligned as frames of the log are.
std::vector<std::uint64_t> read_fixture(const std::string& name, std::size_t& bytes) {
  std::ifstream file(std::string(MILLRACE_FIXTURES) + "/frames/v1/" + name + ".frame", std::ios::binary);
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
                         ::testing::Values("schema", "upsert-mixed", "upsert-numeric", "delete-uuid", "barrier"));

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

TEST(GoldenFrame, DeleteHoldsItsUuid) {
  const auto read = golden("delete-uuid");
  ASSERT_TRUE(read.frame.ok());
  EXPECT_EQ(read.frame.value().kind, layout::RecordKind::delete_points);
  EXPECT_EQ(read.frame.value().id(0), kUuid);
}

}  // namespace
}  // namespace millrace
