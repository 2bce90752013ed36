#include <thread>

#include "checkpoint_files.h"
#include "random_log.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

TEST(CheckpointConcurrency, FilesThatAreEncodedWhileRecordsAreAppliedHoldWhatWasCaptured) {
  const auto seed = seed_of("checkpoint concurrency");
  RandomLog log(seed, 3000);
  const auto shard = open_shard();
  const auto apply = [&](int records) {
    for (; records > 0; --records) {
      const auto record = log.next();
      ASSERT_FALSE(apply_at(*shard, record.offset, record.frame).stop);
    }
  };
  std::vector<Bytes> chain;
  std::uint64_t since = 0;
  apply(200);
  for (int round = 0; round < 12; ++round) {
    auto capture = capture_of(*shard, since);
    ASSERT_NE(capture, nullptr);
    since = capture->state().next_offset;
    const auto digest = capture->state().digest;
    Bytes file;
    std::thread encoder([&] { file = file_of(*capture, 2000); });
    apply(150);
    encoder.join();
    chain.push_back(std::move(file));
    const auto copy = loaded(chain);
    EXPECT_EQ(copy->state().digest, digest);
    EXPECT_EQ(copy->state().next_offset, since);
  }
}

TEST(CheckpointConcurrency, ReadersOfAShardThatIsLoadedSeeNothingOrEverything) {
  RandomLog log(seed_of("read while loading"), 400);
  const auto original = open_shard();
  for (int i = 0; i < 200; ++i) {
    const auto record = log.next();
    ASSERT_FALSE(apply_at(*original, record.offset, record.frame).stop);
  }
  const auto points = original->state().points;
  const auto frames = frames_of(file_of(*original, 0, 2000));
  const auto shard = open_shard();
  std::atomic<bool> done{false};
  std::thread reader([&] {
    std::vector<PointId> ids;
    for (std::uint64_t i = 0; i < 400; ++i) ids.push_back(PointId::number(i));
    while (!done) {
      const auto count = shard->scroll(std::nullopt, 1000, {}).value().points.size();
      EXPECT_TRUE(count == 0 || count == points);
      static_cast<void>(shard->retrieve(ids, {true, true, {}}));
      static_cast<void>(shard->state());
    }
  });
  // Most attempts fail half-way and take everything back.
  for (int attempt = 0; attempt < 100; ++attempt) {
    for (std::size_t i = 0; i < frames.size() / 2; ++i) ASSERT_FALSE(shard->load(frames[i]));
    ASSERT_TRUE(shard->load(frames.front()));
  }
  for (const auto& frame : frames) ASSERT_FALSE(shard->load(frame));
  ASSERT_FALSE(shard->finish_load());
  done = true;
  reader.join();
  EXPECT_EQ(shard->state().points, points);
}

}  // namespace
}  // namespace millrace
