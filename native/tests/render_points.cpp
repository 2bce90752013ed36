#include <gtest/gtest.h>

#include <limits>

#include "millrace/json_check.h"
#include "millrace/point_id_text.h"
#include "millrace/render.h"

namespace millrace {
namespace {

constexpr std::string_view kPayload = R"({"k":{"n":"G","c":[{"p":1,"q":2},{"p":3}]},"z":0})";

std::string selected(PayloadSelector::Mode mode, std::vector<std::string> paths, std::string_view payload = kPayload) {
  PayloadSelector selector{mode, {}};
  for (const auto& path : paths) selector.paths.push_back(parse_json_path(path).value());
  std::string out;
  append_selected(out, payload, selector);
  return out;
}

std::string included(std::vector<std::string> paths, std::string_view payload = kPayload) {
  return selected(PayloadSelector::Mode::include, std::move(paths), payload);
}

std::string excluded(std::vector<std::string> paths, std::string_view payload = kPayload) {
  return selected(PayloadSelector::Mode::exclude, std::move(paths), payload);
}

std::string float_text(float value) {
  std::string out;
  append_float(out, value);
  return out;
}

TEST(Render, include_keeps_what_agrees_with_a_pattern_as_far_as_both_go) {
  EXPECT_EQ(included({"k.n"}), R"({"k":{"n":"G"}})");
  EXPECT_EQ(included({"k.c[].p"}), R"({"k":{"c":[{"p":1},{"p":3}]}})");
  EXPECT_EQ(included({"k.c.p"}), R"({"k":{"c":[]}})");
  EXPECT_EQ(included({"k.c[0].p"}), R"({"k":{"c":[]}})");
  EXPECT_EQ(included({"missing"}), "{}");
  EXPECT_EQ(included({}), "{}");
  EXPECT_EQ(included({"z.deeper", "k.n"}), R"({"k":{"n":"G"},"z":0})");
  EXPECT_EQ(included({"a.b"}, R"({"a":{"c":1}})"), R"({"a":{}})");
  EXPECT_EQ(included({"k", "k.n"}), R"({"k":{"n":"G","c":[{"p":1,"q":2},{"p":3}]}})");
  EXPECT_EQ(included({"\"a.b\""}, R"({"a.b":1,"a":{"b":2}})"), R"({"a.b":1})");
  EXPECT_EQ(included({"é"}, R"({"\u00e9":1,"e":2})"), R"({"\u00e9":1})");
  EXPECT_EQ(included({"a[][]"}, R"({"a":[[1,2],[3]]})"), R"({"a":[[1,2],[3]]})");
}

TEST(Render, exclude_drops_what_a_pattern_leads_to) {
  EXPECT_EQ(excluded({"k.c[].p", "z"}), R"({"k":{"n":"G","c":[{"q":2},{}]}})");
  EXPECT_EQ(excluded({"k"}), R"({"z":0})");
  EXPECT_EQ(excluded({"k.c[]"}), R"({"k":{"n":"G","c":[]},"z":0})");
  EXPECT_EQ(excluded({"k.c.p"}), std::string(kPayload));
  EXPECT_EQ(excluded({}), std::string(kPayload));
  EXPECT_EQ(excluded({"a"}, ""), "{}");
}

TEST(Render, paths_outside_of_the_grammar_are_refused) {
  for (const char* path : {"", ".", "a.", ".a", "[0]", "a[", "a[x]", "a[-1]", "a b", "\"a", "\"a\\\"b\"", "a..b", "a]", "a\"b\""})
    EXPECT_FALSE(parse_json_path(path)) << path;
  for (const char* path : {"a", "a-b_1", "a.b[0].c[]", "\"\"", "\"a b\".c", "ключ", "a[][]"})
    EXPECT_TRUE(parse_json_path(path)) << path;
}

TEST(Render, floats_are_short_and_never_look_like_integers) {
  EXPECT_EQ(float_text(1), "1.0");
  EXPECT_EQ(float_text(-0.0F), "-0.0");
  EXPECT_EQ(float_text(0.1F), "0.1");
  EXPECT_EQ(float_text(1e20F), "1e+20");
  EXPECT_EQ(float_text(std::numeric_limits<float>::infinity()), "null");
  EXPECT_EQ(float_text(std::numeric_limits<float>::denorm_min()), "1e-45");
}

TEST(Render, hits_and_records_show_what_the_shape_asks_for) {
  const std::vector<float> values{1, 0.5F};
  const PointView point{PointId::number(7), 3, R"({"a":1})", {{4, values}}};
  const Hit hit{{true, 0x550e8400e29b41d4ULL, 0xa716446655440000ULL}, 12, 0.25F};
  PointShape shape;
  std::string out;
  append_hit(out, hit, nullptr, shape);
  EXPECT_EQ(out, R"({"id":"550e8400-e29b-41d4-a716-446655440000","version":12,"score":0.25})");
  shape.has_payload = shape.has_vectors = true;
  shape.vectors = {{4, "", 2, Distance::dot}};
  out.clear();
  append_record(out, point, shape);
  EXPECT_EQ(out, R"({"id":7,"payload":{"a":1},"vector":[1.0,0.5]})");
  shape.vectors = {{4, "", 2, Distance::dot}, {5, "b\"", 2, Distance::dot}};
  out.clear();
  append_record(out, {PointId::number(8), 1, "", {{4, values}, {5, values}}}, shape);
  EXPECT_EQ(out, R"({"id":8,"payload":{},"vector":{"":[1.0,0.5],"b\"":[1.0,0.5]}})");
  shape.vectors = {{4, "", 2, Distance::dot}};
  out.clear();
  append_record(out, {PointId::number(9), 1, "", {}}, shape);
  EXPECT_EQ(out, R"({"id":9,"payload":{},"vector":{}})");
}

TEST(Render, a_response_carries_its_time_in_seconds) {
  std::string out;
  begin_response(out);
  out += "[]";
  end_response(out, steady_now_ns() - 1'500'000'000);
  EXPECT_TRUE(out.starts_with(R"({"result":[],"status":"ok","time":1.5)")) << out;
  EXPECT_EQ(json_check(out, 8).verdict, JsonVerdict::valid);
}

TEST(JsonCheck, says_where_and_why_a_text_is_wrong) {
  const auto expect = [](std::string_view text, std::size_t position, std::string_view reason) {
    const auto check = json_check(text, 128);
    EXPECT_EQ(check.verdict, JsonVerdict::malformed) << text;
    EXPECT_EQ(check.position, position) << text;
    EXPECT_EQ(check.reason, reason) << text;
  };
  expect("", 0, "EOF while parsing a value");
  expect("{\"a\" 1}", 5, "expected `:`");
  expect("[1 2]", 3, "expected `,` or `]`");
  expect("[1,]", 3, "trailing comma");
  expect("{\"a\":1}}", 7, "trailing characters");
  expect("{a:1}", 1, "key must be a string");
  expect("[NaN]", 1, "expected value");
  expect("[1e999]", 6, "number out of range");
  EXPECT_EQ(json_check(" {\"a\":[1,2,{\"b\":\"\\u00e9\"}], \"c\":null} ", 128).verdict, JsonVerdict::valid);
}

TEST(JsonCheck, counts_nesting) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(json_check(nested(128), 128).verdict, JsonVerdict::valid);
  EXPECT_EQ(json_check(nested(129), 128).verdict, JsonVerdict::too_deep);
  EXPECT_EQ(json_check(std::string(100'000, '['), 128).verdict, JsonVerdict::too_deep);
  EXPECT_EQ(json_check(nested(600), 100'000).verdict, JsonVerdict::too_deep);
}

TEST(PointIdText, a_path_segment_is_a_number_first_and_then_a_uuid) {
  EXPECT_EQ(parse_point_id("12"), PointId::number(12));
  EXPECT_EQ(parse_point_id("12345678901234567890123456789012").value().is_uuid, true);
  for (const char* text : {"", "-1", "1.0", "abc", "550e8400-e29b-41d4-a716-44665544000", "18446744073709551616"})
    EXPECT_FALSE(parse_point_id(text)) << text;
}

}  // namespace
}  // namespace millrace
