#include "millrace/index_builder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

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
