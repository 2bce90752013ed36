#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <thread>

#include "graph_shard.h"
#include "random_log.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr GrowthSettings kPaused{0, true, true};
constexpr GrowthSettings kDeferring{0, false, true};

/// What a reader is shown of a point: its version, payload and vectors.
using Shown = std::map<PointId, std::string>;

Shown shown_by(const Shard& shard) {
  PointSelector everything;
  everything.payload = everything.all_vectors = true;
  const auto page = shard.scroll(std::nullopt, 100'000, everything).value();
  Shown shown;
  for (const auto& point : page.points) {
    auto text = std::to_string(point.version) + " " + std::string(point.payload);
    for (const auto& vector : point.vectors) {
      text += " / " + std::to_string(vector.slot);
      for (const auto value : vector.values) text += " " + std::to_string(value);
      for (const auto index : vector.indices) text += " " + std::to_string(index);
    }
    EXPECT_TRUE(shown.emplace(point.id, text).second) << "a point twice";
  }
  return shown;
}

/// A shard that defers points, beside the log that it applied.
class Deferring {
 public:
  explicit Deferring(std::uint64_t seed) : random_(seed), log_(seed, 4000) {
    // About twenty vectors of each column need no graph.
    shard_ = Shard::open({kCollection, 0, &builder_, {6, 20, 400}}).value();
  }

  void run(int records) {
    for (int i = 0; i < records && !::testing::Test::HasFailure(); ++i) {
      const auto choice = random_() % 12;
      if (choice == 0) shard_->set_growth(kDeferring);
      if (choice == 1) shard_->set_growth(kPaused);
      if (choice == 2 && random_() % 8 == 0) shard_->set_growth({});
      records_.push_back(log_.next());
      ASSERT_FALSE(apply_at(*shard_, records_.back().offset, records_.back().frame).stop);
      if (i % 5 == 0) compare();
    }
    shard_->set_growth(kDeferring);
    using namespace std::chrono_literals;
    for (int i = 0; i < 3000 && shard_->state().visible_offset < shard_->state().next_offset; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(shard_->state().visible_offset, shard_->state().next_offset);
    compare();
  }

  int partly = 0;  ///< looks at records of which a part was shown
  int behind = 0;  ///< looks at less than everything

 private:
  /// What is shown is what a shard holds that has applied the records before an offset, and of one that only adds points
  /// after them perhaps some points.
  void compare() {
    const auto growing = shard_->state();
    EXPECT_GE(growing.visible_offset, seen_);
    shard_->set_growth({0, true, growing.visible_offset < growing.next_offset || is_deferring_});
    is_deferring_ = true;
    const auto state = shard_->state();
    const auto before = open_shard();
    std::size_t applied = 0;
    for (; applied < records_.size() && records_[applied].offset < state.visible_offset; ++applied)
      ASSERT_FALSE(apply_at(*before, records_[applied].offset, records_[applied].frame).stop);
    const auto known = shown_by(*before);
    const auto found = look(*before);
    // A thread that was building ends its turn first, whenever it gets to it.
    const auto later = shard_->state();
    if (later.visible_points != state.visible_points || later.visible_offset != state.visible_offset) return;

    seen_ = state.visible_offset;
    EXPECT_EQ(found.shown.size(), state.visible_points);
    EXPECT_EQ(found.count, state.visible_points);
    if (state.visible_offset < state.next_offset) ++behind;
    if (found.shown == known) return compare_searches(*before, found);
    ++partly;
    ASSERT_LT(applied, records_.size());
    ASSERT_FALSE(apply_at(*before, records_[applied].offset, records_[applied].frame).stop);
    const auto next = shown_by(*before);
    const auto contains = [](const Shown& all, const Shown& some) {
      return std::ranges::all_of(some, [&](const auto& one) { return all.contains(one.first) && all.at(one.first) == one.second; });
    };
    EXPECT_TRUE(contains(found.shown, known)) << "what was there is there";
    EXPECT_TRUE(contains(next, found.shown)) << "nothing of later records";
    EXPECT_LT(found.shown.size(), next.size());
  }

  struct Query {
    VectorSlot slot;
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
    bool is_exact;
    bool is_filtered;
  };
  /// All that readers are shown at about one moment.
  struct Found {
    Shown shown;
    std::uint64_t count;
    std::uint64_t empty;  ///< without a payload
    std::vector<std::pair<Query, Result<SearchResult>>> searches;
  };

  Found look(const Shard& before) {
    std::vector<Query> queries;
    for (const auto& slot : before.schema()->vectors)
      for (const bool is_exact : {true, false}) queries.push_back(query_for(slot, is_exact));
    Found found{shown_by(*shard_), shard_->count().value(), shard_->count({&empty_}).value(), {}};
    for (auto& query : queries) {
      auto result = search(*shard_, query);
      found.searches.emplace_back(std::move(query), std::move(result));
    }
    return found;
  }

  Query query_for(const VectorSlot& slot, bool is_exact) {
    Query query{slot, {}, {}, is_exact, random_() % 2 == 0};
    if (slot.is_sparse)
      for (std::uint32_t index = 0; index < 40; index += 3) query.indices.push_back(index * 0x0700'0001U);
    std::ranges::sort(query.indices);
    query.values.resize(slot.is_sparse ? query.indices.size() : slot.dimension);
    for (auto& value : query.values) value = static_cast<float>(random_() % 7) - 3.25F;
    if (slot.keeps_unit_length() && !slot.is_sparse) {
      const auto& values = query.values;
      const auto length = std::sqrt(std::inner_product(values.begin(), values.end(), values.begin(), 0.0F));
      for (auto& value : query.values) value /= length;
    }
    return query;
  }

  [[nodiscard]] Result<SearchResult> search(const Shard& shard, const Query& query) const {
    SearchPlan plan;
    plan.slot = query.slot.slot;
    plan.query = query.values;
    plan.is_sparse = query.slot.is_sparse;
    plan.indices = query.indices;
    plan.k = 15;
    plan.exact = query.is_exact;
    plan.matching.filter = query.is_filtered ? &empty_ : nullptr;
    return shard.search(plan);
  }

  void compare_searches(const Shard& before, const Found& looked) {
    EXPECT_EQ(looked.empty, before.count({&empty_}).value());
    for (const auto& [query, result] : looked.searches) {
      const auto wanted = search(before, query).value();
      ASSERT_TRUE(result) << "slot " << query.slot.slot;
      const auto& found = result.value();
      ASSERT_EQ(found.hits.size(), wanted.hits.size()) << "slot " << query.slot.slot;
      for (std::size_t i = 0; i < found.hits.size(); ++i) {
        EXPECT_TRUE(looked.shown.contains(found.hits[i].id));
        if (!query.is_exact && !query.slot.is_sparse) continue;
        EXPECT_EQ(found.hits[i].score, wanted.hits[i].score);
        EXPECT_EQ(found.hits[i].id, wanted.hits[i].id);
        EXPECT_EQ(found.hits[i].version, wanted.hits[i].version);
      }
    }
  }

  std::mt19937_64 random_;
  RandomLog log_;
  IndexBuilder builder_{{2}};
  std::shared_ptr<Shard> shard_;
  std::vector<RandomLog::Record> records_;
  std::uint64_t seen_ = 0;
  bool is_deferring_ = false;
  const Filter empty_ = filter_of(R"({"must":[{"is_empty":{"key":"n"}}]})");
};

TEST(DeferredPoints, P1ReadersAreShownAStateThatTheShardWasInOrOneWithSomePointsMore) {
  const auto seed = seed_of("deferred points");
  int partly = 0;
  int behind = 0;
  for (std::uint64_t i = 0; i < 6 && !HasFailure(); ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed + i));
    Deferring shard(seed + i);
    shard.run(400);
    partly += shard.partly;
    behind += shard.behind;
  }
  EXPECT_GT(partly, 0);
  EXPECT_GT(behind, 10);
}

TEST(DeferredPoints, AsManyAreShownAsNeedNoGraphUntilItGrows) {
  std::mt19937_64 random(seed_of("deferred count"));
  constexpr std::uint64_t kShown = 100;
  GraphShard shard(Distance::euclid, random, {8, 40, kShown * kGraphDimension * sizeof(float)});
  shard->set_growth(kPaused);
  shard.upsert(0, 70);
  EXPECT_EQ(shard->count().value(), 70);
  // One record, of which there is room for a part.
  shard.upsert(70, 1500);
  shard.upsert(1570, 430);
  EXPECT_EQ(shard->count().value(), kShown);
  EXPECT_EQ(shard->state().points, 2000);
  EXPECT_EQ(shard->state().visible_points, kShown);
  EXPECT_EQ(shard->state().indexed_vectors, 0);
  // It is hidden, and so is what becomes of it.
  shard.touch(1000, 1, "{\"n\":-1}");
  shard.touch(0, 1, "{\"n\":-2}");
  const PointId ids[] = {PointId::number(0), PointId::number(1000)};
  PointSelector selector;
  selector.payload = true;
  const auto page = shard->retrieve(ids, selector).value();
  ASSERT_EQ(page.points.size(), 1);
  EXPECT_EQ(page.points[0].payload, "{\"n\":0}") << "that write is behind the hidden ones";
  // Searches neither find nor scan more than what is shown.
  EXPECT_EQ(shard.recall(nullptr, 10, 100), 1);

  shard->set_growth(kDeferring);
  shard.wait(2000);
  EXPECT_EQ(shard->count().value(), 2000);
  EXPECT_EQ(shard->state().visible_offset, shard->state().next_offset);
  const auto later = shard->retrieve(ids, selector).value();
  EXPECT_EQ(later.points.at(0).payload, "{\"n\":-2}");
  EXPECT_EQ(later.points.at(1).payload, "{\"n\":-1}");
  EXPECT_GE(shard.recall(), 0.97);
}

TEST(DeferredPoints, WhatWasShownStaysShownWhenTheyBeginToBeDeferredAndAllIsWhenThatEnds) {
  std::mt19937_64 random(seed_of("deferred on and off"));
  GraphShard shard(Distance::dot, random, {8, 40, 50 * kGraphDimension * sizeof(float)});
  shard->set_growth({0, true, false});
  shard.upsert(0, 300);
  EXPECT_EQ(shard->count().value(), 300);
  shard->set_growth(kPaused);
  EXPECT_EQ(shard->count().value(), 300);
  shard.upsert(300, 20);
  EXPECT_EQ(shard->count().value(), 300);
  shard.remove({PointId::number(5)});
  EXPECT_EQ(shard->count().value(), 300) << "a deletion waits for the points before it";
  shard->set_growth({0, true, false});
  EXPECT_EQ(shard->count().value(), 319);
}

/// Many more records than states that are remembered.
TEST(DeferredPoints, OfManyRecordsSomeAreShownTogether) {
  std::mt19937_64 random(seed_of("deferred many"));
  GraphShard shard(Distance::euclid, random, {4, 10, 50 * kGraphDimension * sizeof(float)});
  shard->set_growth(kPaused);
  for (std::uint64_t id = 0; id < 10'000; ++id) shard.upsert(id, 1);
  EXPECT_EQ(shard->count().value(), 50);
  shard->set_growth(kDeferring);
  std::uint64_t before = 0;
  while (before < 10'000 && !HasFailure()) {
    const auto now = shard->count().value();
    EXPECT_GE(now, before);
    before = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

TEST(DeferredPoints, ReadersSeeMoreAndMoreWhileAWriterAddsAndTheGraphGrows) {
  std::mt19937_64 random(seed_of("deferred concurrency"));
  GraphShard shard(Distance::euclid, random, {6, 30, 40 * kGraphDimension * sizeof(float)});
  shard->set_growth(kDeferring);
  std::atomic<bool> is_done{false};
  const auto query = shard.vector();
  const auto read = [&] {
    std::uint64_t points = 0;
    std::uint64_t offset = 0;
    while (!is_done) {
      const auto now = shard->count().value();
      EXPECT_GE(now, points);
      points = now;
      SearchPlan plan;
      plan.query = query;
      plan.exact = points % 2 == 0;
      const auto found = shard->search(plan).value();
      EXPECT_EQ(found.hits.size(), std::min<std::uint64_t>(10, shard->count().value()));
      EXPECT_GE(found.next_offset, offset);
      offset = found.next_offset;
    }
  };
  // There is always something to be found.
  shard.upsert(0, 20);
  std::thread first(read);
  std::thread second(read);
  for (std::uint64_t id = 20; id < 2000; id += 20) {
    shard.upsert(id, 20);
    if (id % 200 == 0) shard.touch(id - 20, 10, "{}");
  }
  shard.wait(2000);
  is_done = true;
  first.join();
  second.join();
  EXPECT_EQ(shard->count().value(), 2000);
}

}  // namespace
}  // namespace millrace
