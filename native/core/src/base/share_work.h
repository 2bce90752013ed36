#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>

#include "millrace/thread_pool.h"

namespace millrace {

/// Who is at work besides the caller, and whether more may begin.
class SharedWork {
 public:
  /// @return false when the caller has finished: there is nothing left to work on
  [[nodiscard]] bool enter() {
    const std::scoped_lock lock(mutex_);
    if (is_closed_) return false;
    ++working_;
    return true;
  }
  void leave() {
    const std::scoped_lock lock(mutex_);
    if (--working_ == 0) left_.notify_all();
  }
  /// Lets nobody in any more and waits for those inside.
  void close() {
    std::unique_lock lock(mutex_);
    is_closed_ = true;
    left_.wait(lock, [this] { return working_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::uint32_t working_ = 0;
  bool is_closed_ = false;
};

/// Calls `work(0)` here, and `work(1)` to `work(helpers)` on threads of the pool that come to it while `work(0)` runs.
/// A busy pool means that nobody helps: the caller never waits for work that has not begun, so it may itself be a job.
/// @param work  noexcept; does what is left, whoever calls it
/// @throws std::bad_alloc before anything has begun
template <typename Work>
void share_work(ThreadPool& pool, std::uint32_t helpers, const Work& work) {
  const auto shared = std::make_shared<SharedWork>();
  for (std::uint32_t i = 1; i <= helpers; ++i) {
    try {
      const bool is_queued = pool.submit(ThreadPool::Lane::foreground, [shared, i, &work] {
        if (!shared->enter()) return;
        work(i);
        shared->leave();
      });
      if (!is_queued) break;
    } catch (const std::bad_alloc&) {
      // Those who were asked may already be at work: they and the caller do it all.
      break;
    }
  }
  work(0);
  shared->close();
}

}  // namespace millrace
