#include "millrace/index_builder.h"

#include <algorithm>
#include <chrono>

#if defined(__linux__)
#include <sys/resource.h>
#endif

#include "base/interruption.h"

namespace millrace {
namespace {

constexpr std::uint64_t kTurnNs = 700'000;
/// After this long without a search all cores may build.
constexpr std::uint64_t kSilenceNs = 50'000'000;

std::atomic<std::uint64_t>& last_search() noexcept {
  static std::atomic<std::uint64_t> at{0};
  return at;
}

void give_way_to_others() noexcept {
#if defined(__linux__)
  // On Linux this is the calling thread's. Whether it was allowed does not matter.
  static_cast<void>(setpriority(PRIO_PROCESS, 0, 19));
#endif
}

}  // namespace

void IndexBuilder::note_search(std::uint64_t now_ns) noexcept { last_search().store(now_ns, std::memory_order_relaxed); }

IndexBuilder::IndexBuilder() : IndexBuilder(Options{}) {}

IndexBuilder::IndexBuilder(Options options) {
  const auto count = options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  threads_.reserve(count);
  try {
    for (std::uint32_t i = 0; i < count; ++i) threads_.emplace_back([this, i] { serve(i); });
  } catch (...) {
    stop();
    throw;
  }
}

IndexBuilder::~IndexBuilder() { stop(); }

void IndexBuilder::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  work_arrived_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void IndexBuilder::wake(const std::shared_ptr<Growing>& growing) {
  if (growing->is_awake_.exchange(true)) return;
  try {
    const std::scoped_lock lock(mutex_);
    growing_.emplace_back(growing);
  } catch (...) {
    growing->is_awake_ = false;
    throw;
  }
  work_arrived_.notify_all();
}

bool IndexBuilder::may_work(std::uint32_t thread) const noexcept {
  return thread == 0 || steady_clock_ns() - last_search().load(std::memory_order_relaxed) > kSilenceNs;
}

void IndexBuilder::forget(const Growing* growing) noexcept {
  const std::scoped_lock lock(mutex_);
  std::erase_if(growing_, [&](const std::weak_ptr<Growing>& held) {
    const auto kept = held.lock();
    return kept == nullptr || kept.get() == growing;
  });
}

void IndexBuilder::serve(std::uint32_t thread) {
  give_way_to_others();
  for (;;) {
    std::shared_ptr<Growing> growing;
    {
      std::unique_lock lock(mutex_);
      work_arrived_.wait(lock, [this] { return stopping_ || !growing_.empty(); });
      if (stopping_) return;
      if (!may_work(thread)) {
        work_arrived_.wait_for(lock, std::chrono::nanoseconds(kSilenceNs / 2), [this] { return stopping_; });
        continue;
      }
      growing = growing_.front().lock();
      growing_.push_back(std::move(growing_.front()));
      growing_.pop_front();
    }
    if (growing != nullptr && growing->grow(steady_clock_ns() + kTurnNs)) continue;
    forget(growing.get());
    if (growing == nullptr) continue;
    growing->is_awake_ = false;
    // Work that came in between found it awake.
    if (growing->has_growth()) wake(growing);
  }
}

}  // namespace millrace
