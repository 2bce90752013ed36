#include <gtest/gtest.h>

#include <set>

#include "shard/schema_codec.h"
#include "shard_operation_maker.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

class Differential {
 public:
  explicit Differential(std::uint64_t seed) : random_(seed) {
    model_.schema = {1, 1000, 0, {{0, "", 5, Distance::cosine}, {1, "dot", 3, Distance::dot},
                                  {2, "l2", 17, Distance::euclid}, {3, "l1", 4, Distance::manhattan},
                                  {4, "half", 9, Distance::euclid, false, ElementType::f16},
                                  {5, "half unit", 4, Distance::cosine, false, ElementType::f16},
                                  {6, "bytes", 35, Distance::cosine, false, ElementType::u8},
                                  {7, "bytes l1", 6, Distance::manhattan, false, ElementType::u8}}};
    append(schema_frame(model_.schema));
  }

  void run(int operations) {
    for (int i = 0; i < operations && !::testing::Test::HasFailure(); ++i) {
      step();
      if (i % 20 == 0) compare();
    }
    compare();
    replay();
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  PointId id() { return maker_.id(); }

  Outcome append(const std::vector<std::byte>& frame, std::uint64_t producer, std::uint64_t sequence) {
    log_.push_back({offset_, sealed(frame, producer, sequence, 1)});
    const auto result = apply_at(*shard_, offset_, log_.back().second);
    EXPECT_FALSE(result.stop) << result.stop->details;
    // A duplicate is not remembered.
    if (sequence == sequence_) last_offset_ = offset_;
    // Offsets are not dense.
    offset_ += 1 + below(3);
    return result.outcomes.empty() ? Outcome{} : result.outcomes.front();
  }
  Outcome append(const std::vector<std::byte>& frame) { return append(frame, 9, ++sequence_); }

  void step() {
    const auto choice = below(20);
    if (choice == 0 && sequence_ > 1) return repeat();
    if (choice == 1) return change_schema();
    if (choice < 6) return erase();
    if (choice < 12) return change_points();
    const auto batch = maker_.points(1 + below(12));
    std::set<PointId> distinct;
    for (const auto& point : batch) distinct.insert(point.id);
    const auto at = offset_;
    const auto outcome = append(upsert_frame(batch, maker_.slots()));
    EXPECT_EQ(outcome.code, Errc::ok);
    EXPECT_EQ(outcome.affected, distinct.size());
    model_.upsert(batch, maker_.slots(), at);
  }

  /// One operation, or several in a batch that ends with the first that is rejected.
  void change_points() {
    const auto count = 1 + below(5);
    std::vector<std::vector<std::byte>> frames;
    std::size_t affected = 0;
    Errc code = Errc::ok;
    const bool is_batch = below(2) == 0;
    for (std::size_t i = 0; i < (is_batch ? count : 1) && code == Errc::ok; ++i) {
      auto made = maker_.make(offset_);
      frames.push_back(std::move(made.frame));
      affected += made.affected;
      code = made.code;
    }
    const auto stopped = frames.size() - 1;
    if (code != Errc::ok && is_batch) frames.push_back(delete_frame({id(), id(), id()}));
    const auto outcome = append(is_batch ? batch_frame(frames) : frames.front());
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.affected, affected);
    if (code != Errc::ok && is_batch) {
      const auto place = "\"operation\":" + std::to_string(stopped) + ",\"id\":";
      EXPECT_EQ(outcome.details.substr(0, place.size()), place);
    }
  }

  void erase() {
    std::vector<PointId> ids(1 + below(5));
    std::size_t erased = 0;
    for (auto& each : ids) each = id();
    EXPECT_EQ(append(delete_frame(ids)).code, Errc::ok);
    for (const auto& each : ids) erased += model_.points.erase(each);
  }

  void repeat() {
    const auto frame = delete_frame({id(), id(), id()});
    EXPECT_EQ(append(frame, 9, 1 + below(sequence_ - 1)).code, Errc::record_duplicate);
  }

  void change_schema() {
    ++model_.schema.version;
    auto& vectors = model_.schema.vectors;
    if (vectors.size() > 8) {
      for (auto& [unused, point] : model_.points) point.vectors.erase(vectors.back().slot);
      vectors.pop_back();
    } else {
      vectors.push_back({10 + model_.schema.version, "later", 6, Distance::dot, false, static_cast<ElementType>(below(3))});
    }
    EXPECT_EQ(append(schema_frame(model_.schema)).code, Errc::ok);
    auto old = model_.schema;
    --old.version;
    old.vectors.clear();
    EXPECT_EQ(append(schema_frame(old)).code, Errc::ok);
  }

  void compare() {
    const auto state = shard_->state();
    EXPECT_EQ(state.points, model_.points.size());
    EXPECT_EQ(shard_->count().value(), model_.points.size());
    compare_points();
    for (const auto& vector : model_.schema.vectors) compare_search(vector);
    auto content = model_.content();
    for (const auto& vector : model_.schema.vectors) {
      const auto shape = static_cast<std::uint64_t>(vector.distance) + 256 * static_cast<std::uint64_t>(vector.element);
      const std::uint64_t words[] = {vector.slot, vector.dimension, shape};
      content += component_hash(Component::schema_content, words, std::as_bytes(std::span(vector.name)));
    }
    EXPECT_EQ(state.content_digest, content.digest());
    EXPECT_EQ(state.digest, digest());
  }

  /// The digest with versions, from nothing but the model.
  [[nodiscard]] Digest digest() const {
    const std::uint64_t producer[] = {9, sequence_, last_offset_};
    const std::uint64_t epoch[] = {1};
    DigestSum sum = schema_hash(model_.schema) + component_hash(Component::producer, producer) +
                    component_hash(Component::epoch, epoch) + model_.content();
    for (const auto& [each, point] : model_.points) {
      sum -= point_hash(each);
      sum += version_hash(each, point.version);
    }
    return sum.digest();
  }

  void compare_points() {
    std::optional<PointId> from;
    std::vector<PointId> seen;
    const auto limit = static_cast<std::uint32_t>(1 + below(40));
    do {
      const auto page = shard_->scroll(from, limit, {true, true, {}});
      ASSERT_TRUE(page.ok());
      for (const auto& view : page.value().points) check(view), seen.push_back(view.id);
      from = page.value().next;
    } while (from);
    std::vector<PointId> expected;
    for (const auto& [each, unused] : model_.points) expected.push_back(each);
    EXPECT_EQ(seen, expected);
    const std::vector<PointId> some{id(), id(), id(), PointId::number(1U << 20U)};
    const auto page = shard_->retrieve(some, {true, true, {}});
    std::size_t present = 0;
    for (const auto& each : some) present += model_.points.count(each);
    EXPECT_EQ(page.value().points.size(), present);
    for (const auto& view : page.value().points) check(view);
  }

  void check(const PointView& view) {
    const auto& point = model_.points.at(view.id);
    EXPECT_EQ(view.version, point.version);
    EXPECT_EQ(view.payload, point.payload);
    std::map<std::uint32_t, std::vector<float>> stored;
    for (const auto& vector : view.vectors) stored[vector.slot] = {vector.values.begin(), vector.values.end()};
    EXPECT_EQ(stored, point.vectors);
  }

  void compare_search(const VectorSlot& slot) {
    const auto query = maker_.values(slot);
    SearchPlan plan;
    plan.slot = slot.slot;
    plan.query = query;
    plan.k = static_cast<std::uint32_t>(1 + below(150));
    // Components of −1, 0 and 1: sums are exact, and a root is rounded alike everywhere.
    if (below(2) == 0) plan.score_threshold = static_cast<float>(below(3));
    const auto result = shard_->search(plan);
    ASSERT_TRUE(result.ok());
    const bool larger = result.value().larger_is_better;
    std::vector<std::pair<float, PointId>> expected;
    for (const auto& [each, scored] : model_.scores(slot, query)) {
      const auto score = static_cast<float>(scored.score);
      if (!plan.score_threshold || (larger ? score > *plan.score_threshold : score < *plan.score_threshold))
        expected.emplace_back(score, each);
    }
    std::ranges::sort(expected, [&](const auto& a, const auto& b) { return larger ? a > b : a < b; });
    if (expected.size() > plan.k) expected.resize(plan.k);
    std::vector<std::pair<float, PointId>> found;
    for (const auto& hit : result.value().hits) {
      found.emplace_back(hit.score, hit.id);
      EXPECT_EQ(hit.version, model_.points.at(hit.id).version);
    }
    EXPECT_EQ(found, expected) << "slot " << slot.slot;
  }

  /// The same log in other batches, some of them overlapping what was applied, ends in the same state.
  void replay() {
    const auto other = open_shard();
    for (std::size_t at = 0; at < log_.size();) {
      const auto end = std::min(log_.size(), at + 1 + below(30));
      const auto begin = at - std::min(at, below(5));
      std::vector<RecordView> records;
      for (auto i = begin; i < end; ++i) records.push_back({log_[i].first, 0, log_[i].second});
      const auto result = other->apply(records);
      ASSERT_FALSE(result.stop);
      EXPECT_EQ(result.outcomes.size(), end - at);
      at = end;
    }
    EXPECT_EQ(other->state().digest, shard_->state().digest);
    EXPECT_EQ(other->state().content_digest, shard_->state().content_digest);
    EXPECT_EQ(other->state().next_offset, shard_->state().next_offset);
  }

  std::mt19937_64 random_;
  Model model_;
  OperationMaker maker_{random_, model_};
  std::shared_ptr<Shard> shard_ = open_shard();
  std::vector<std::pair<std::uint64_t, std::vector<std::byte>>> log_;
  std::uint64_t offset_ = 3;
  std::uint64_t sequence_ = 0;
  std::uint64_t last_offset_ = 0;  ///< of the last record that was no duplicate
};

TEST(ShardDifferential, RandomRecordsLeaveTheShardAsThePlainModel) {
  const auto seed = seed_of("shard differential");
  for (std::uint64_t i = 0; i < 20 && !HasFailure(); ++i) Differential(seed + i).run(300);
}

}  // namespace
}  // namespace millrace
