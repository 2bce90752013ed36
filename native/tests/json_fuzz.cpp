#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string>

#include "json_frame.h"
#include "json_seed.h"
#include "millrace/json_check.h"
#include "millrace/point_id_text.h"
#include "millrace/record.h"

namespace millrace {
namespace {

using testing::DecodedPoint;

const EncodeTarget kTarget = testing::target_of({{1, "", 3, Distance::dot}, {2, "b", 17, Distance::euclid}}, 2);

/// Writes bodies together with the points that they stand for.
class BodyMaker {
 public:
  explicit BodyMaker(std::uint64_t seed) : random_(seed) {}

  std::string list_body(std::vector<DecodedPoint>& points) {
    std::string body = space() + "{" + space() + "\"points\"" + space() + ":[";
    const auto count = random_() % 90;
    for (std::uint64_t i = 0; i < count; ++i) body += (i > 0 ? "," : "") + space() + point(points.emplace_back());
    return body + "]" + space() + ",\"rest\":" + value(0) + "}" + space();
  }

  std::uint64_t next() { return random_(); }

 private:
  std::string point(DecodedPoint& point) {
    std::vector<std::string> members = {"\"id\":" + id(point.id)};
    std::string vectors;
    for (const auto& slot : kTarget.vectors) {
      if (random_() % 3 == 0) continue;
      vectors += (vectors.empty() ? "" : ",") + space() + "\"" + slot.name + "\":" + vector(point.vectors[slot.slot], slot.dimension);
    }
    if (!vectors.empty()) members.push_back("\"vector\":{" + vectors + space() + "}");
    if (random_() % 2 == 0) {
      point.payload = "{\"k\":" + value(0) + "}";
      members.push_back("\"payload\":" + space() + point.payload + space());
    }
    std::ranges::shuffle(members, random_);
    std::string text = "{";
    for (const auto& member : members) text += (text.size() > 1 ? "," : "") + space() + member;
    return text + "}";
  }

  std::string id(PointId& id) {
    id = random_() % 2 == 0 ? PointId::number(random_() >> (random_() % 64)) : PointId{true, random_(), random_()};
    std::string text;
    append_point_id(text, id);
    return text;
  }

  std::string vector(std::vector<float>& values, std::uint32_t dimension) {
    std::string text = "[";
    for (std::uint32_t i = 0; i < dimension; ++i) {
      auto bits = static_cast<std::uint32_t>(random_());
      if ((bits & 0x7F800000U) == 0x7F800000U) bits = 0;
      values.push_back(std::bit_cast<float>(bits));
      char number[64];
      const auto end = std::to_chars(number, number + sizeof number, values.back()).ptr;
      text += (i > 0 ? "," : "") + space() + std::string(number, end) + space();
    }
    return text + "]";
  }

  /// A value without white space, so that it is its own minified form.
  std::string value(int depth) {
    static constexpr const char* kScalars[] = {"null", "true", "-0.50", "1E5", "\"\"", "\"a\\\"b\"", "\"\\ud83d\\ude00\"", "\"ü€😀\"", "18446744073709551616"};
    const auto kind = random_() % (depth > 4 ? 1 : 3);
    if (kind == 0) return kScalars[random_() % std::size(kScalars)];
    std::string text = kind == 1 ? "[" : "{";
    const auto count = random_() % 4;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i > 0) text += ',';
      if (kind == 2) text += "\"key" + std::to_string(i) + "\":";
      text += value(depth + 1);
    }
    return text + (kind == 1 ? "]" : "}");
  }

  std::string space() {
    static constexpr const char* kSpaces[] = {"", "", "", " ", "\n\t", "\r\n  "};
    return kSpaces[random_() % std::size(kSpaces)];
  }

  std::mt19937_64 random_;
};

TEST(UpsertFuzz, random_bodies_become_exactly_their_points) {
  BodyMaker maker(testing::seed());
  for (int round = 0; round < 150; ++round) {
    std::vector<DecodedPoint> points;
    const auto body = maker.list_body(points);
    const auto parsed = parse_upsert(body, kTarget, {});
    ASSERT_EQ(parsed.verdict, ParseVerdict::accepted) << body;
    ASSERT_EQ(parsed.points, points.size());
    std::ranges::stable_sort(points, {}, [](const DecodedPoint& point) { return bucket_of(point.id) % 2; });
    const auto decoded = testing::points_of(parsed, kTarget);
    ASSERT_EQ(decoded.size(), points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      EXPECT_EQ(decoded[i].id, points[i].id);
      EXPECT_EQ(decoded[i].vectors, points[i].vectors) << body;
      EXPECT_EQ(decoded[i].payload, points[i].payload) << body;
    }
    if (HasFailure()) return;
  }
}

TEST(UpsertFuzz, changed_bodies_are_refused_or_give_sound_records) {
  BodyMaker maker(testing::seed());
  constexpr std::string_view kBytes = "{}[]\",:\\0189.eE+-tfnu \x80\xff\x00";
  for (int round = 0; round < 3000; ++round) {
    std::vector<DecodedPoint> points;
    auto body = maker.list_body(points);
    for (auto changes = 1 + maker.next() % 3; changes > 0; --changes) {
      const auto at = maker.next() % body.size();
      if (maker.next() % 3 == 0) {
        body.erase(at, 1 + maker.next() % 4);
      } else {
        body[at] = kBytes[maker.next() % kBytes.size()];
      }
      if (body.empty()) body = " ";
    }
    auto parsed = parse_upsert(body, kTarget, {});
    if (parsed.verdict != ParseVerdict::accepted) continue;
    EXPECT_EQ(json_check(body, 128).verdict, JsonVerdict::valid) << body;
    for (auto& record : parsed.records) {
      seal_record(record.frame, 1, 1, 1);
      const auto frame = decode_record(record.frame, 0);
      ASSERT_TRUE(frame.ok()) << frame.error().details;
      EXPECT_EQ(frame.value().count, record.points);
      for (std::uint32_t row = 0; row < record.points; ++row) {
        const auto payload = frame.value().payload(row);
        EXPECT_TRUE(payload.empty() || json_check(payload, 128).verdict == JsonVerdict::valid) << payload;
      }
    }
  }
}

}  // namespace
}  // namespace millrace
