#include <gtest/gtest.h>

#include <random>

#include "filter/filter_evaluator.h"
#include "json_seed.h"
#include "packed.h"

namespace millrace {
namespace {

constexpr const char* kFilters[] = {
    R"({"must":[{"key":"a","match":{"value":"x"}},{"key":"b[].c","range":{"gt":1.5}}],"should":[{"has_id":[1,2]},{"is_null":{"key":"a[]"}}]})",
    R"({"must_not":[{"key":"a","match":{"any":["x","y","z"]}},{"is_empty":{"key":"b"}},{"key":"c","is_empty":true}]})",
    R"({"must":[{"nested":{"key":"b","filter":{"must":[{"key":"c","match":{"except":[1,2]}},{"nested":{"key":"d","filter":{}}}]}}}]})",
    R"({"min_should":{"min_count":2,"conditions":[{"key":"a[1]","values_count":{"gte":1}},{"has_vector":3},{"key":"a","datetime_range":{"lt":5}}]}})",
    R"({"must":[{"key":"a","match":{"text":"x"}},{"key":"a","match":{"prefix":"q"}},{"key":'"a b"[].c',"match":{"text_any":"p q"}}]})"};

constexpr std::string_view kPayload =
    R"({"a":["x","\ud83d\ude00\"",null,1.5e3,[1,{"c":2}]],"b":[{"c":1.75,"d":[{}]},{"c":"2015-01-01"}],"c":{},"z":-0.0})";

/// An exact copy: a read beyond the end is one beyond the allocation.
template <typename Bytes>
std::vector<typename Bytes::value_type> exact(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

bool evaluate(const Filter& filter, std::string_view payload) {
  const bool vectors[64] = {true};
  return FilterEvaluator(filter.tree()).matches(payload, PointId::number(1), {vectors, filter.tree().slots.size()});
}

TEST(FilterFuzz, DamagedFiltersAreRefusedOrEvaluateToTheSameEachTime) {
  std::mt19937_64 random(testing::seed());
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = testing::packed(kFilters[random() % std::size(kFilters)]);
    for (auto changes = 1 + random() % 4; changes > 0; --changes) {
      const auto at = random() % bytes.size();
      if (random() % 4 == 0) {
        bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        bytes[at] = static_cast<std::byte>(random() % 3 == 0 ? random() : 0xa0U + random() % 0x40U);
      }
    }
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    const auto filter = Filter::decode(exact(bytes));
    if (!filter) {
      EXPECT_EQ(filter.error().code, Errc::argument_invalid);
      continue;
    }
    if (filter.value().tree().slots.size() > 64) continue;
    EXPECT_EQ(evaluate(filter.value(), kPayload), evaluate(filter.value(), kPayload));
  }
}

TEST(FilterFuzz, AnyBytesMayStandWhereAPayloadShould) {
  std::mt19937_64 random(testing::seed());
  constexpr std::string_view kBytes = "{}[]\",:\\u01.e-tfnacd \x80\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string payload(kPayload);
    for (auto changes = 1 + random() % 6; changes > 0; --changes)
      payload[random() % payload.size()] = kBytes[random() % kBytes.size()];
    if (random() % 2 == 0) payload.resize(random() % payload.size());
    const auto bytes = exact(payload);
    static_cast<void>(evaluate(testing::filter_of(kFilters[random() % std::size(kFilters)]), {bytes.data(), bytes.size()}));
  }
}

TEST(FilterFuzz, DeepPayloadsAndDeepPathsTakeNoMoreThanTheirLevels) {
  std::string path = "a";
  for (int i = 0; i < 100'000; ++i) path += "[]";
  const auto filter = testing::filter_of(R"({"must":[{"key":")" + path + R"(","match":{"value":1}}]})");
  EXPECT_FALSE(evaluate(filter, R"({"a":)" + std::string(200'000, '[')));
  EXPECT_FALSE(evaluate(filter, R"({"a":)" + std::string(200'000, '[') + "1" + std::string(200'000, ']') + "}"));
}

}  // namespace
}  // namespace millrace
