#include "millrace/query_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "json_seed.h"

namespace millrace {
namespace {

constexpr std::uint32_t kDepth = 64;

std::optional<NearestQuery> query(std::string_view body) { return parse_nearest(body, QueryForm::query, kDepth); }
std::optional<NearestQuery> search(std::string_view body) { return parse_nearest(body, QueryForm::search, kDepth); }

TEST(QueryParser, reads_the_everyday_members_of_a_query) {
  const auto parsed = query(R"({"query":[1,-0.5,2e0],"limit":7,"offset":3,"using":"a\u0062","with_payload":true,
    "with_vector":false,"score_threshold":0.25,"params":{"hnsw_ef":64,"exact":true,"other":[{}]},"filter":null,"x":{"y":[]}})");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->vector, (std::vector<float>{1, -0.5F, 2}));
  EXPECT_EQ(parsed->limit, 7U);
  EXPECT_EQ(parsed->offset, 3U);
  EXPECT_EQ(parsed->name, "ab");
  EXPECT_EQ(parsed->ef, 64U);
  EXPECT_TRUE(parsed->exact);
  EXPECT_TRUE(parsed->has_payload);
  EXPECT_FALSE(parsed->has_vector);
  EXPECT_EQ(parsed->score_threshold, 0.25F);
}

TEST(QueryParser, reads_every_place_that_a_vector_may_have) {
  EXPECT_TRUE(query(R"({"query":{"nearest":[1]}})"));
  EXPECT_TRUE(search(R"({"vector":[1],"limit":1})"));
  EXPECT_TRUE(search(R"({"vector":[1],"top":1})"));
  const auto named = search(R"({"vector":{"name":"n","vector":[1]},"limit":1})");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, "n");
}

TEST(QueryParser, leaves_everything_else_to_the_schema_path) {
  for (const char* body :
       {"", "{}", "[]", "{", R"({"query":[]})", R"({"query":[1]} x)", R"({"query":[1],})", R"({"query":[1],"query":[2]})",
        R"({"query":[1],"limit":0})", R"({"query":[1],"limit":-1})", R"({"query":[1],"limit":1.5})",
        R"({"query":[1],"limit":1e1})", R"({"query":[1],"limit":"1"})", R"({"query":[1],"limit":99999999999})",
        R"({"query":[1],"filter":{}})", R"({"query":[1],"prefetch":[]})", R"({"query":[1],"with_payload":["a"]})",
        R"({"query":[1],"with_vector":["a"]})", R"({"query":[1],"with_vector":true,"with_vectors":true})",
        R"({"query":[1e39]})", R"({"query":["1"]})", R"({"query":[[1]]})", R"({"query":7})", R"({"query":"a"})",
        R"({"query":{"recommend":{}}})", R"({"query":{"nearest":[1],"mmr":{}}})", R"({"query":[1],"params":{"acorn":{}}})",
        R"({"query":[1],"params":{"hnsw_ef":0}})", R"({"query":[1],"x":"\ud800"})", R"({"query":[01]})",
        R"({"query":[1],"using":7})", R"({"query":[NaN]})"}) {
    EXPECT_FALSE(query(body)) << body;
  }
  EXPECT_FALSE(search(R"({"vector":[1]})"));
  EXPECT_FALSE(search(R"({"vector":[1],"limit":1,"top":2})"));
  EXPECT_FALSE(parse_nearest(R"({"query":[1],"x":[[[[1]]]]})", QueryForm::query, 4));
  EXPECT_FALSE(query(std::string(R"({"query":[0)") + std::string(2 * 65'536, ',') + "]}"));
}

TEST(QueryParser, reads_how_codes_are_used) {
  const auto parsed = query(R"({"query":[1],"params":{"quantization":{"ignore":false,"rescore":true,"oversampling":2.5,"x":[1]}}})");
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->quantization.is_ignored);
  EXPECT_EQ(parsed->quantization.rescores, true);
  EXPECT_EQ(parsed->quantization.oversampling, 2.5);
  const auto unset = query(R"({"query":[1],"params":{"quantization":{"ignore":true,"rescore":null,"oversampling":null}}})");
  ASSERT_TRUE(unset);
  EXPECT_TRUE(unset->quantization.is_ignored);
  EXPECT_EQ(unset->quantization.rescores, std::nullopt);
  EXPECT_EQ(unset->quantization.oversampling, 1);
  for (const char* member : {R"("oversampling":0.5)", R"("oversampling":"2")", R"("rescore":1)", R"("ignore":"a")",
                             R"("ignore":true,"ignore":true)"}) {
    EXPECT_FALSE(query(std::string(R"({"query":[1],"params":{"quantization":{)") + member + "}}}")) << member;
  }
}

/// Reads nothing outside of the body, whatever stands there; sanitizers watch.
TEST(QueryParser, survives_damaged_bodies) {
  std::mt19937_64 random(testing::seed());
  const std::string whole =
      R"({"query":{"nearest":[0.25,-1.5e-3,12345678.9]},"limit":10,"using":"naïve","params":{"exact":true,"hnsw_ef":128,"quantization":{"rescore":true,"oversampling":1.5}},"offset":1,"score_threshold":-0.5,"with_payload":true})";
  for (int round = 0; round < 20'000; ++round) {
    std::string body = whole;
    const auto edits = 1 + random() % 3;
    for (std::uint64_t i = 0; i < edits && !body.empty(); ++i) {
      const auto at = random() % body.size();
      if (random() % 3 == 0) {
        body.resize(at);
      } else {
        body[at] = static_cast<char>(random() % 2 == 0 ? random() % 256 : "{}[]\",:0-.e"[random() % 11]);
      }
    }
    // In a block of its own size, so that a byte read behind it is seen.
    const std::vector<char> exact(body.begin(), body.end());
    (void)query({exact.data(), exact.size()});
    (void)search({exact.data(), exact.size()});
  }
}

}  // namespace
}  // namespace millrace
