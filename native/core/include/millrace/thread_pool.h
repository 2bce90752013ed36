#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace millrace {

/// The engine's own threads, so that long native work never takes one of libuv's.
///
/// Two lanes, each first in, first out: `foreground` (searches, apply) goes before `background` (builds), and background
/// jobs never hold the last thread, so a search waits for no build.
class ThreadPool {
 public:
  enum class Lane : std::uint8_t { foreground, background };

  struct Options {
    std::uint32_t threads = 0;      ///< 0: the number of cores, at least 2
    std::size_t jobs_max = 65'536;  ///< waiting jobs per lane
  };

  ThreadPool();
  explicit ThreadPool(Options options);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  ThreadPool(ThreadPool&&) = delete;
  ThreadPool& operator=(ThreadPool&&) = delete;
  ~ThreadPool();

  /// Queues `work`, which must not throw: an exception that leaves it ends the process.
  /// @return false when the lane is full or the pool is stopping; `work` will not run then
  /// @throws std::bad_alloc
  template <typename Work>
  [[nodiscard]] bool submit(Lane lane, Work work) {
    return enqueue(lane, std::make_unique<JobOf<Work>>(std::move(work)));
  }

  /// Takes no more jobs, runs those that wait, joins the threads. May be called twice; not from a job.
  void stop();

  [[nodiscard]] std::uint32_t threads() const noexcept { return thread_count_; }
  [[nodiscard]] std::size_t waiting(Lane lane) const;
  /// Threads that have nothing to do and no job waiting for them.
  [[nodiscard]] std::uint32_t idle() const;

 private:
  struct Job {
    Job() = default;
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;
    Job(Job&&) = delete;
    Job& operator=(Job&&) = delete;
    virtual ~Job() = default;
    virtual void run() noexcept = 0;
  };

  template <typename Work>
  struct JobOf final : Job {
    explicit JobOf(Work taken) : work(std::move(taken)) {}
    void run() noexcept override { work(); }
    Work work;
  };

  using JobQueue = std::deque<std::unique_ptr<Job>>;

  bool enqueue(Lane lane, std::unique_ptr<Job> job);
  void serve();
  [[nodiscard]] bool may_run_background() const noexcept;

  std::uint32_t thread_count_;
  std::size_t jobs_max_;
  mutable std::mutex mutex_;
  std::condition_variable work_arrived_;
  JobQueue foreground_;
  JobQueue background_;
  std::uint32_t background_running_ = 0;
  std::uint32_t running_ = 0;
  bool stopping_ = false;
  std::mutex join_mutex_;
  std::vector<std::thread> threads_;
};

}  // namespace millrace
