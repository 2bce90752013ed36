#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <string>

#include "json_frame.h"
#include "json_seed.h"
#include "millrace/json_check.h"
#include "millrace/record.h"

namespace millrace {
namespace {

const EncodeTarget kTarget = testing::target_of({{1, "", 2, Distance::dot}, sparse_slot(2, "s"), sparse_slot(3, "t")});

using Entries = std::map<std::uint32_t, float>;
using Points = std::vector<std::map<std::uint32_t, Entries>>;  // by slot

/// @return the sparse vectors of each point; nothing when the body is refused
std::optional<Points> parsed(std::string_view body, EncodeOperation operation = {}, std::uint32_t depth_max = 128) {
  EncodeLimits limits;
  limits.json_depth_max = depth_max;
  auto result = parse_upsert(body, kTarget, limits, operation);
  if (result.verdict != ParseVerdict::accepted) return std::nullopt;
  Points points;
  for (auto& record : result.records) {
    seal_record(record.frame, 1, 1, 1);
    const auto frame = decode_record(record.frame, 0);
    EXPECT_TRUE(frame.ok()) << frame.error().details;
    if (!frame) return std::nullopt;
    const auto first = points.size();
    points.resize(first + record.points);
    for (const auto& block : frame.value().vectors)
      for (std::uint32_t row = 0, index = 0; row < record.points; ++row) {
        if (!block.has(row)) continue;
        auto& entries = points[first + row][block.slot];
        if (!block.is_sparse()) continue;
        const auto vector = block.sparse(index++);
        for (std::size_t i = 0; i < vector.indices.size(); ++i) entries[vector.indices[i]] = vector.values[i];
        EXPECT_EQ(entries.size(), vector.indices.size());
      }
  }
  return points;
}

std::string point(std::string_view vector) { return R"({"points":[{"id":1,"vector":{"s":)" + std::string(vector) + "}}]}"; }

TEST(UpsertSparse, EntriesAreSortedAndAnEmptyVectorIsOne) {
  EXPECT_EQ(parsed(point(R"({"indices":[9, 2 ,4294967295],"values":[1, -2.5 ,0]})")),
            (Points{{{2, {{2, -2.5F}, {9, 1}, {4294967295U, 0}}}}}));
  EXPECT_EQ(parsed(point(R"( { "values" : [ ] , "later" : {"a":[1]} , "indices" : [ ] } )")), (Points{{{2, {}}}}));
  EXPECT_EQ(parsed(R"({"points":[{"id":1,"vector":{"s":{"indices":[1],"values":[2]},"":[1,2]}},{"id":2}]})"),
            (Points{{{1, {}}, {2, {{1, 2}}}}, {}}));
  EXPECT_EQ(parsed(R"({"points":[{"id":1,"vector":{"t":{"indices":[1],"values":[2]}}}]})",
                   {layout::RecordKind::update_vectors, {}, false}),
            (Points{{{3, {{1, 2}}}}}));
}

TEST(UpsertSparse, TheBatchFormTakesThemByName) {
  EXPECT_EQ(parsed(R"({"batch":{"ids":[1,2],"vectors":{"t":[{"indices":[3,1],"values":[1,2]},{"indices":[],"values":[]}],
                      "s":[{"values":[5],"indices":[8]},{"values":[6],"indices":[0]}]}}})"),
            (Points{{{3, {{1, 2}, {3, 1}}}, {2, {{8, 5}}}}, {{3, {}}, {2, {{0, 6}}}}}));
}

TEST(UpsertSparse, WhatIsNoSparseVectorIsRefused) {
  for (const char* vector :
       {"null", "1", "[]", "[1,2]", "{}", R"({"indices":[1]})", R"({"values":[1]})", R"({"indices":[1],"values":[1,2]})",
        R"({"indices":[1,1],"values":[1,2]})", R"({"indices":[2,1,2],"values":[1,2,3]})", R"({"indices":[-1],"values":[1]})",
        R"({"indices":[4294967296],"values":[1]})", R"({"indices":[1.0],"values":[1]})", R"({"indices":[1e2],"values":[1]})",
        R"({"indices":[01],"values":[1]})", R"({"indices":["1"],"values":[1]})", R"({"indices":[1],"values":["1"]})",
        R"({"indices":[1],"values":[1e39]})", R"({"indices":[1],"values":[null]})", R"({"indices":null,"values":[1]})",
        R"({"indices":[1],"indices":[1],"values":[1]})", R"({"indices":[1],"values":[1],"values":[1]})",
        R"({"indices":[1,],"values":[1]})", R"({"indices":[1],"values":[1]} 1)", R"({"indices":[1] "values":[1]})"})
    EXPECT_FALSE(parsed(point(vector))) << vector;
  const std::string right = R"({"indices":[1],"values":[1]})";
  EXPECT_FALSE(parsed(R"({"points":[{"id":1,"vector":)" + right + "}]}"));
  EXPECT_FALSE(parsed(R"({"points":[{"id":1,"vector":{"":)" + right + "}}]}"));
  EXPECT_FALSE(parsed(R"({"points":[{"id":1,"vector":{"nope":)" + right + "}}]}"));
  EXPECT_FALSE(parsed(R"({"batch":{"ids":[1],"vectors":{"s":[[1,2]]}}})"));
  EXPECT_FALSE(parsed(R"({"batch":{"ids":[1,2],"vectors":{"s":[)" + right + "]}}}"));
  // The lists of the vector are the sixth containers.
  EXPECT_TRUE(parsed(point(right), {}, 6));
  EXPECT_FALSE(parsed(point(right), {}, 5));
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  std::string body(Points& points) {
    std::string text = "{\"points\":[";
    for (auto left = below(40); left > 0; --left) {
      auto& made = points.emplace_back();
      std::string vectors;
      for (const auto& [slot, name] : {std::pair{2U, "s"}, std::pair{3U, "t"}})
        if (below(3) != 0) vectors += (vectors.empty() ? "\"" : ",\"") + std::string(name) + "\":" + vector(made[slot]);
      text += text.back() == '[' ? "" : ",";
      text += space() + "{\"id\":" + std::to_string(points.size()) + ",\"vector\":{" + vectors + "}}";
    }
    return text + "]}";
  }

 private:
  std::string vector(Entries& entries) {
    for (auto left = below(30); left > 0; --left) {
      auto bits = static_cast<std::uint32_t>(random_());
      if ((bits & 0x7F800000U) == 0x7F800000U) bits = 0;
      entries[static_cast<std::uint32_t>(random_() >> (32 + below(32)))] = std::bit_cast<float>(bits);
    }
    std::vector<std::pair<std::uint32_t, float>> order(entries.begin(), entries.end());
    if (below(2) == 0) std::ranges::shuffle(order, random_);
    std::string indices;
    std::string values;
    for (const auto& [index, value] : order) {
      char number[64];
      const auto end = std::to_chars(number, number + sizeof number, value).ptr;
      indices += (indices.empty() ? "" : ",") + space() + std::to_string(index);
      values += (values.empty() ? "" : ",") + space() + std::string(number, end) + space();
    }
    const auto first = "\"indices\":[" + indices + "]";
    const auto second = "\"values\":[" + values + "]";
    return below(2) == 0 ? "{" + first + "," + second + "}" : "{" + space() + second + "," + first + "}";
  }

  std::string space() {
    static constexpr const char* kSpaces[] = {"", "", "", " ", "\n\t"};
    return kSpaces[below(std::size(kSpaces))];
  }

  std::mt19937_64 random_;
};

TEST(UpsertSparseFuzz, RandomBodiesBecomeExactlyTheirVectors) {
  Maker maker(testing::seed());
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    Points points;
    const auto body = maker.body(points);
    EXPECT_EQ(parsed(body), points) << body;
  }
}

TEST(UpsertSparseFuzz, ChangedBodiesAreRefusedOrGiveSoundRecords) {
  Maker maker(testing::seed());
  constexpr std::string_view kBytes = "{}[]\",:\\0189.eE+-tfnu \x80\xff\x00";
  for (int round = 0; round < 3000; ++round) {
    Points points;
    auto body = maker.body(points);
    for (auto changes = 1 + maker.below(3); changes > 0; --changes) {
      const auto at = maker.below(body.size());
      if (maker.below(3) == 0) {
        body.erase(at, 1 + maker.below(4));
      } else {
        body[at] = kBytes[maker.below(kBytes.size())];
      }
      if (body.empty()) body = " ";
    }
    if (parsed(body)) {
      EXPECT_EQ(json_check(body, 128).verdict, JsonVerdict::valid) << body;
    }
  }
}

}  // namespace
}  // namespace millrace
