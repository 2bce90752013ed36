#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "checkpoint_files.h"
#include "operations.h"
#include "vectors/max_sim.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

using Rows = std::vector<std::vector<float>>;

/// What a slot makes of vectors.
Rows stored_of(const VectorSlot& slot, const Rows& rows) {
  Rows stored = rows;
  for (auto& row : stored) {
    std::vector<std::byte> bytes(row.size() * element_bytes(slot.element));
    store_elements(slot.element, row, bytes.data());
    read_elements(slot.element, bytes.data(), row);
  }
  return stored;
}

/// The kernel's value of two vectors, and what one of its errors may be.
std::pair<double, double> value_of(const VectorSlot& slot, const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  double absolute = 0;
  double squares[2] = {0, 0};
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = a[i];
    const double y = b[i];
    const double term = slot.distance == Distance::euclid      ? (x - y) * (x - y)
                        : slot.distance == Distance::manhattan ? std::fabs(x - y)
                                                               : x * y;
    sum += term;
    absolute += std::fabs(term);
    squares[0] += x * x;
    squares[1] += y * y;
  }
  const double tolerance = (static_cast<double>(a.size()) + 4) * 0x1p-23 * absolute;
  if (slot.distance != Distance::cosine || slot.keeps_unit_length()) return {sum, tolerance};
  const double lengths = std::sqrt(squares[0] * squares[1]);
  return {lengths == 0 ? 0 : sum / lengths, 0x1p-22};
}

bool is_similarity(const VectorSlot& slot) { return slot.distance == Distance::cosine || slot.distance == Distance::dot; }

/// By the definition: each vector of the query takes its nearest, and their values are added.
std::pair<double, double> max_sim(const VectorSlot& slot, const Rows& query, const Rows& rows) {
  double total = 0;
  double tolerance = 0;
  for (const auto& q : query) {
    double best = is_similarity(slot) ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    double widest = 0;
    for (const auto& row : rows) {
      const auto [value, error] = value_of(slot, q, row);
      best = is_similarity(slot) ? std::max(best, value) : std::min(best, value);
      widest = std::max(widest, error);
    }
    total += best;
    // And one rounding for each addition of floats.
    tolerance += widest + std::fabs(best) * 0x1p-23 + std::fabs(total) * 0x1p-23;
  }
  return {total, tolerance + 1e-30};
}

std::vector<float> joined(const Rows& rows) {
  std::vector<float> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

class MultiVector : public ::testing::Test {
 protected:
  Rows rows(const VectorSlot& slot, std::size_t count) {
    std::normal_distribution<float> normal(slot.element == ElementType::u8 ? 100.0F : 0.0F,
                                           slot.element == ElementType::u8 ? 80.0F : 1.0F);
    Rows made(count, std::vector<float>(slot.dimension));
    for (auto& row : made)
      for (auto& value : row) value = normal(random);
    return made;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random() % n); }

  std::mt19937_64 random{seed_of("multivectors")};
};

constexpr Distance kDistances[] = {Distance::cosine, Distance::dot, Distance::euclid, Distance::manhattan};
constexpr ElementType kElements[] = {ElementType::f32, ElementType::f16, ElementType::u8};

TEST_F(MultiVector, MaxSimIsTheSumOverTheQueryOfTheNearestForEveryKindAndInstructionSet) {
  for (const auto set : kInstructionSets) {
    if (!force_instruction_set(set)) continue;
    for (const auto element : kElements)
      for (const auto distance : kDistances)
        for (const std::uint32_t dimension : {1U, 3U, 16U, 33U, 128U, 200U}) {
          const VectorSlot slot{0, "", dimension, distance, false, element, true};
          const auto query = rows(slot, 1 + below(9));
          const auto flat = joined(query);
          const MaxSim scorer(slot, flat);
          const auto given = rows(slot, 1 + below(14));
          const auto values = joined(given);
          std::vector<std::byte> bytes(values.size() * element_bytes(element));
          store_elements(element, values, bytes.data());
          const float value = scorer.value({bytes, {}, static_cast<std::uint32_t>(given.size())});
          const auto [expected, tolerance] = max_sim(slot, stored_of(slot, query), stored_of(slot, given));
          EXPECT_NEAR(value, expected, tolerance) << static_cast<int>(element) << ' ' << static_cast<int>(distance);
        }
  }
  force_instruction_set(std::nullopt);
}

TEST_F(MultiVector, SearchesFindWhatBruteForceFindsWhilePointsComeAndGo) {
  for (const auto element : kElements)
    for (const auto distance : kDistances) {
      const VectorSlot slot{3, "many", 7, distance, false, element, true};
      const auto shard = open_shard();
      std::uint64_t offset = 0;
      static_cast<void>(apply_at(*shard, offset++, sealed(schema_frame({1, 0, 0, {slot}}))));
      std::map<PointId, Rows> points;
      for (int round = 0; round < 8; ++round) {
        std::vector<TestPoint> batch;
        for (int i = 0; i < 30; ++i) {
          TestPoint point{PointId::number(below(150)), {}, "{\"n\":" + std::to_string(round) + "}"};
          const bool has_vectors = below(5) != 0;
          points.erase(point.id);
          if (has_vectors) point.multi[3] = {slot, rows(slot, 1 + below(6))};
          if (has_vectors) points[point.id] = stored_of(slot, point.multi[3].rows);
          batch.push_back(std::move(point));
        }
        ASSERT_EQ(outcome_at(*shard, offset++, upsert_frame(batch, {})).code, Errc::ok);
        const auto gone = PointId::number(below(150));
        points.erase(gone);
        ASSERT_EQ(outcome_at(*shard, offset++, delete_frame({gone})).code, Errc::ok);
        const auto query = rows(slot, 1 + below(4));
        const auto flat = joined(query);
        SearchPlan plan;
        plan.slot = 3;
        plan.query = flat;
        plan.k = 200;
        const auto found = shard->search(plan).value();
        EXPECT_EQ(found.path, SearchPath::scan);
        EXPECT_EQ(found.hits.size(), points.size());
        for (const auto& hit : found.hits) {
          auto [expected, tolerance] = max_sim(slot, stored_of(slot, query), points.at(hit.id));
          if (distance == Distance::euclid) {
            // Of the sum over the query, not of its parts.
            const double square = expected;
            expected = std::sqrt(square);
            tolerance = std::sqrt(square + tolerance) - std::sqrt(std::max(0.0, square - tolerance)) + 1e-6;
          }
          EXPECT_NEAR(hit.score, expected, tolerance);
        }
        const auto larger = found.larger_is_better;
        EXPECT_TRUE(std::ranges::is_sorted(found.hits, [&](const Hit& a, const Hit& b) {
          return larger ? a.score > b.score : a.score < b.score;
        }));
      }
      const auto page = shard->scroll(std::nullopt, 1000, {false, true, {}}).value();
      for (const auto& view : page.points) {
        if (view.vectors.empty()) {
          EXPECT_FALSE(points.contains(view.id));
          continue;
        }
        EXPECT_EQ(view.vectors.front().row_dimension, 7U);
        const auto& values = view.vectors.front().values;
        EXPECT_EQ(std::vector<float>(values.begin(), values.end()), joined(points.at(view.id)));
      }
      expect_same(*shard, *loaded({file_of(*shard, 0)}));
    }
}

TEST_F(MultiVector, AFilterAThresholdAndOneVectorAloneAreTaken) {
  const VectorSlot slot{3, "many", 2, Distance::euclid, false, ElementType::f32, true};
  const auto shard = open_shard();
  static_cast<void>(apply_at(*shard, 0, sealed(schema_frame({1, 0, 0, {slot}}))));
  std::vector<TestPoint> points(3);
  for (std::size_t i = 0; i < 3; ++i) {
    points[i].id = PointId::number(i);
    points[i].payload = "{\"n\":" + std::to_string(i) + "}";
    points[i].multi[3] = {slot, {{3 * static_cast<float>(i), 4 * static_cast<float>(i)}, {100, 100}}};
  }
  ASSERT_EQ(outcome_at(*shard, 1, upsert_frame(points, {})).code, Errc::ok);
  SearchPlan plan;
  plan.slot = 3;
  const std::vector<float> twice{0, 0, 0, 0};
  plan.query = twice;
  const auto both = shard->search(plan).value().hits;
  ASSERT_EQ(both.size(), 3U);
  // √|−25 − 25|, and not 5 + 5.
  EXPECT_FLOAT_EQ(both[1].score, 7.0710678F);
  plan.query = std::span(twice).first(2);
  EXPECT_EQ(shard->search(plan).value().hits[2].score, 10);
  plan.score_threshold = 10;
  EXPECT_EQ(shard->search(plan).value().hits.size(), 2U);
  const auto filter = filter_of(R"({"must":[{"key":"n","range":{"gte":1}}]})");
  plan.matching.filter = &filter;
  EXPECT_EQ(shard->search(plan).value().hits.size(), 1U);
  plan.query = std::span(twice).first(3);
  EXPECT_EQ(shard->search(plan).error().code, Errc::vector_dimension_mismatch);
}

TEST_F(MultiVector, NormsAreAPartOfTheDigestAndOfACheckpoint) {
  const VectorSlot slot{3, "many", 2, Distance::cosine, false, ElementType::f16, true};
  const auto schema = sealed(schema_frame({1, 0, 0, {slot}}));
  TestPoint point{PointId::number(1), {}, ""};
  point.multi[3] = {slot, {{1, 0}, {0, 1}}};
  const auto with_norms = open_shard();
  static_cast<void>(apply_at(*with_norms, 0, schema));
  ASSERT_EQ(outcome_at(*with_norms, 1, upsert_frame({point}, {})).code, Errc::ok);
  expect_same(*with_norms, *loaded({file_of(*with_norms, 0)}));
  const auto without = open_shard();
  static_cast<void>(apply_at(*without, 0, schema));
  RecordBuilder builder(layout::RecordKind::upsert, kCollection, 1, 1);
  add_ids(builder, {point.id});
  const std::uint32_t runs[] = {0, 2};
  const std::uint16_t halves[] = {0x3c00, 0, 0, 0x3c00};
  std::vector<std::byte> bytes(sizeof runs + sizeof halves);
  std::memcpy(bytes.data(), runs, sizeof runs);
  std::memcpy(bytes.data() + sizeof runs, halves, sizeof halves);
  builder.add(layout::SectionKind::multi, 1, 3, 1, bytes);
  ASSERT_EQ(outcome_at(*without, 1, builder.finish()).code, Errc::ok);
  EXPECT_NE(without->state().content_digest, with_norms->state().content_digest);
  expect_same(*without, *loaded({file_of(*without, 0)}));
}

TEST_F(MultiVector, OneForASlotOfOneVectorIsRejectedAndTheOtherWayRound) {
  const VectorSlot one{3, "one", 2, Distance::dot};
  VectorSlot many = one;
  many.is_multi = true;
  for (const bool is_multi : {false, true}) {
    const auto shard = open_shard();
    static_cast<void>(apply_at(*shard, 0, sealed(schema_frame({1, 0, 0, {is_multi ? many : one}}))));
    TestPoint point{PointId::number(1), {}, ""};
    if (is_multi) point.vectors = {std::vector<float>{1, 2}};
    if (!is_multi) point.multi[3] = {many, {{1, 2}}};
    const auto frame = is_multi ? upsert_frame({point}, {3}) : upsert_frame({point}, {});
    EXPECT_EQ(outcome_at(*shard, 1, frame).code, Errc::vector_kind_mismatch);
    VectorSlot other = many;
    other.dimension = 3;
    TestPoint longer{PointId::number(1), {}, ""};
    longer.multi[3] = {other, {{1, 2, 3}}};
    const auto rejected = outcome_at(*shard, 2, upsert_frame({longer}, {})).code;
    EXPECT_EQ(rejected, is_multi ? Errc::vector_dimension_mismatch : Errc::vector_kind_mismatch);
  }
}

TEST_F(MultiVector, ASectionThatIsNoneIsDamage) {
  const auto decoded = [](std::vector<std::uint32_t> words, std::uint32_t rows, std::uint16_t encoding = 0) {
    RecordBuilder builder(layout::RecordKind::upsert, kCollection, 1, 2);
    add_ids(builder, {PointId::number(1), PointId::number(2)});
    builder.add(layout::SectionKind::multi, encoding, 3, rows, std::as_bytes(std::span(words)));
    const auto frame = sealed(builder.finish());
    const auto record = decode_record(frame, 0);
    return record.ok() ? Errc::ok : record.error().code;
  };
  EXPECT_EQ(decoded({0, 1, 2, 7, 8}, 2), Errc::ok);
  EXPECT_EQ(decoded({0, 1, 1, 7}, 2), Errc::record_corrupt);     // a row without vectors
  EXPECT_EQ(decoded({1, 2, 3, 7, 8}, 2), Errc::record_corrupt);  // ends that do not begin with 0
  EXPECT_EQ(decoded({0, 2, 1, 7, 8}, 2), Errc::record_corrupt);
  EXPECT_EQ(decoded({0, 1, 2, 7, 8, 9}, 2), Errc::record_corrupt);
  EXPECT_EQ(decoded({0, 1, 2}, 2), Errc::record_corrupt);        // vectors without components
  EXPECT_EQ(decoded({0, 1}, 2), Errc::record_corrupt);
  EXPECT_EQ(decoded({0, 1, 7}, 1), Errc::record_corrupt);        // fewer rows than the record has, and no presence
  EXPECT_EQ(decoded({0, 1, 2, 7, 8}, 2, 3), Errc::record_format_newer);
}

}  // namespace
}  // namespace millrace
