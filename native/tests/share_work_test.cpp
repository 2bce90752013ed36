#include "base/share_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <vector>

namespace millrace {
namespace {

TEST(ShareWork, EveryPieceIsDoneOnceHoweverManyHelp) {
  ThreadPool pool(ThreadPool::Options{3, 64});
  for (int round = 0; round < 300; ++round) {
    std::vector<std::atomic<int>> done(500);
    std::atomic<std::size_t> next{0};
    const auto work = [&](std::uint32_t) noexcept {
      for (auto piece = next.fetch_add(1); piece < done.size(); piece = next.fetch_add(1)) ++done[piece];
    };
    share_work(pool, static_cast<std::uint32_t>(round % 4), work);
    for (const auto& times : done) ASSERT_EQ(times.load(), 1);
  }
}

TEST(ShareWork, ABusyPoolIsNotWaitedFor) {
  ThreadPool pool(ThreadPool::Options{1, 64});
  std::promise<int> helped;
  // The caller holds the only thread: nobody else can come.
  ASSERT_TRUE(pool.submit(ThreadPool::Lane::foreground, [&] {
    std::atomic<int> calls{0};
    const auto work = [&](std::uint32_t) noexcept { ++calls; };
    share_work(pool, 5, work);
    helped.set_value(calls.load());
  }));
  EXPECT_EQ(helped.get_future().get(), 1);
  pool.stop();
}

}  // namespace
}  // namespace millrace
