#include <gtest/gtest.h>

#include <string>

#include "json_frame.h"

namespace millrace {
namespace {

using testing::target_of;

const EncodeTarget kTarget = target_of({{4, "", 2, Distance::dot}});

std::vector<std::uint64_t> ids_of(const ParsedMessages& parsed) {
  std::vector<std::uint64_t> ids;
  for (const auto& record : parsed.records)
    for (const auto& point : testing::FrameReader(record.frame).points(kTarget)) ids.push_back(point.id.low);
  return ids;
}

TEST(PointMessages, those_that_are_no_point_are_left_out_and_told) {
  const std::vector<std::string_view> messages{
      R"({"collection_name":"x","id":1,"vector":[1,2],"payload":{"a":1}})",
      R"({"id":2,"vector":[1,2]},{"id":3,"vector":[1,2]})",
      R"({"id":4,"vector":[1]})",
      "",
      R"( {"id":5,"vector":null} )",
      R"({"id":6,"vector":[1,2])",
      R"({"vector":[1,2]})",
      R"([{"id":7}])",
      R"({"id":8,"payload":null,"later":{"b":[]}})",
      "{\"id\":9}\0",
      R"({"id":10,"vector":[1e999,0]})",
  };
  const auto parsed = parse_point_messages(messages, kTarget, {});
  EXPECT_EQ(parsed.points, 4U);
  EXPECT_EQ(parsed.refused, (std::vector<std::uint32_t>{1, 2, 3, 5, 6, 7, 10}));
  EXPECT_EQ(ids_of(parsed), (std::vector<std::uint64_t>{1, 5, 8, 9}));
}

TEST(PointMessages, one_that_is_too_large_is_refused_alone) {
  const auto large = R"({"id":2,"payload":{"a":")" + std::string(5000, 'x') + "\"}}";
  const std::vector<std::string_view> messages{R"({"id":1})", large, R"({"id":3})"};
  const auto parsed = parse_point_messages(messages, kTarget, {1024, 2048, 128});
  EXPECT_EQ(parsed.refused, std::vector<std::uint32_t>{1});
  EXPECT_EQ(ids_of(parsed), (std::vector<std::uint64_t>{1, 3}));
}

TEST(PointMessages, none_make_no_record) {
  const auto parsed = parse_point_messages({}, kTarget, {});
  EXPECT_TRUE(parsed.records.empty());
  EXPECT_TRUE(parsed.refused.empty());
}

}  // namespace
}  // namespace millrace
