#include <gtest/gtest.h>

#include "operations.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary
using layout::RecordKind;

struct Sample {
  RecordKind kind;
  const char* meta;
};

constexpr Sample kSamples[] = {
    {RecordKind::set_payload, R"({"payload":'{"a":[1,{"b":2}],"n":null}',"key":"k[].x","filter":{}})"},
    {RecordKind::overwrite_payload, R"({"payload":'{"n":7}',"filter":{"must":[{"key":"n","match":{"value":1}}]}})"},
    {RecordKind::delete_payload, R"({"keys":["n","k[].x"],"filter":{"should":[{"has_vector":0}]}})"},
    {RecordKind::clear_payload, R"({"filter":{"must_not":[{"key":"n","range":{"gte":2}}]}})"},
    {RecordKind::delete_vectors, R"({"slots":[0],"filter":{"must":[{"has_id":[1,2]}]}})"},
    {RecordKind::delete_by_filter, R"({"filter":{"must":[{"is_empty":{"key":"n"}}]}})"}};

class Pair {
 public:
  explicit Pair(std::uint64_t seed) : random_(seed) {
    apply(schema_frame(one_vector(2, Distance::dot)));
    std::vector<TestPoint> points;
    for (std::uint64_t i = 0; i < 20; ++i)
      points.push_back({PointId::number(i), {std::vector<float>{1, 2}},
                        "{\"n\":" + std::to_string(i % 4) + R"(,"k":[{"x":1},2]})"});
    apply(upsert_frame(points, {0}));
  }

  void step() {
    auto frame = operation();
    if (below(3) == 0) frame = batch_frame({operation(), operation(), frame});
    // Damage that the checksums do not show, as a wrong encoder would do it.
    if (below(3) == 0) frame = damaged(frame);
    apply(frame);
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  std::vector<std::byte> operation() {
    const auto& [kind, meta] = kSamples[below(std::size(kSamples))];
    auto bytes = packed(meta);
    for (auto changes = below(4); changes > 0; --changes)
      bytes[below(bytes.size())] = static_cast<std::byte>(below(2) == 0 ? random_() : 0xa0U + random_() % 0x40U);
    const auto named = below(3);
    RecordBuilder builder(kind, kCollection, 1, static_cast<std::uint32_t>(named));
    std::vector<PointId> ids(named);
    for (auto& id : ids) id = PointId::number(below(25));
    if (named > 0 || below(5) == 0) add_ids(builder, ids);
    builder.add(layout::SectionKind::meta, 0, 0, 0, bytes);
    return builder.finish();
  }

  std::vector<std::byte> damaged(std::vector<std::byte> frame) {
    const auto first = layout::kHeaderBytes + layout::kSectionEntryBytes;
    if (frame.size() <= first) return frame;
    frame[first + below(frame.size() - first)] = static_cast<std::byte>(random_());
    // Inside of a batch, whose checksums are right, nothing but its form speaks against it.
    RecordBuilder builder(RecordKind::batch, kCollection, 1, 1);
    const std::uint32_t offsets[] = {0, static_cast<std::uint32_t>(frame.size())};
    const auto table = std::as_bytes(std::span(offsets));
    std::vector<std::byte> section(table.begin(), table.end());
    section.insert(section.end(), frame.begin(), frame.end());
    builder.add(layout::SectionKind::operations, 0, 0, 1, section);
    return builder.finish();
  }

  /// Both shards do the same, and one that stops has changed nothing.
  void apply(const std::vector<std::byte>& frame) {
    const auto before = shards_[0]->state();
    const auto record = sealed(frame);
    const auto first = apply_at(*shards_[0], offset_, record);
    const auto second = apply_at(*shards_[1], offset_, record);
    ASSERT_EQ(first.stop.has_value(), second.stop.has_value());
    EXPECT_EQ(shards_[0]->digest(), shards_[1]->digest());
    if (first.stop) {
      EXPECT_EQ(first.stop->details, second.stop->details);
      EXPECT_EQ(shards_[0]->digest(), before.digest);
      EXPECT_EQ(shards_[0]->state().rows, before.rows);
      return;
    }
    EXPECT_EQ(first.outcomes.at(0).code, second.outcomes.at(0).code);
    EXPECT_EQ(first.outcomes.at(0).details, second.outcomes.at(0).details);
    ++offset_;
  }

  std::mt19937_64 random_;
  std::shared_ptr<Shard> shards_[2] = {open_shard(), open_shard()};
  std::uint64_t offset_ = 0;
};

TEST(OperationsFuzz, DamagedOperationsStopAShardWithoutATraceOrDoTheSameOnEachReplica) {
  const auto seed = seed_of("operations fuzz");
  for (std::uint64_t i = 0; i < 60 && !HasFailure(); ++i) {
    SCOPED_TRACE("SEED=" + std::to_string(seed + i));
    Pair pair(seed + i);
    for (int step = 0; step < 150 && !HasFailure(); ++step) pair.step();
  }
}

}  // namespace
}  // namespace millrace
