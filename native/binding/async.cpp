#include "async.h"

#include <optional>
#include <string>

#include "convert.h"
#include "millrace/guard.h"

namespace millrace::binding {
namespace {

/// @return why the engine's threads will not run the job
template <typename Work>
std::optional<Error> submit(ThreadPool::Lane lane, Work work) {
  auto accepted = guard([&]() -> Result<bool> { return engine_pool().submit(lane, std::move(work)); });
  if (!accepted) return accepted.error();
  if (accepted.value()) return std::nullopt;
  return Error{Errc::engine_busy, "\"jobs\":" + std::to_string(engine_pool().waiting(lane))};
}

/// What cannot be made into the answer becomes the reason of the rejection. A thread that is being terminated takes
/// neither, and nobody waits for it there.
void settle_job(Napi::Env env, Job& job) noexcept {
  try {
    try {
      job.settle(env);
    } catch (const Napi::Error& error) {
      job.deferred.Reject(error.Value());
    } catch (const std::exception& error) {
      job.deferred.Reject(Napi::Error::New(env, error.what()).Value());
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

}  // namespace

IndexBuilder& index_builder() {
  static IndexBuilder builder;
  return builder;
}

ThreadPool& engine_pool() {
  // Made after the builder and so gone before it: its last jobs may still wake it.
  static_cast<void>(index_builder());
  static ThreadPool pool;
  return pool;
}

Napi::Value cancellable(Napi::Env env, Napi::Value promise, std::shared_ptr<Cancellation> cancellation) {
  if (!promise.IsPromise()) return promise;
  const auto cancel = [kept = std::move(cancellation)](const Napi::CallbackInfo&) {
    kept->cancelled.store(true, std::memory_order_relaxed);
  };
  promise.As<Napi::Object>().Set("cancel", Napi::Function::New(env, cancel));
  return promise;
}

Completions::Completions(Napi::Env env) {
  const auto name = Napi::String::New(env, "millrace");
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, on_finished, &wake_);
  napi_unref_threadsafe_function(env, wake_);
  // Hooks run last added first: this one before the one that takes the wake-up away.
  napi_add_env_cleanup_hook(env, on_environment_end, this);
}

Napi::Value Completions::run(Napi::Env env, std::unique_ptr<Job> job, ThreadPool::Lane lane) {
  const auto promise = job->deferred.Promise();
  {
    const std::lock_guard lock(mutex_);
    ++working_;
  }
  if (unsettled_++ == 0) napi_ref_threadsafe_function(env, wake_);
  auto work = [this, taken = std::move(job)]() mutable {
    taken->work();
    finish(std::move(taken));
  };
  auto refusal = submit(lane, std::move(work));
  if (!refusal) return promise;
  {
    const std::lock_guard lock(mutex_);
    --working_;
  }
  if (--unsettled_ == 0) napi_unref_threadsafe_function(env, wake_);
  return fail(env, *refusal);
}

Napi::Value Completions::run_now(Napi::Env env, Job& job) {
  job.work();
  settle_job(env, job);
  return job.deferred.Promise();
}

void Completions::finish(std::unique_ptr<Job> job) {
  const std::lock_guard lock(mutex_);
  finished_.push_back(std::move(job));
  --working_;
  // Inside the lock: the environment cannot end, and take the wake-up away, before it is released.
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  all_finished_.notify_all();
}

void Completions::on_finished(napi_env env, napi_value, void* context, void*) {
  if (env != nullptr) static_cast<Completions*>(context)->settle_finished(env);
}

void Completions::settle_finished(Napi::Env env) {
  std::deque<std::unique_ptr<Job>> jobs;
  {
    const std::lock_guard lock(mutex_);
    jobs.swap(finished_);
  }
  for (const auto& job : jobs) {
    settle_job(env, *job);
    if (--unsettled_ == 0) napi_unref_threadsafe_function(env, wake_);
  }
}

void Completions::on_environment_end(void* self) {
  auto& completions = *static_cast<Completions*>(self);
  std::unique_lock lock(completions.mutex_);
  completions.all_finished_.wait(lock, [&] { return completions.working_ == 0; });
  completions.finished_.clear();
}

}  // namespace millrace::binding
