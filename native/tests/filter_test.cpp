#include <gtest/gtest.h>

#include "filter/filter_evaluator.h"
#include "json/datetime.h"
#include "packed.h"

namespace millrace {
namespace {

using testing::filter_of;

bool matches(std::string_view filter, std::string_view payload, const PointId& id = PointId::number(1)) {
  const auto compiled = filter_of(filter);
  const bool vectors[8] = {true, false};
  return FilterEvaluator(compiled.tree()).matches(payload, id, {vectors, compiled.tree().slots.size()});
}

bool field(std::string_view test, std::string_view payload) {
  return matches(R"({"must":[{"key":"f",)" + std::string(test) + "}]}", payload);
}

TEST(Filter, TellsTheValuesOfAFieldApartAsTheReferenceDoes) {
  struct Line {
    const char* payload;
    const char* answers;  ///< is_empty, is_null, values_count gte 1, match 1, except [1], is_null: false
  };
  // The table of points-and-filters.md §11.
  const Line lines[] = {{"", "TTFFFT"},  // is_null of a missing field is asked below
                        {R"({"f":null})", "TTFFFF"}, {R"({"f":[]})", "TFFFFT"},     {R"({"f":[null]})", "FFTFFF"},
                        {R"({"f":1})", "FFTTFT"},    {R"({"f":1.0})", "FFTFTT"},    {R"({"f":[1,2]})", "FFTTTT"},
                        {R"({"f":"1"})", "FFTFTT"},  {R"({"f":true})", "FFTFTT"},   {R"({"f":{}})", "FFTFTT"}};
  for (const auto& [payload, answers] : lines) {
    std::string found;
    found += matches(R"({"must":[{"is_empty":{"key":"f"}}]})", payload) ? 'T' : 'F';
    // A missing field has no value that could be null.
    found += std::string_view(payload).empty() || matches(R"({"must":[{"is_null":{"key":"f"}}]})", payload) ? 'T' : 'F';
    found += field(R"("values_count":{"gte":1})", payload) ? 'T' : 'F';
    found += field(R"("match":{"value":1})", payload) ? 'T' : 'F';
    found += field(R"("match":{"except":[1]})", payload) ? 'T' : 'F';
    found += field(R"("is_null":false)", payload) ? 'T' : 'F';
    EXPECT_EQ(found, answers) << payload;
  }
  EXPECT_FALSE(matches(R"({"must":[{"is_null":{"key":"f"}}]})", ""));
}

TEST(Filter, MatchesScalarsByTypeAndArraysByElement) {
  EXPECT_TRUE(field(R"("match":{"value":"kü"})", R"({"f":"k\u00fc"})"));
  EXPECT_TRUE(field(R"("match":{"value":false})", R"({"f":[true,false]})"));
  EXPECT_FALSE(field(R"("match":{"value":1})", R"({"f":[[1]]})"));
  EXPECT_FALSE(field(R"("match":{"value":9223372036854775807})", R"({"f":9223372036854775808})"));
  EXPECT_TRUE(field(R"("match":{"value":-3})", R"({"f":-3})"));
  EXPECT_FALSE(field(R"("match":{"value":0})", R"({"f":-0})"));
  EXPECT_TRUE(field(R"("match":{"any":["a","b"]})", R"({"f":["x","b"]})"));
  EXPECT_FALSE(field(R"("match":{"any":[]})", R"({"f":"x"})"));
  EXPECT_TRUE(field(R"("match":{"any":[5,3]})", R"({"f":3})"));
  EXPECT_TRUE(field(R"("match":{"except":["a"]})", R"({"f":["a",[]]})"));
  EXPECT_FALSE(field(R"("match":{"except":["a"]})", R"({"f":["a",null]})"));
  EXPECT_TRUE(field(R"("match":{"except":[]})", R"({"f":0})"));
  EXPECT_FALSE(field(R"("match":{"except":[]})", R"({"f":null})"));
  EXPECT_TRUE(field(R"("match":{"text":"lo wo"})", R"({"f":"hello world"})"));
  EXPECT_FALSE(field(R"("match":{"phrase":"Lo"})", R"({"f":"hello"})"));
  EXPECT_TRUE(field(R"("match":{"text_any":" x  world"})", R"({"f":"hello world"})"));
  EXPECT_FALSE(field(R"("match":{"text_any":" "})", R"({"f":"hello"})"));
  EXPECT_TRUE(field("\"match\":{\"text_any\":\"x\u2003hell\"}", R"({"f":"hello"})"));
  EXPECT_TRUE(field(R"("match":{"prefix":""})", R"({"f":""})"));
  EXPECT_FALSE(field(R"("match":{"prefix":"h"})", R"({"f":1})"));
}

TEST(Filter, ComparesNumbersAndDates) {
  EXPECT_TRUE(field(R"("range":{"gt":0.1,"lte":3})", R"({"f":3})"));
  EXPECT_FALSE(field(R"("range":{"gt":0.1})", R"({"f":0.1})"));
  EXPECT_TRUE(field(R"("range":{})", R"({"f":[null,"x",1e300]})"));
  EXPECT_FALSE(field(R"("range":{})", R"({"f":"1"})"));
  EXPECT_TRUE(field(R"("range":{"gte":0.30000000000000004})", R"({"f":0.30000000000000004})"));
  EXPECT_TRUE(field(R"("datetime_range":{"gte":1422770400000000,"lt":1422770400000001})",
                    R"({"f":"2015-02-01T08:00:00+02:00"})"));
  EXPECT_FALSE(field(R"("datetime_range":{})", R"({"f":"soon"})"));
  EXPECT_FALSE(field(R"("datetime_range":{})", R"({"f":1422770400})"));
  EXPECT_TRUE(field(R"("values_count":{"lt":1})", ""));
  EXPECT_TRUE(field(R"("values_count":{"gt":1,"lt":3})", R"({"f":["a,]",[1,2]]})"));
  EXPECT_TRUE(field(R"("is_empty":true)", ""));
  EXPECT_FALSE(field(R"("is_empty":false)", R"({"f":[]})"));
}

TEST(Filter, NestedConditionsHoldForOneElementThatIsAnObject) {
  constexpr auto nested = R"({"must":[{"nested":{"key":"f","filter":{"must":[{"key":"x","match":{"value":1}}],
                             "must_not":[{"key":"y","match":{"value":2}}]}}}]})";
  EXPECT_TRUE(matches(nested, R"({"f":[{"x":1,"y":2},{"x":1,"y":3}]})"));
  EXPECT_FALSE(matches(nested, R"({"f":[{"x":1,"y":2},{"x":3}]})"));
  EXPECT_FALSE(matches(nested, R"({"f":{"x":1}})"));
  EXPECT_FALSE(matches(nested, R"({"f":[[{"x":1}],1,null]})"));
  EXPECT_FALSE(matches(R"({"must":[{"nested":{"key":"f[]","filter":{"must":[{"has_id":[1]}]}}}]})", R"({"f":[{}]})"));
  EXPECT_TRUE(matches(R"({"must":[{"nested":{"key":"f[]","filter":{"must":[{"is_empty":{"key":"g"}}]}}}]})", R"({"f":[{}]})"));
  EXPECT_TRUE(matches(R"({"must":[{"key":"f[].x","match":{"value":1}},{"key":"f[].y","match":{"value":3}}]})",
                      R"({"f":[{"x":1},{"y":3}]})"));
  EXPECT_TRUE(matches(R"({"must":[{"key":"f","values_count":{"gte":2}},{"key":"f[1]","match":{"value":7}},
                          {"key":"f[]","match":{"value":6}}]})", R"({"e":0,"f":[6,7]})"));
}

TEST(Filter, ClausesCombineAndEmptyOnesAskNothing) {
  constexpr auto payload = R"({"a":1,"b":2})";
  const auto is = [](const char* key, int value) {
    return std::string(R"({"key":")") + key + R"(","match":{"value":)" + std::to_string(value) + "}}";
  };
  EXPECT_TRUE(matches("{}", payload));
  EXPECT_TRUE(matches(R"({"should":[],"must":null,"must_not":[]})", payload));
  EXPECT_TRUE(matches(R"({"should":[)" + is("a", 9) + "," + is("b", 2) + "]}", payload));
  EXPECT_FALSE(matches(R"({"should":[)" + is("a", 9) + R"(],"must":[)" + is("b", 2) + "]}", payload));
  EXPECT_FALSE(matches(R"({"must_not":[)" + is("a", 9) + "," + is("b", 2) + "]}", payload));
  for (int least = 1; least <= 4; ++least)
    EXPECT_EQ(matches(R"({"min_should":{"min_count":)" + std::to_string(least) + R"(,"conditions":[)" + is("a", 1) + "," +
                          is("a", 1) + "," + is("b", 3) + "]}}", payload),
              least <= 2);
  EXPECT_TRUE(matches(R"({"must":[{"must":[{"should":[)" + is("a", 1) + "]},{}]}]}", payload));
}

TEST(Filter, AsksForIdsAndVectorsWithoutThePayload) {
  const PointId uuid{true, 0x550e8400e29b41d4U, 0xa716446655440000U};
  constexpr auto ids = R"({"must":[{"has_id":["uuid:550e8400e29b41d4a716446655440000",7]}]})";
  EXPECT_TRUE(matches(ids, "", uuid));
  EXPECT_TRUE(matches(ids, "", PointId::number(7)));
  EXPECT_FALSE(matches(ids, "", PointId::number(8)));
  EXPECT_FALSE(matches(R"({"must":[{"has_id":[]}]})", ""));
  EXPECT_TRUE(matches(R"({"must":[{"has_vector":3}],"must_not":[{"has_vector":4}]})", ""));
  EXPECT_FALSE(matches(R"({"must":[{"has_vector":null}]})", ""));
  EXPECT_EQ(filter_of(ids).tree().candidates->size(), 2U);
  EXPECT_FALSE(filter_of(R"({"must_not":[{"has_id":[1]}]})").tree().candidates);
  EXPECT_FALSE(filter_of(R"({"should":[{"has_id":[1]},{"has_vector":1}]})").tree().candidates);
  EXPECT_EQ(filter_of(R"({"should":[{"has_id":[1]},{"must":[{"has_id":[2,1]}]}]})").tree().candidates->size(), 2U);
}

TEST(Filter, RefusesWhatItsEncoderNeverWrites) {
  for (const auto* text :
       {"[]", "1", R"({"and":[]})", R"({"must":{}})", R"({"must":[1]})", R"({"must":[{"key":"a"}]})",
        R"({"must":[{"key":"a..b","match":{"value":1}}]})", R"({"must":[{"key":"a","match":{"value":1.5}}]})",
        R"({"must":[{"key":"a","match":{}}]})", R"({"must":[{"key":"a","match":{"any":["a",1]}}]})",
        R"({"must":[{"key":"a","range":{"gt":1},"match":{"value":1}}]})", R"({"must":[{"has_id":["x"]}]})",
        R"({"must":[{"has_id":[-1]}]})", R"({"must":[{"has_vector":"x"}]})", R"({"min_should":{"min_count":1}})",
        R"({"must":[{"nested":{"key":"a"}}]})", R"({"must":[{"is_empty":{"path":"a"}}]})",
        R"({"must":[{"must":[],"key":"a"}]})", R"({"must":[{"slice":{"total":1,"index":0}}]})",
        R"({"must":[{"match":{"value":1}}]})", R"({"should":[{"range":{}}]})", R"({"must_not":[{"values_count":{}}]})"}) {
    const auto filter = Filter::decode(testing::packed(text));
    ASSERT_FALSE(filter.ok()) << text;
    EXPECT_EQ(filter.error().code, Errc::argument_invalid);
  }
  for (const bool is_nested : {false, true}) {
    const auto of_depth = [&](int depth) {
      std::string text = "{}";
      for (int i = 1; i < depth; ++i)
        text = is_nested ? R"({"must":[{"nested":{"key":"a","filter":)" + text + "}}]}" : R"({"must":[)" + text + "]}";
      return Filter::decode(testing::packed(text)).ok();
    };
    EXPECT_TRUE(of_depth(65));  // 64 of a request, and one that the encoder adds
    EXPECT_TRUE(of_depth(Filter::kDepthMax));
    EXPECT_FALSE(of_depth(Filter::kDepthMax + 1));
  }
}

TEST(Datetime, ReadsTheFormsOfTheReferenceAndNoOthers) {
  const auto micros = [](std::string_view text) { return json::parse_datetime(text).value_or(-1); };
  constexpr std::int64_t kSecond = 1'000'000;
  EXPECT_EQ(micros("2015-03-01T12:30"), 1425213000 * kSecond);
  EXPECT_EQ(micros("2015-02-01T08:00:00+02:00"), 1422770400 * kSecond);
  EXPECT_EQ(micros("2015-01-01"), 1420070400 * kSecond);
  EXPECT_EQ(micros("2015-01-01 00:00"), 1420070400 * kSecond);
  EXPECT_EQ(micros("2015-02-01T06:00:00.000000000"), 1422770400 * kSecond);
  EXPECT_EQ(micros("2015-01-01T01:00:00+0100"), 1420070400 * kSecond);
  EXPECT_EQ(micros("2015-01-01 01:00:00.5 +01"), 1420070400 * kSecond + 500'000);
  EXPECT_EQ(micros("2015-01-01 00:00:00 UTC"), 1420070400 * kSecond);
  EXPECT_EQ(*json::parse_datetime("1969-12-31t23:59:59.9999999z"), -1);
  EXPECT_EQ(*json::parse_datetime("1969-12-31T23:59:58.25Z"), -1'750'000);
  EXPECT_EQ(micros("2016-02-29"), 1456704000 * kSecond);
  EXPECT_EQ(micros("1972-06-30T23:59:60Z"), 78796800 * kSecond);
  for (const auto* text : {"Thu, 01 Jan 2015 01:00:00 +0100", "1422758400000", "1420070400", "2015-02-01 06:00:00 AM",
                           "20150101", "2015-001", "2015-W01-1", "2015-01", "2015", "", "2015-02-29", "2015-1-01",
                           "2015-01-01T", "2015-01-01T24:00:00", "2015-01-01T00:00:00.", "2015-01-01T00:00:00+1",
                           "2015-01-01T00:00Z", "2015-01-01T00:00:00+01:0"})
    EXPECT_FALSE(json::parse_datetime(text)) << text;
}

}  // namespace
}  // namespace millrace
