#pragma once

#include <napi.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "millrace/index_builder.h"
#include "millrace/shard.h"
#include "millrace/thread_pool.h"

namespace millrace::binding {

/// Work for an engine thread, and what it answers. Made, settled and destroyed on the JavaScript thread.
class Job {
 public:
  explicit Job(Napi::Env env) : deferred(Napi::Promise::Deferred::New(env)) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  virtual ~Job() = default;

  /// On an engine thread: no JavaScript here, and nothing is thrown.
  virtual void work() noexcept = 0;
  /// On the JavaScript thread: resolves or rejects `deferred`.
  virtual void settle(Napi::Env env) = 0;

  Napi::Promise::Deferred deferred;
};

/// The engine's threads, shared by all JavaScript threads of the process.
[[nodiscard]] ThreadPool& engine_pool();
/// The threads that index vectors behind the writes.
[[nodiscard]] IndexBuilder& index_builder();

/// Brings finished jobs back to the JavaScript thread they came from; one for each environment.
/// When the environment ends it waits for the jobs under way, because they read that thread's memory.
class Completions {
 public:
  explicit Completions(Napi::Env env);
  Completions(const Completions&) = delete;
  Completions& operator=(const Completions&) = delete;

  /// Queues a job and gives its promise.
  [[nodiscard]] Napi::Value run(Napi::Env env, std::unique_ptr<Job> job,
                                ThreadPool::Lane lane = ThreadPool::Lane::foreground);

  /// Does a short job inside the call and gives its promise, which is settled.
  [[nodiscard]] static Napi::Value run_now(Napi::Env env, Job& job);

  [[nodiscard]] static Completions& of(Napi::Env env) { return *env.GetInstanceData<Completions>(); }

 private:
  static void on_finished(napi_env env, napi_value callback, void* context, void* data);
  static void on_environment_end(void* self);
  void finish(std::unique_ptr<Job> job);
  void settle_finished(Napi::Env env);

  napi_threadsafe_function wake_ = nullptr;
  std::mutex mutex_;
  std::condition_variable all_finished_;
  std::deque<std::unique_ptr<Job>> finished_;
  std::size_t working_ = 0;    ///< on engine threads
  std::size_t unsettled_ = 0;  ///< promises; keeps the event loop alive
};

/// Gives a promise the function `cancel()`, by which its caller ends the work early: it then rejects with CANCELLED.
[[nodiscard]] Napi::Value cancellable(Napi::Env env, Napi::Value promise, std::shared_ptr<Cancellation> cancellation);

}  // namespace millrace::binding
