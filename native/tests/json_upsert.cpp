#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "json_frame.h"

namespace millrace {
namespace {

using testing::points_of;
using testing::target_of;

const EncodeTarget kUnnamed = target_of({{4, "", 2, Distance::dot}});
const EncodeTarget kNamed = target_of({{1, "a", 2, Distance::dot}, {2, "b", 3, Distance::cosine}});

ParseVerdict verdict_of(std::string_view body, const EncodeTarget& target = kUnnamed) {
  return parse_upsert(body, target, {}).verdict;
}

testing::DecodedPoint only_point(std::string_view body, const EncodeTarget& target = kUnnamed) {
  const auto parsed = parse_upsert(body, target, {});
  EXPECT_EQ(parsed.verdict, ParseVerdict::accepted) << body;
  const auto points = points_of(parsed, target);
  EXPECT_EQ(points.size(), 1U) << body;
  return points.empty() ? testing::DecodedPoint{} : points.front();
}

std::string payload_of(const std::string& payload) {
  return only_point(R"({"points":[{"id":1,"payload":)" + payload + "}]}").payload;
}

TEST(Upsert, the_list_form_becomes_a_frame) {
  const auto parsed = parse_upsert(R"( { "points" : [ {"vector":[1, -2.5],"id":7,"payload":{ "a" : 1.50 }} ] } )", kUnnamed, {});
  ASSERT_EQ(parsed.verdict, ParseVerdict::accepted);
  ASSERT_EQ(parsed.records.size(), 1U);
  const testing::FrameReader frame(parsed.records[0].frame);
  EXPECT_EQ(frame.get<layout::header::collection_id>(), 77U);
  EXPECT_EQ(frame.get<layout::header::schema_version>(), 3U);
  EXPECT_EQ(frame.get<layout::header::producer_id>(), 0U);
  EXPECT_EQ(frame.get<layout::header::frame_bytes>(), parsed.records[0].frame.size());
  const auto point = points_of(parsed, kUnnamed).at(0);
  EXPECT_EQ(point.id, PointId::number(7));
  EXPECT_EQ(point.vectors.at(4), (std::vector<float>{1, -2.5F}));
  EXPECT_EQ(point.payload, R"({"a":1.50})");
  EXPECT_TRUE(point.norms.empty());
}

TEST(Upsert, every_way_to_write_an_id_is_understood) {
  const PointId uuid{true, 0x550e8400e29b41d4ULL, 0xa716446655440000ULL};
  for (const char* id : {"550e8400-e29b-41d4-a716-446655440000", "550E8400E29B41D4A716446655440000",
                         "urn:uuid:550e8400-e29b-41d4-a716-446655440000", "{550e8400-e29b-41d4-A716-446655440000}",
                         "\\u0035\\u00350e8400-e29b-41d4-a716-446655440000"}) {
    EXPECT_EQ(only_point(R"({"points":[{"id":")" + std::string(id) + R"("}]})").id, uuid) << id;
  }
  EXPECT_EQ(only_point(R"({"points":[{"id":18446744073709551615}]})").id, PointId::number(~0ULL));
  EXPECT_EQ(only_point(R"({"points":[{"id":0}]})").id, PointId::number(0));
}

TEST(Upsert, vectors_may_be_missing_bare_or_named) {
  for (const char* vector : {R"("vector":[1,2])", R"("vectors":[1,2])", R"("vector":{"":[1,2]})"})
    EXPECT_EQ(only_point(R"({"points":[{"id":1,)" + std::string(vector) + "}]}").vectors.at(4), (std::vector<float>{1, 2}));
  for (const char* vector : {"", R"(,"vector":{})", R"(,"vectors":null)"})
    EXPECT_TRUE(only_point(R"({"points":[{"id":1)" + std::string(vector) + "}]}").vectors.empty());
  const auto point = only_point(R"({"points":[{"id":1,"vector":{"b":[0,3,4]}}]})", kNamed);
  EXPECT_EQ(point.vectors.size(), 1U);
  EXPECT_EQ(point.vectors.at(2), (std::vector<float>{0, 0.6F, 0.8F}));
  EXPECT_EQ(point.norms.at(2), 5.0F);
}

TEST(Upsert, rows_without_a_vector_are_left_out_of_the_block) {
  const auto parsed = parse_upsert(
      R"({"points":[{"id":1,"vector":{"a":[1,2]}},{"id":2},{"id":3,"vector":{"b":[1,0,0],"a":[5,6]}}]})", kNamed, {});
  const auto points = points_of(parsed, kNamed);
  ASSERT_EQ(points.size(), 3U);
  EXPECT_EQ(points[0].vectors.at(1), (std::vector<float>{1, 2}));
  EXPECT_TRUE(points[1].vectors.empty());
  EXPECT_EQ(points[2].vectors.at(1), (std::vector<float>{5, 6}));
  EXPECT_EQ(points[2].norms.at(2), 1.0F);
}

TEST(Upsert, the_batch_form_gives_the_same_points_in_any_member_order) {
  for (const char* body : {R"({"batch":{"ids":[1,2],"vectors":[[1,2],[3,4]],"payloads":[null,{"k":1}]}})",
                           R"({"batch":{"payloads":[{},{"k": 1}],"x":[],"vectors":{"":[[1,2],[3,4]]},"ids":[1,2]}})",
                           R"({"points":[{"id":9}],"batch":{"ids":[1,2],"vectors":[[1,2],[3,4]],"payloads":[null,{"k":1}]}})"}) {
    const auto points = points_of(parse_upsert(body, kUnnamed, {}), kUnnamed);
    ASSERT_EQ(points.size(), 2U) << body;
    EXPECT_EQ(points[0].vectors.at(4), (std::vector<float>{1, 2}));
    EXPECT_EQ(points[1].vectors.at(4), (std::vector<float>{3, 4}));
    EXPECT_EQ(points[0].payload, "");
    EXPECT_EQ(points[1].payload, R"({"k":1})");
  }
}

TEST(Upsert, accepts_what_the_schema_accepts) {
  for (const char* body :
       {R"({"points":[]})", R"({"batch":{"ids":[],"vectors":[]}})", R"({"points":[],"shard_key":null,"update_filter":null})",
        R"({"points":[],"update_mode":"upsert","unknown":[{"a":[1,"\ud83d\ude00"]}]})", R"({"batch":null,"points":[]})",
        R"({"batch":{"ids":[1],"vectors":{}}})", R"({"points":[{"id":1,"unknown":{"id":"x"},"payload":null}]})",
        R"({"points":[{"id":"x"}],"batch":{"ids":[],"vectors":[]}})", R"({"batch":{"ids":[],"vectors":[]},"points":7})"}) {
    EXPECT_EQ(verdict_of(body), ParseVerdict::accepted) << body;
  }
  EXPECT_EQ(verdict_of(R"({"batch":{"ids":[],"vectors":[]}})", kNamed), ParseVerdict::accepted);
  EXPECT_TRUE(parse_upsert(R"({"points":[]})", kUnnamed, {}).records.empty());
}

TEST(Upsert, refuses_everything_else) {
  for (const char* body :
       {"", "{}", "[]", "null", R"({"points":)", R"({"points":[]}x)", R"({"points":[],})", R"({"points":[{"id":1},]})",
        R"({"points":null})", R"({"points":{}})", R"({"points":[1]})", R"({"points":[{}]})", R"({"points":[{"id":-1}]})",
        R"({"points":[{"id":1.0}]})", R"({"points":[{"id":1e2}]})", R"({"points":[{"id":"12"}]})", R"({"points":[{"id":01}]})",
        R"({"points":[{"id":18446744073709551616}]})", R"({"points":[{"id":null}]})", R"({"points":[{"id":1,"id":1}]})",
        R"({"points":[{"id":1,"vector":[]}]})", R"({"points":[{"id":1,"vector":[1]}]})",
        R"({"points":[{"id":1,"vector":[1,2,3]}]})", R"({"points":[{"id":1,"vector":[1,2,]}]})",
        R"({"points":[{"id":1,"vector":[1,null]}]})", R"({"points":[{"id":1,"vector":[1,1e999]}]})",
        R"({"points":[{"id":1,"vector":[1,3.5e38]}]})", R"({"points":[{"id":1,"vector":[1,NaN]}]})",
        R"({"points":[{"id":1,"vector":[1,01]}]})", R"({"points":[{"id":1,"vector":[1,.5]}]})",
        R"({"points":[{"id":1,"vector":[1,5.]}]})", R"({"points":[{"id":1,"vector":[1,+5]}]})",
        R"({"points":[{"id":1,"vector":[[1,2]]}]})", R"({"points":[{"id":1,"vector":{"x":[1,2]}}]})",
        R"({"points":[{"id":1,"vector":{"":null}}]})", R"({"points":[{"id":1,"vector":{"":[1,2],"":[1,2]}}]})",
        R"({"points":[{"id":1,"vector":[1,2],"vectors":[1,2]}]})", R"({"points":[{"id":1,"vector":"x"}]})",
        R"({"points":[{"id":1,"vector":{"indices":[1],"values":[1]}}]})", R"({"points":[{"id":1,"payload":[]}]})",
        R"({"points":[{"id":1,"payload":{"a":1e999}}]})", R"({"points":[{"id":1,"payload":{"a":tru}}]})",
        R"({"points":[{"id":1,"payload":{"a":"\ud800"}}]})", R"({"points":[{"id":1,"payload":{"a":"\udc00"}}]})",
        R"({"points":[{"id":1,"payload":{"a":"\x"}}]})", "{\"points\":[{\"id\":1,\"payload\":{\"a\":\"\xff\"}}]}",
        "{\"points\":[{\"id\":1,\"payload\":{\"a\":\"\n\"}}]}", "{\"points\":[{\"id\":1,\"payload\":{\"a\":\"\xed\xa0\x80\"}}]}",
        R"({"points":[],"points":[]})", R"({"points":null,"points":[]})", R"({"points":[],"shard_key":null,"shard_key":null})",
        R"({"points":[],"update_mode":null,"update_mode":"upsert"})", R"({"points":[{"id":"x"}],"batch":null})",
        R"({"points":[],"shard_key":"a"})", R"({"points":[],"update_mode":""})",
        R"({"batch":{"ids":[],"vectors":[],"payloads":null,"payloads":[]}})", R"({"points":[],"update_mode":"insert_only"})",
        R"({"points":[],"update_filter":{}})", R"({"batch":{"ids":[1],"vectors":[]}})", R"({"batch":{"ids":[1]}})",
        R"({"batch":{"ids":[1],"vectors":[[1,2]],"payloads":[]}})", R"({"batch":{"ids":[1],"vectors":{"":[[1,2],[1,2]]}}})"}) {
    EXPECT_EQ(verdict_of(body), ParseVerdict::irregular) << body;
  }
  for (const char* body : {R"({"points":[{"id":1,"vector":[1,2]}]})", R"({"batch":{"ids":[1],"vectors":[]}})",
                           R"({"batch":{"ids":[],"vectors":{"x":[]}}})"}) {
    EXPECT_EQ(verdict_of(body, kNamed), ParseVerdict::irregular) << body;
  }
}

TEST(Upsert, every_prefix_of_a_body_is_refused) {
  const std::string body = R"({"points":[{"id":"550e8400-e29b-41d4-a716-446655440000","vector":{"a":[1.25,-2e-3],"b":[1,2,3]},)"
                           R"("payload":{"k":["\ud83d\ude00ü",true,false,null,{"x":-1.5E+3}]}}],"rest":[[],{}]})";
  ASSERT_EQ(verdict_of(body, kNamed), ParseVerdict::accepted);
  for (std::size_t length = 0; length < body.size(); ++length) {
    // A copy of just that length lets the address sanitizer see any read past the end.
    const std::vector<char> prefix(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(verdict_of({prefix.data(), prefix.size()}, kNamed), ParseVerdict::irregular) << length;
  }
}

TEST(Upsert, deep_nesting_is_refused_in_bounded_stack) {
  EXPECT_EQ(verdict_of(std::string(100'000, '[')), ParseVerdict::irregular);
  EXPECT_EQ(verdict_of(R"({"x":)" + std::string(100'000, '[')), ParseVerdict::irregular);
  EXPECT_EQ(verdict_of(R"({"points":[{"id":1,"payload":{"a":)" + std::string(100'000, '[')), ParseVerdict::irregular);
  const auto nested = [](std::size_t levels) {
    return R"({"points":[{"id":1,"payload":{"a":)" + std::string(levels, '[') + std::string(levels, ']') + "}}]}";
  };
  EXPECT_EQ(verdict_of(nested(124)), ParseVerdict::accepted);
  EXPECT_EQ(verdict_of(nested(125)), ParseVerdict::irregular);
}

TEST(Upsert, payloads_are_minified_and_otherwise_kept) {
  EXPECT_EQ(payload_of("{ \"b\" : [ 1 , 1.0 , 1E5, -0 ] ,\n\"a\" : \"x \\u00e9 y\" }"),
            "{\"b\":[1,1.0,1E5,-0],\"a\":\"x \\u00e9 y\"}");
  EXPECT_EQ(payload_of("{}"), "");
}

TEST(Upsert, of_duplicate_keys_the_last_value_stands_at_the_first_place) {
  EXPECT_EQ(payload_of(R"({"a":1,"b":2,"a":3})"), R"({"a":3,"b":2})");
  EXPECT_EQ(payload_of(R"({"x":{"a":1,"\u0061":[{"k":1,"k":2}],"b":0}})"), R"({"x":{"a":[{"k":2}],"b":0}})");
  EXPECT_EQ(payload_of(R"({"x":{"a":1},"y":1,"x":{"b":1,"b":2},"x":5})"), R"({"x":5,"y":1})");
  std::string many = "{";
  std::string expected = "{";
  for (int i = 0; i < 40; ++i) many += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  for (int i = 0; i < 40; ++i) expected += "\"k" + std::to_string(i) + "\":" + std::to_string(i == 7 ? 99 : i) + (i < 39 ? "," : "}");
  EXPECT_EQ(payload_of(many + "\"k7\":99}"), expected);
}

TEST(Upsert, cosine_vectors_of_no_length_or_unit_length_are_left_alone) {
  const auto target = target_of({{1, "", 3, Distance::cosine}});
  for (const char* vector : {"[0,0,0]", "[0.6,0.8,0]", "[1e-8,0,0]", "[3e-4,0,0]"}) {
    const auto point = only_point(R"({"points":[{"id":1,"vector":)" + std::string(vector) + "}]}", target);
    EXPECT_EQ(point.norms.at(1), 1.0F) << vector;
  }
}

TEST(Upsert, cosine_vectors_longer_than_any_float_keep_their_direction) {
  const auto target = target_of({{1, "", 3, Distance::cosine}});
  const auto point = only_point(R"({"points":[{"id":1,"vector":[3e38,0,-3e38]}]})", target);
  EXPECT_EQ(point.vectors.at(1), (std::vector<float>{0.70710677F, 0, -0.70710677F}));
  EXPECT_EQ(point.norms.at(1), std::numeric_limits<float>::max());
}

TEST(Upsert, points_go_to_the_shard_of_their_bucket_and_records_stay_under_the_target) {
  const auto target = target_of({{1, "", 8, Distance::dot}}, 3);
  std::string body = R"({"points":[)";
  for (int i = 0; i < 500; ++i)
    body += (i > 0 ? "," : "") + std::string(R"({"id":)") + std::to_string(i) + R"(,"vector":[1,2,3,4,5,6,7,8]})";
  EncodeLimits limits;
  limits.record_bytes_target = 4096;
  const auto parsed = parse_upsert(body + "]}", target, limits);
  ASSERT_EQ(parsed.points, 500U);
  std::set<std::uint64_t> ids;
  for (const auto& record : parsed.records) {
    EXPECT_LE(record.frame.size(), 4096U);
    EXPECT_EQ(record.frame.size() % 8, 0U);
    std::uint64_t last = 0;
    for (const auto& point : testing::FrameReader(record.frame).points(target)) {
      EXPECT_EQ(bucket_of(point.id) % 3, record.shard);
      EXPECT_GE(point.id.low, last);
      last = point.id.low;
      ids.insert(point.id.low);
    }
  }
  EXPECT_EQ(ids.size(), 500U);
  EXPECT_GT(parsed.records.size(), 6U);
}

TEST(Upsert, a_point_over_the_hard_limit_is_named_with_its_size) {
  EncodeLimits limits;
  limits.record_bytes_max = 10'000;
  const auto body = R"({"points":[{"id":1,"payload":{"a":")" + std::string(20'000, 'x') + "\"}}]}";
  const auto parsed = parse_upsert(body, kUnnamed, limits);
  EXPECT_EQ(parsed.verdict, ParseVerdict::too_large);
  EXPECT_GT(parsed.record_bytes, 20'000U);
  EXPECT_TRUE(parsed.records.empty());
}

}  // namespace
}  // namespace millrace
