#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "frames.h"

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
          plan.k = 10'000;
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
  for (std::uint64_t offset = 2; offset < 700; ++offset) {
    // Beside the fixed points others come and go, so that the id table grows and is rebuilt.
    const auto frame = offset % 3 == 0   ? batch_of(1000 + offset * 20, 20)
                       : offset % 3 == 1 ? batch_of(random() % (kPoints - 50), 50)
                                         : sealed(delete_frame({PointId::number(1000 + (offset - 2) * 20)}));
    ASSERT_FALSE(apply_at(*shard, offset, frame).stop);
  }
  done = true;
  for (auto& reader : readers) reader.join();
}

}  // namespace
}  // namespace millrace
