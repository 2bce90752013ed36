#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "millrace/thread_pool.h"
#include "operations.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr std::uint64_t kPoints = 200;

TEST(ShardConcurrency, EveryReaderFindsEveryPointExactlyOnceWhileAWriterReplacesThem) {
  std::mt19937_64 random(seed_of("shard concurrency"));
  const auto shard = open_shard();
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame(one_vector(4, Distance::dot)))).stop);
  const auto batch_of = [&](std::uint64_t first, std::uint64_t count) {
    std::vector<TestPoint> batch;
    for (auto i = first; i < first + count; ++i)
      batch.push_back({PointId::number(i), {std::vector<float>{1, static_cast<float>(random() % 100), 0, 0}},
                       "{\"x\":" + std::to_string(i) + "}"});
    return sealed(upsert_frame(batch, {0}));
  };
  ASSERT_FALSE(apply_at(*shard, 1, batch_of(0, kPoints)).stop);

  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader)
    readers.emplace_back([&, reader] {
      std::vector<PointId> ids;
      for (std::uint64_t i = 0; i < kPoints; ++i) ids.push_back(PointId::number(i));
      const std::vector<float> query{0, 1, 0, 0};
      while (!done) {
        std::vector<PointId> found;
        if (reader == 0) {
          const auto page = shard->retrieve(ids, {true, true, {}});
          for (const auto& view : page.value().points) {
            found.push_back(view.id);
            EXPECT_EQ(view.payload, "{\"x\":" + std::to_string(view.id.low) + "}");
            EXPECT_EQ(view.vectors.at(0).values[0], 1.0F);
          }
        } else if (reader == 1) {
          std::optional<PointId> from;
          do {
            const auto page = shard->scroll(from, 70, {});
            for (const auto& view : page.value().points)
              if (view.id.low < kPoints) found.push_back(view.id);
            from = page.value().next;
          } while (from);
        } else {
          SearchPlan plan;
          plan.query = query;
          plan.k = 1U << 20U;  // more than there ever are
          const auto result = shard->search(plan);
          for (const auto& hit : result.value().hits)
            if (hit.id.low < kPoints) found.push_back(hit.id);
        }
        const std::set<PointId> distinct(found.begin(), found.end());
        EXPECT_EQ(found.size(), kPoints) << "reader " << reader;
        EXPECT_EQ(distinct.size(), kPoints) << "reader " << reader;
        static_cast<void>(shard->state());
        static_cast<void>(shard->count());
      }
    });
  for (std::uint64_t offset = 2; offset < 2500; ++offset) {
    // Beside the fixed points others come and go, so that the id table grows and is rebuilt.
    const auto frame = offset % 3 == 0   ? batch_of(1000 + offset * 20, 20)
                       : offset % 3 == 1 ? batch_of(random() % (kPoints - 50), 50)
                                         : sealed(delete_frame({PointId::number(1000 + (offset - 2) * 20)}));
    ASSERT_FALSE(apply_at(*shard, offset, frame).stop);
  }
  done = true;
  for (auto& reader : readers) reader.join();
}

/// Every payload says under which version it was written, so a reader can tell a mixture of two states.
TEST(ShardConcurrency, SearchesFindEachPointOnceWithAVersionThatItsPayloadHadWhilePayloadsChange) {
  std::mt19937_64 random(seed_of("payload concurrency"));
  const auto shard = open_shard();
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame({1, 0, 0, {{0, "", 2, Distance::dot}, {1, "b", 2, Distance::dot}}}))).stop);
  const auto payload_of = [](std::uint64_t offset) {
    return "{\"v\":" + std::to_string(offset) + ",\"parity\":" + std::to_string(offset % 2) + "}";
  };
  std::vector<TestPoint> points;
  for (std::uint64_t i = 0; i < kPoints; ++i)
    points.push_back({PointId::number(i), {std::vector<float>{1, 0}, std::vector<float>{0, 1}}, payload_of(1)});
  ASSERT_FALSE(apply_at(*shard, 1, sealed(upsert_frame(points, {0, 1}))).stop);

  const auto odd = filter_of(R"({"must":[{"key":"parity","match":{"value":1}}]})");
  const auto even = filter_of(R"({"must":[{"key":"parity","match":{"value":0}}]})");
  std::atomic<bool> done{false};
  const auto read = [&](std::uint32_t reader) {
    const std::vector<float> query{1, 1};
    ThreadPool pool({2, 16});
    while (!done) {
      if (reader == 0) {
        const auto page = shard->scroll({}, kPoints, {true, true, {}});
        EXPECT_EQ(page.value().points.size(), kPoints);
        for (const auto& view : page.value().points) {
          EXPECT_EQ(view.payload, payload_of(view.version));
          EXPECT_EQ(view.vectors.size(), 2U);
        }
        continue;
      }
      SearchPlan plan;
      plan.slot = reader % 2;
      plan.query = query;
      plan.k = 1U << 20U;
      plan.matching.helpers = &pool;
      if (reader == 3) plan.matching.filter = &odd;
      std::set<PointId> distinct;
      const auto result = shard->search(plan).value();
      for (const auto& hit : result.hits) {
        EXPECT_TRUE(distinct.insert(hit.id).second) << hit.id.low;
        EXPECT_LT(hit.version, result.next_offset);
        EXPECT_TRUE(reader != 3 || hit.version % 2 == 1);
      }
      EXPECT_TRUE(reader == 3 || distinct.size() == kPoints) << distinct.size();
      // Both counts are of one snapshot each, and what changes between them are whole points.
      EXPECT_LE(shard->count({&even, nullptr, &pool}).value(), kPoints);
    }
  };
  std::vector<std::thread> readers;
  for (std::uint32_t reader = 0; reader < 4; ++reader) readers.emplace_back(read, reader);
  for (std::uint64_t offset = 2; offset < 1500; ++offset) {
    std::vector<PointId> some;
    for (std::uint64_t i = 0; i < 1 + random() % 80; ++i) some.push_back(PointId::number(random() % kPoints));
    const auto set = operation_frame(layout::RecordKind::overwrite_payload, some, "{\"payload\":'" + payload_of(offset) + "'}");
    std::vector<std::byte> frame = set;
    if (offset % 5 == 0) {
      auto moved = points[random() % kPoints];
      moved.vectors[0] = std::nullopt;
      const auto again = operation_frame(layout::RecordKind::overwrite_payload, std::vector{moved.id},
                                         "{\"payload\":'" + payload_of(offset) + "'}");
      frame = batch_frame({set, points_frame(layout::RecordKind::update_vectors, {moved}, {0, 1}, ""), again, set});
    }
    ASSERT_FALSE(apply_at(*shard, offset, sealed(frame)).stop);
  }
  done = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace millrace
