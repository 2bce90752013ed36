#include "millrace/thread_pool.h"

#include <algorithm>

namespace millrace {

ThreadPool::ThreadPool() : ThreadPool(Options{}) {}

ThreadPool::ThreadPool(Options options)
    : thread_count_(options.threads != 0 ? options.threads : std::max(2U, std::thread::hardware_concurrency())),
      jobs_max_(options.jobs_max) {
  threads_.reserve(thread_count_);
  try {
    for (std::uint32_t i = 0; i < thread_count_; ++i) threads_.emplace_back([this] { serve(); });
  } catch (...) {
    stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_arrived_.notify_all();
  // A second mutex: the threads need the first one to finish, and two callers must not join the same thread.
  const std::scoped_lock lock(join_mutex_);
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::size_t ThreadPool::waiting(Lane lane) const {
  const std::scoped_lock lock(mutex_);
  return lane == Lane::foreground ? foreground_.size() : background_.size();
}

std::uint32_t ThreadPool::idle() const {
  const std::scoped_lock lock(mutex_);
  const auto taken = running_ + foreground_.size();
  return taken < thread_count_ ? thread_count_ - static_cast<std::uint32_t>(taken) : 0;
}

bool ThreadPool::enqueue(Lane lane, std::unique_ptr<Job> job) {
  {
    const std::scoped_lock lock(mutex_);
    auto& queue = lane == Lane::foreground ? foreground_ : background_;
    if (stopping_ || queue.size() >= jobs_max_) return false;
    queue.push_back(std::move(job));
  }
  work_arrived_.notify_one();
  return true;
}

bool ThreadPool::may_run_background() const noexcept {
  return !background_.empty() && (thread_count_ == 1 || background_running_ + 1 < thread_count_);
}

void ThreadPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_arrived_.wait(lock, [this] {
      return !foreground_.empty() || may_run_background() || (stopping_ && background_.empty());
    });
    const bool is_background = foreground_.empty();
    if (is_background && background_.empty()) return;
    auto& queue = is_background ? background_ : foreground_;
    auto job = std::move(queue.front());
    queue.pop_front();
    if (is_background) ++background_running_;
    ++running_;
    lock.unlock();
    job->run();
    job.reset();
    lock.lock();
    --running_;
    if (is_background) {
      --background_running_;
      // Another thread may have passed over the background lane because it was at its limit.
      work_arrived_.notify_all();
    }
  }
}

}  // namespace millrace
