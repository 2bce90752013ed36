#include <gtest/gtest.h>

#include <random>

#include "json/payload_edit.h"
#include "json_seed.h"
#include "millrace/json_check.h"

namespace millrace {
namespace {

std::vector<std::string> values(std::string_view payload, std::string_view path) {
  std::vector<std::string> found;
  for (const auto value : json_values(payload, *parse_json_path(path))) found.emplace_back(value);
  return found;
}

std::string set(std::string_view payload, std::string_view patch, std::string_view path = "") {
  json::PayloadPatch read;
  EXPECT_EQ(read.read(patch, 0), json::PayloadPatch::Verdict::right);
  std::string out;
  json::PayloadEditor().set(out, payload, path.empty() ? JsonPath() : *parse_json_path(path), read);
  return out;
}

std::string remove(std::string_view payload, std::string_view path) {
  std::string out;
  json::PayloadEditor().remove(out, payload, *parse_json_path(path));
  return out;
}

using Values = std::vector<std::string>;

TEST(JsonPathGet, StepsOnKeysOfObjectsAndPlacesOfArraysOnly) {
  constexpr std::string_view payload = R"({"a":[{"b":1},{"b":[2,3]},{"c":0}],"x":{"y.z":5}})";
  EXPECT_EQ(values(payload, "a"), (Values{R"([{"b":1},{"b":[2,3]},{"c":0}])"}));
  EXPECT_EQ(values(payload, "a[]"), (Values{R"({"b":1})", R"({"b":[2,3]})", R"({"c":0})"}));
  EXPECT_EQ(values(payload, "a[].b"), (Values{"1", "[2,3]"}));
  EXPECT_EQ(values(payload, "a[].b[]"), (Values{"2", "3"}));
  EXPECT_EQ(values(payload, "a[1].b[0]"), (Values{"2"}));
  EXPECT_EQ(values(payload, "a.b"), Values{});
  EXPECT_EQ(values(payload, R"(x."y.z")"), (Values{"5"}));
  EXPECT_EQ(values(payload, "x.y.z"), Values{});
  EXPECT_EQ(values(payload, "a[99999999999999999999999]"), Values{});
  EXPECT_EQ(values("", "a"), Values{});
  EXPECT_EQ(values(R"({"\u0061":1,"q\"":[]})", "a"), (Values{"1"}));
}

TEST(PayloadSet, MergesMembersKeepsTheOrderAndLetsNullRemove) {
  EXPECT_EQ(set(R"({"a":1.0,"b":2,"c":3})", R"({"c":{"n":null},"a":null,"d":12345678901234567890})"),
            R"({"b":2,"c":{"n":null},"d":12345678901234567890})");
  EXPECT_EQ(set("", R"({"a":null})"), "");
  EXPECT_EQ(set(R"({"a":1})", R"({"a":null})"), "");
  EXPECT_EQ(set(R"({"a":1})", " { \"b\" : [ 1 , 2.50 ] , \"b\" : 1e5 } "), R"({"a":1,"b":1e5})");
  EXPECT_EQ(set(R"({"\u0061":1})", R"({"a":2})"), R"({"\u0061":2})");
}

TEST(PayloadSet, MakesWhatIsMissingOnTheWayToAKey) {
  EXPECT_EQ(set(R"({"a":[{"b":5},{}]})", R"({"q":1})", "a[].b"), R"({"a":[{"b":{"q":1}},{"b":{"q":1}}]})");
  EXPECT_EQ(set("", R"({"q":1})", "n.m"), R"({"n":{"m":{"q":1}}})");
  EXPECT_EQ(set("", R"({"q":1})", "a[0]"), R"({"a":[]})");
  EXPECT_EQ(set(R"({"a":[1,{"z":0}],"b":2})", R"({"q":1})", "a[1]"), R"({"a":[1,{"z":0,"q":1}],"b":2})");
  EXPECT_EQ(set(R"({"a":[1]})", R"({"q":1})", "a[1]"), R"({"a":[1]})");
  EXPECT_EQ(set(R"({"a":[1]})", R"({"q":1})", "a.b"), R"({"a":{"b":{"q":1}}})");
  EXPECT_EQ(set(R"({"a":{"b":1}})", R"({"q":1})", "a[]"), R"({"a":[]})");
  EXPECT_EQ(set(R"({"a":{"b":1,"c":2}})", R"({"b":null})", "a"), R"({"a":{"c":2}})");
  EXPECT_EQ(set("", "{}", "\"a\tb\""), R"({"a\u0009b":{}})");
}

TEST(PayloadRemove, TakesKeysAndEmptiesArraysButKeepsPlaces) {
  EXPECT_EQ(remove(R"({"a":[{"b":1,"c":2},{"b":3}]})", "a[].b"), R"({"a":[{"c":2},{}]})");
  EXPECT_EQ(remove(R"({"a":[1,2]})", "a[]"), R"({"a":[]})");
  EXPECT_EQ(remove(R"({"a":[1,2]})", "a[0]"), R"({"a":[1,2]})");
  EXPECT_EQ(remove(R"({"a":[{"b":1},{"b":2}]})", "a[1].b"), R"({"a":[{"b":1},{}]})");
  EXPECT_EQ(remove(R"({"a":{"b":1},"c":"}"})", "a"), R"({"c":"}"})");
  EXPECT_EQ(remove(R"({"a":1})", "a"), "");
  EXPECT_EQ(remove(R"({"a":1})", "a.b"), R"({"a":1})");
  EXPECT_EQ(remove("", "a"), "");
}

TEST(PayloadPatchText, IsRefusedWhenItIsNoObjectOrTooDeep) {
  json::PayloadPatch patch;
  for (const auto* text : {"", "1", "null", "[]", "{", "{\"a\":1}x", "{\"a\":\"\x80\"}"})
    EXPECT_EQ(patch.read(text, 0), json::PayloadPatch::Verdict::malformed) << text;
  const std::string deep = R"({"a":)" + std::string(511, '[') + std::string(511, ']') + "}";
  EXPECT_EQ(patch.read(deep, 0), json::PayloadPatch::Verdict::right);
  EXPECT_EQ(patch.read(deep, 1), json::PayloadPatch::Verdict::too_deep);
}

/// Small objects of the grammar, valid and minified.
std::string value(std::mt19937_64& random, int depth) {
  static constexpr const char* kScalars[] = {"null", "true", "-0.50", "1E5", "\"\"", "\"a\\\"]\"", "\"ü€😀\""};
  const auto kind = depth > 3 ? 0 : random() % 3;
  if (kind == 0) return kScalars[random() % std::size(kScalars)];
  std::string text = kind == 1 ? "[" : "{";
  for (std::uint64_t i = 0, count = random() % 4; i < count; ++i) {
    if (i > 0) text += ',';
    if (kind == 2) text += std::string("\"") + static_cast<char>('a' + i) + "\":";
    text += value(random, depth + 1);
  }
  return text + (kind == 1 ? "]" : "}");
}

TEST(PayloadFuzz, EditsOfValidTextsAreValidAndEditsOfAnyBytesAreSafe) {
  std::mt19937_64 random(testing::seed());
  constexpr std::string_view kBytes = "{}[]\",:\\u01.e-tfn \x80";
  static constexpr const char* kPaths[] = {"a", "a.b", "a[]", "b[].a", "c[1].b", "a[][]", "d.e.f[0]"};
  for (int round = 0; round < 4000; ++round) {
    std::string payload = R"({"a":)" + value(random, 0) + R"(,"b":)" + value(random, 0) + "}";
    const std::string patch = R"({"b":)" + value(random, 2) + R"(,"z":)" + value(random, 2) + "}";
    const auto* path = kPaths[random() % std::size(kPaths)];
    for (const auto& out : {set(payload, patch), set(payload, patch, path), remove(payload, path)})
      EXPECT_TRUE(out.empty() || json_check(out, 512).verdict == JsonVerdict::valid) << payload << " → " << out;
    for (auto changes = random() % 4 + 1; changes > 0; --changes)
      payload[random() % payload.size()] = kBytes[random() % kBytes.size()];
    if (random() % 2 == 0) payload.resize(random() % payload.size());
    // An exact copy: a read beyond the end is one beyond the allocation.
    const std::vector<char> exact(payload.begin(), payload.end());
    const std::string_view damaged(exact.data(), exact.size());
    static_cast<void>(set(damaged, patch, path));
    static_cast<void>(remove(damaged, path));
    static_cast<void>(values(damaged, path));
  }
}

}  // namespace
}  // namespace millrace
