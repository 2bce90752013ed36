#include "millrace/index_builder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace millrace {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

/// Has work left that nobody else can see while one thread has it in hand.
class Handful final : public Growing {
 public:
  bool grow(std::uint64_t /*until_ns*/) noexcept override {
    std::unique_lock lock(mutex_);
    if (is_in_hand_) return false;
    if (!was_in_hand_) {
      is_in_hand_ = was_in_hand_ = true;
      // Another thread finds nothing to do meanwhile, twice looked at.
      changed_.wait_for(lock, kPatience, [this] { return looks_ > 0; });
      is_in_hand_ = false;
      return true;
    }
    if (left_ > 0) --left_;
    changed_.notify_all();
    return left_ > 0;
  }

  [[nodiscard]] bool has_growth() const noexcept override {
    const std::scoped_lock lock(mutex_);
    if (is_in_hand_) {
      ++looks_;
      changed_.notify_all();
    }
    return !is_in_hand_ && left_ > 0;
  }

  /// @return whether nothing is left
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [this] { return left_ == 0; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int looks_ = 0;
  bool is_in_hand_ = false;
  bool was_in_hand_ = false;
  int left_ = 100;
};

/// Counts the threads that work on it at once, for so many turns.
class Crowd final : public Growing {
 public:
  explicit Crowd(int turns) : left_(turns) {}

  bool grow(std::uint64_t /*until_ns*/) noexcept override {
    const int now = ++inside_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    --inside_;
    const int left = --left_;
    left_.notify_all();
    return left > 0;
  }
  [[nodiscard]] bool has_growth() const noexcept override { return left_ > 0; }

  void wait() const {
    for (int left = left_; left > 0; left = left_) left_.wait(left);
  }
  [[nodiscard]] int most() const noexcept { return most_; }

 private:
  std::atomic<int> left_;
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};

TEST(IndexBuilder, NoMoreThreadsWorkOnOneThanItAllowsAndOthersGoOn) {
  IndexBuilder builder({.threads = 4});
  for (const std::uint32_t limit : {1U, 2U, 0U}) {
    const auto limited = std::make_shared<Crowd>(400);
    const auto free = std::make_shared<Crowd>(400);
    limited->limit_builders(limit);
    builder.wake(limited);
    builder.wake(free);
    limited->wait();
    free->wait();
    EXPECT_GE(limited->most(), 1);
    EXPECT_LE(limited->most(), limit == 0 ? 4 : static_cast<int>(limit));
    EXPECT_GT(free->most(), 1) << "the others were not kept busy";
  }
}

TEST(IndexBuilder, ALimitThatIsRaisedLetsMoreThreadsIn) {
  IndexBuilder builder({.threads = 4});
  const auto crowd = std::make_shared<Crowd>(2000);
  crowd->limit_builders(1);
  builder.wake(crowd);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(crowd->most(), 1);
  crowd->limit_builders(0);
  crowd->wait();
  EXPECT_GT(crowd->most(), 1);
}

TEST(IndexBuilder, WorkThatOneThreadHasInHandIsNotForgottenWhenAnotherFindsNone) {
  for (int round = 0; round < 50; ++round) {
    const auto growing = std::make_shared<Handful>();
    IndexBuilder builder({.threads = 2});
    builder.wake(growing);
    EXPECT_TRUE(growing->wait()) << "round " << round;
  }
}

TEST(IndexBuilder, WhatEndedIsForgotten) {
  IndexBuilder builder({.threads = 2});
  for (int round = 0; round < 1000; ++round) builder.wake(std::make_shared<Handful>());
  const auto growing = std::make_shared<Handful>();
  builder.wake(growing);
  EXPECT_TRUE(growing->wait());
}

}  // namespace
}  // namespace millrace
