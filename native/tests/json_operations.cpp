#include <gtest/gtest.h>

#include <array>

#include "json_frame.h"
#include "millrace/json_children.h"

namespace millrace {
namespace {

using testing::points_of;
using testing::target_of;

const EncodeTarget kNamed = target_of({{1, "a", 2, Distance::dot}, {2, "b", 3, Distance::cosine}});
constexpr std::array kMeta = {std::byte{0x81}, std::byte{0xA1}, std::byte{0x78}, std::byte{0x01}};
const EncodeOperation kUpdate{layout::RecordKind::update_vectors, kMeta, true};
const EncodeOperation kConditional{layout::RecordKind::upsert, kMeta, true};

ParsedPoints parse(std::string_view body, const EncodeOperation& operation) {
  return parse_upsert(body, kNamed, {}, operation);
}

/// Kind of the first frame, and whether META is in it as it was given.
std::pair<std::uint8_t, bool> head_of(const ParsedPoints& parsed) {
  const auto& frame = parsed.records.at(0).frame;
  const testing::FrameReader reader(frame);
  for (std::uint32_t i = 0; i < reader.get<layout::header::section_count>(); ++i) {
    const auto entry = layout::kHeaderBytes + i * layout::kSectionEntryBytes;
    if (reader.get<layout::section::kind>(entry) != static_cast<std::uint16_t>(layout::SectionKind::meta)) continue;
    const auto offset = reader.get<layout::section::offset>(entry);
    const bool is_same = reader.get<layout::section::bytes>(entry) == kMeta.size() &&
                         std::memcmp(frame.data() + offset, kMeta.data(), kMeta.size()) == 0;
    return {reader.get<layout::header::kind>(), is_same};
  }
  return {reader.get<layout::header::kind>(), false};
}

TEST(ParseOperation, AnUpdateOfVectorsTakesIdsAndVectorsAndNothingElse) {
  const auto parsed = parse(
      R"({"points":[{"id":1,"vector":{"a":[1,2]},"payload":7},{"vector":{"b":[0,3,4]},"id":1}],"batch":5,"update_filter":{"x":1}})",
      kUpdate);
  ASSERT_EQ(parsed.verdict, ParseVerdict::accepted);
  EXPECT_EQ(head_of(parsed), std::pair(static_cast<std::uint8_t>(layout::RecordKind::update_vectors), true));
  const auto points = points_of(parsed, kNamed);
  ASSERT_EQ(points.size(), 2U);
  EXPECT_EQ(points[0].vectors.at(1), (std::vector<float>{1, 2}));
  EXPECT_TRUE(points[0].payload.empty());
  EXPECT_EQ(points[1].norms.at(2), 5.0F);
}

TEST(ParseOperation, AnUpdateOfVectorsNeedsPointsAndVectors) {
  for (const auto* body : {R"({"points":[]})", R"({})", R"({"points":[{"id":1}]})", R"({"points":[{"id":1,"vector":{}}]})",
                           R"({"points":[{"id":1,"vector":null}]})", R"({"batch":{"ids":[1],"vectors":{"a":[[1,2]]}}})",
                           R"({"points":[{"id":1,"vector":{"a":[1]}}]})", R"({"points":[{"id":1,"vector":{"c":[1]}}]})",
                           R"({"points":[{"id":1,"vector":{"a":[1,2]}}],"shard_key":"k"})"}) {
    EXPECT_EQ(parse(body, kUpdate).verdict, ParseVerdict::irregular) << body;
  }
}

TEST(ParseOperation, TheModesOfAnUpsertAreTakenFromTheCaller) {
  const std::string_view body =
      R"({"update_mode":"insert_only","update_filter":{"must":[]},"points":[{"id":1,"payload":{"k":1}}]})";
  EXPECT_EQ(parse_upsert(body, kNamed, {}).verdict, ParseVerdict::irregular);
  const auto parsed = parse(body, kConditional);
  ASSERT_EQ(parsed.verdict, ParseVerdict::accepted);
  EXPECT_EQ(head_of(parsed), std::pair(static_cast<std::uint8_t>(layout::RecordKind::upsert), true));
  EXPECT_EQ(points_of(parsed, kNamed).at(0).payload, R"({"k":1})");
  EXPECT_EQ(parse(R"({"points":[],"update_mode":1,"update_mode":2})", kConditional).verdict, ParseVerdict::irregular);
}

TEST(ParseOperation, MetaCountsTowardsTheSizeOfARecord) {
  const std::vector<std::byte> meta(60'000, std::byte{0});
  const EncodeLimits limits{40'000, 50'000, 128};
  const auto parsed = parse_upsert(R"({"points":[{"id":1}]})", kNamed, limits, {layout::RecordKind::upsert, meta, true});
  EXPECT_EQ(parsed.verdict, ParseVerdict::too_large);
  EXPECT_GT(parsed.record_bytes, meta.size());
}

TEST(JsonChildren, SpansCoverTheValues) {
  const std::string_view text = R"( {"a": [1, 2] , "\u0061" :"x"} )";
  const auto children = json_children(text, 8);
  ASSERT_TRUE(children && children->is_object);
  EXPECT_EQ(children->keys, (std::vector<std::string>{"a", "a"}));
  ASSERT_EQ(children->spans.size(), 4U);
  EXPECT_EQ(text.substr(children->spans[0], children->spans[1] - children->spans[0]), "[1, 2]");
  EXPECT_EQ(text.substr(children->spans[2], children->spans[3] - children->spans[2]), "\"x\"");
  EXPECT_FALSE(json_children("[1,]", 8));
  EXPECT_FALSE(json_children("7", 8));
}

TEST(PayloadText, IsMinifiedAndNeverEmpty) {
  EXPECT_EQ(payload_text(R"( { "a" : 1.50 , "a" : [ ] } )", 8), R"({"a":[]})");
  EXPECT_EQ(payload_text("{ }", 8), "{}");
  EXPECT_FALSE(payload_text("null", 8));
}

}  // namespace
}  // namespace millrace
