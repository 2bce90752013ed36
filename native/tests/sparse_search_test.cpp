#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "operations.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr std::uint32_t kSlot = 4;

/// The points of a shard with one sparse vector, and what a search of it must find.
class Oracle {
 public:
  /// @param weights  what the index keeps of them
  explicit Oracle(std::uint64_t seed, ElementType weights = ElementType::f32)
      : random_(seed),
        shard_(Shard::open({.collection_id = kCollection, .index_of_slots = {{kSlot, {}, VectorPlacement::cached, weights}}}).value()) {
    EXPECT_FALSE(apply_at(*shard_, 0, sealed(schema_frame({1, 0, 0, {sparse_slot(kSlot, "words")}}))).stop);
  }

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  Entries entries(std::size_t count, bool has_negatives) {
    std::map<std::uint32_t, float> made;
    for (; count > 0; --count) {
      // Zipf-like: small indices often. Few different values, so that sums tie.
      const auto index = static_cast<std::uint32_t>(std::pow(600.0, static_cast<double>(below(1000)) / 1000.0)) - 1;
      const auto size = value();
      made[index] = has_negatives && below(3) == 0 ? -size : size;
    }
    return {made.begin(), made.end()};
  }

  /// Mostly one of a few, so that sums tie; or any, or one beside which the others of its list are small.
  float value() {
    const auto kind = below(40);
    const auto size = static_cast<float>(1 + below(8)) / 4;
    return kind < 30 ? size : kind < 39 ? size * static_cast<float>(1 + below(1000)) / 1000 : size * 50;
  }

  void change(std::size_t ids, bool has_negatives) {
    const auto choice = below(8);
    std::vector<TestPoint> points(1 + below(60));
    for (auto& point : points) {
      point.id = PointId::number(below(ids));
      if (below(10) != 0) point.sparse[kSlot] = entries(below(30), has_negatives);
      point.payload = "{\"n\":" + std::to_string(point.id.low % 10) + "}";
    }
    std::vector<PointId> some;
    for (std::size_t i = 0; i < 5; ++i) some.push_back(points[i % points.size()].id);
    if (choice == 0) {
      apply(delete_frame(some));
      for (const auto& id : some) stored_.erase(id);
    } else if (choice == 1) {
      apply(operation_frame(layout::RecordKind::delete_vectors, some, "{\"slots\":[4]}"));
      for (const auto& id : some)
        if (const auto found = stored_.find(id); found != stored_.end()) found->second.reset();
    } else if (choice == 2) {
      apply(operation_frame(layout::RecordKind::set_payload, some, "{\"payload\":'{\"m\":1}'}"));
    } else if (choice == 3) {
      std::erase_if(points, [](const TestPoint& point) { return point.sparse.empty(); });
      if (points.empty()) return;
      apply(points_frame(layout::RecordKind::update_vectors, points, {}, ""));
      for (const auto& point : points)
        if (const auto found = stored_.find(point.id); found != stored_.end()) found->second = point.sparse.at(kSlot);
    } else {
      apply(upsert_frame(points, {}));
      for (const auto& point : points) {
        const auto found = point.sparse.find(kSlot);
        stored_[point.id] = found == point.sparse.end() ? std::nullopt : std::optional(found->second);
      }
    }
  }

  /// Adds points, or replaces the newest.
  /// @param back  as many points before the end are replaced
  void fill(std::size_t count, std::size_t length, bool has_negatives, std::size_t back = 0) {
    std::vector<TestPoint> points(count);
    for (auto& point : points) {
      const auto id = back == 0 ? next_++ : next_ - back + below(back);
      point.id = PointId::number(id);
      point.sparse[kSlot] = entries(length, has_negatives);
      point.payload = "{\"n\":" + std::to_string(id % 10) + "}";
    }
    apply(upsert_frame(points, {}));
    for (const auto& point : points) stored_[point.id] = point.sparse.at(kSlot);
  }

  void put(std::uint64_t id, const Entries& entries) {
    apply(upsert_frame({{PointId::number(id), {}, "{\"n\":" + std::to_string(id % 10) + "}", {{kSlot, entries}}}}, {}));
    stored_[PointId::number(id)] = entries;
  }

  struct Query {
    Entries entries;
    std::uint32_t k = 10;
    bool idf = false;
    std::optional<float> threshold;
    std::optional<std::uint64_t> last_digit;  ///< filter: ids that end so
  };

  /// Brute force over what was written, the products added by rising index.
  [[nodiscard]] std::vector<std::pair<float, PointId>> expected(const Query& query) const {
    std::map<std::uint32_t, float> weights(query.entries.begin(), query.entries.end());
    if (query.idf)
      for (auto& [index, weight] : weights) weight *= idf(index);
    std::vector<std::pair<float, PointId>> hits;
    for (const auto& [id, vector] : stored_) {
      if (!vector || (query.last_digit && id.low % 10 != *query.last_digit)) continue;
      float sum = 0;
      for (const auto& [index, value] : *vector)
        if (const auto weight = weights.find(index); weight != weights.end()) sum += weight->second * value;
      if (sum != 0 && (!query.threshold || sum > *query.threshold)) hits.emplace_back(sum, id);
    }
    std::ranges::sort(hits, std::ranges::greater());
    if (hits.size() > query.k) hits.resize(query.k);
    return hits;
  }

  void check(const Query& query, bool exact) const {
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
    for (const auto& [index, value] : query.entries) {
      indices.push_back(index);
      values.push_back(value);
    }
    SearchPlan plan{kSlot, values, query.k, exact, 0, query.threshold, {}};
    plan.is_sparse = true;
    plan.indices = indices;
    plan.idf = query.idf;
    std::optional<Filter> filter;
    if (query.last_digit) {
      filter = Filter::decode(packed(R"({"must":[{"key":"n","match":{"value":)" + std::to_string(*query.last_digit) + "}}]}")).value();
      plan.matching.filter = &*filter;
    }
    const auto found = shard_->search(plan);
    ASSERT_TRUE(found.ok()) << found.error().details;
    std::vector<std::pair<float, PointId>> hits;
    for (const auto& hit : found.value().hits) hits.emplace_back(hit.score, hit.id);
    const auto wanted = expected(query);
    ASSERT_EQ(hits.size(), wanted.size());
    for (std::size_t i = 0; i < hits.size(); ++i) {
      EXPECT_EQ(hits[i].second, wanted[i].second) << "rank " << i;
      EXPECT_EQ(hits[i].first, wanted[i].first) << "rank " << i;
    }
  }

  Query query(bool has_negatives) {
    Query made;
    made.entries = entries(1 + below(20), has_negatives);
    made.k = static_cast<std::uint32_t>(below(3) == 0 ? 1 + below(300) : 1 + below(12));
    made.idf = below(3) == 0;
    if (below(4) == 0) made.threshold = static_cast<float>(below(20)) / 4;
    if (below(3) == 0) made.last_digit = below(10);
    return made;
  }

  [[nodiscard]] const Shard& shard() const { return *shard_; }

 private:
  void apply(const std::vector<std::byte>& frame) {
    ASSERT_FALSE(apply_at(*shard_, ++offset_, sealed(frame)).stop);
  }

  [[nodiscard]] float idf(std::uint32_t index) const {
    double vectors = 0;
    double with = 0;
    for (const auto& [id, vector] : stored_) {
      vectors += vector ? 1 : 0;
      with += vector && std::ranges::any_of(*vector, [&](const auto& entry) { return entry.first == index; }) ? 1 : 0;
    }
    return static_cast<float>(std::log1p((vectors - with + 0.5) / (with + 0.5)));
  }

  std::mt19937_64 random_;
  std::shared_ptr<Shard> shard_;
  std::uint64_t offset_ = 0;
  std::uint64_t next_ = 0;
  std::map<PointId, std::optional<Entries>> stored_;
};

/// Whatever an index keeps of weights, hits and scores are those of the vectors as they were given.
class SparseDifferential : public ::testing::TestWithParam<ElementType> {};

INSTANTIATE_TEST_SUITE_P(Weights, SparseDifferential, ::testing::Values(ElementType::f32, ElementType::f16, ElementType::u8));

/// So many that lists are long, and most blocks cannot reach what is wanted.
TEST_P(SparseDifferential, FindsInLongListsWhatBruteForceFinds) {
  const auto seed = seed_of("sparse lists");
  for (std::uint64_t i = 0; i < 3 && !HasFailure(); ++i) {
    SCOPED_TRACE("SEED=" + std::to_string(seed + i));
    Oracle oracle(seed + i, GetParam());
    const bool has_negatives = i == 1;
    for (int round = 0; round < 24; ++round) oracle.fill(1000, 25, has_negatives);
    for (int asked = 0; asked < 25 && !HasFailure(); ++asked) oracle.check(oracle.query(has_negatives || i == 2), false);
    // Half of them go, and what is left is found among the dead.
    for (int round = 0; round < 8; ++round) oracle.fill(1000, 25, has_negatives, 12'000);
    for (int asked = 0; asked < 12 && !HasFailure(); ++asked) oracle.check(oracle.query(has_negatives), false);
  }
}

/// Ids end in the digit that their payload tells, unless an operation gave them another payload: those keep "n".
TEST_P(SparseDifferential, FindsWhatBruteForceFindsWhileEverythingChanges) {
  const auto seed = seed_of("sparse search");
  for (std::uint64_t i = 0; i < 6 && !HasFailure(); ++i) {
    SCOPED_TRACE("SEED=" + std::to_string(seed + i));
    Oracle oracle(seed + i, GetParam());
    const bool has_negatives = i % 2 == 1;
    for (int round = 0; round < 120 && !HasFailure(); ++round) {
      oracle.change(2000, has_negatives);
      if (round % 4 == 0)
        for (int asked = 0; asked < 4; ++asked) oracle.check(oracle.query(has_negatives), oracle.below(4) == 0);
    }
  }
}

TEST(SparseSearch, RefusesQueriesOfTheOtherKind) {
  Oracle oracle(1);
  const std::vector<float> values{1, 2};
  const std::vector<std::uint32_t> indices{3, 1};
  SearchPlan plan{kSlot, values, 1, false, 0, std::nullopt, {}};
  EXPECT_EQ(oracle.shard().search(plan).error().code, Errc::vector_kind_mismatch);
  plan.is_sparse = true;
  EXPECT_EQ(oracle.shard().search(plan).error().code, Errc::argument_invalid);
  plan.indices = indices;
  EXPECT_EQ(oracle.shard().search(plan).error().code, Errc::argument_invalid);
}

TEST(SparseSearch, VectorsOfTheOtherKindAreRejectedByTheirRecord) {
  const auto shard = open_shard();
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame({1, 0, 0, {{0, "", 2, Distance::dot}, sparse_slot(kSlot, "s")}}))).stop);
  const auto upsert = [](std::uint32_t sparse, std::uint32_t dense) {
    TestPoint point{PointId::number(1), {std::vector<float>{1, 2}}, "", {{sparse, {{1, 2}}}}};
    return upsert_frame({point}, {dense});
  };
  EXPECT_EQ(outcome_at(*shard, 1, upsert(kSlot, 0)).code, Errc::ok);
  const auto wrong = upsert_frame({{PointId::number(1), {}, "", {{0, {{1, 2}}}}}}, {});
  EXPECT_EQ(outcome_at(*shard, 2, wrong).code, Errc::vector_kind_mismatch);
  const auto dense = upsert_frame({{PointId::number(1), {std::vector<float>{1}}, ""}}, {kSlot});
  EXPECT_EQ(outcome_at(*shard, 3, dense).code, Errc::vector_kind_mismatch);
  const auto infinite = upsert_frame({{PointId::number(1), {}, "", {{kSlot, {{1, INFINITY}}}}}}, {});
  EXPECT_EQ(outcome_at(*shard, 4, infinite).code, Errc::vector_not_finite);
  EXPECT_EQ(shard->state().points, 1U);
}

TEST_P(SparseDifferential, SumsThatLeaveTheRangeOfFloatsComeFirstOrLast) {
  Oracle oracle(1, GetParam());
  const float huge = 3e38F;
  oracle.put(1, {{1, huge}, {2, huge}});
  oracle.put(2, {{1, huge}, {3, -huge}});
  oracle.put(3, {{2, 1}});
  const std::vector<float> values{10, 10, 10};
  const std::vector<std::uint32_t> indices{1, 2, 3};
  SearchPlan plan{kSlot, values, 10, false, 0, std::nullopt, {}};
  plan.is_sparse = true;
  plan.indices = indices;
  // The others are nothing to this query; from the 256th point on the index is asked.
  for (std::uint64_t id = 4; id < 600; ++id) {
    if (id == 4 || id == 599) {
      const auto hits = oracle.shard().search(plan).value().hits;
      ASSERT_EQ(hits.size(), 3U);
      EXPECT_EQ(hits[0].id, PointId::number(1));
      EXPECT_EQ(hits[1].id, PointId::number(3));
      EXPECT_EQ(hits[2].id, PointId::number(2));
    }
    oracle.put(id, {{7, 1}});
  }
}

/// A sum that rounding makes 0, or moves to the other side of it, belongs to a hit all the same.
TEST_P(SparseDifferential, SumsNearZeroAreHits) {
  Oracle oracle(1, GetParam());
  for (std::uint64_t id = 0; id < 600; ++id) {
    const auto tiny = static_cast<float>(id + 1) * 1e-6F;
    if (id % 3 == 0) oracle.put(id, {{1, id % 2 == 0 ? tiny : -tiny}});
    else if (id % 3 == 1) oracle.put(id, {{1, 3}, {2, -3 - tiny}});
    else oracle.put(id, {{5, 1}});
  }
  oracle.put(1000, {{1, 1000}, {5, 1}});
  for (const std::uint32_t k : {5U, 150U, 1000U})
    for (const float weight : {1.0F, -1.0F}) {
      Oracle::Query query;
      query.entries = {{1, weight}, {2, weight}};
      query.k = k;
      oracle.check(query, false);
    }
}

TEST(SparseIndexMemory, SmallerWeightsTakeLess) {
  const auto seed = seed_of("sparse memory");
  std::map<ElementType, std::uint64_t> bytes;
  for (const auto weights : {ElementType::f32, ElementType::f16, ElementType::u8}) {
    Oracle oracle(seed, weights);
    for (int round = 0; round < 17; ++round) oracle.fill(1000, 25, false);
    bytes[weights] = oracle.shard().state().memory.sparse;
  }
  // Of about 300,000 entries.
  EXPECT_LT(bytes[ElementType::f16] + 400'000, bytes[ElementType::f32]);
  EXPECT_LT(bytes[ElementType::u8] + 600'000, bytes[ElementType::f32]);
}

}  // namespace
}  // namespace millrace
