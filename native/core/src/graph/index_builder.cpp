#include "millrace/index_builder.h"

#include <algorithm>
#include <chrono>

#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>
#endif

#include "base/interruption.h"
#include "millrace/guard.h"

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
  // On Linux both are the calling thread's. A thread that is woken up takes the core of an idle one at once, and has not
  // to wait for a slice to end as beside one that is only nice. Whether it was allowed does not matter.
  static_cast<void>(setpriority(PRIO_PROCESS, 0, 19));
  const sched_param none{};
  static_cast<void>(sched_setscheduler(0, SCHED_IDLE, &none));
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

/// For want of memory the next record that is applied does it.
void IndexBuilder::wake_if_possible(const std::shared_ptr<Growing>& growing) noexcept {
  static_cast<void>(guard([&]() -> Result<bool> {
    wake(growing);
    return true;
  }));
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

/// The first that another thread may work on, or that is gone. Under the mutex.
std::list<std::weak_ptr<Growing>>::iterator IndexBuilder::next_in_turn() noexcept {
  return std::ranges::find_if(growing_, [](const std::weak_ptr<Growing>& held) {
    const auto growing = held.lock();
    if (growing == nullptr) return true;
    const auto most = growing->builders_most_.load();
    return most == 0 || growing->builders_ < most;
  });
}

void IndexBuilder::leave(Growing& growing) noexcept {
  {
    const std::scoped_lock lock(mutex_);
    --growing.builders_;
  }
  // Whoever waits because of the limit may have its turn.
  if (growing.builders_most_ != 0) work_arrived_.notify_one();
}

void IndexBuilder::serve(std::uint32_t thread) {
  give_way_to_others();
  for (;;) {
    std::shared_ptr<Growing> growing;
    {
      std::unique_lock lock(mutex_);
      work_arrived_.wait(lock, [this] { return stopping_ || !growing_.empty(); });
      if (stopping_) return;
      const auto next = next_in_turn();
      if (next == growing_.end() || !may_work(thread)) {
        work_arrived_.wait_for(lock, std::chrono::nanoseconds(kSilenceNs / 2), [this] { return stopping_; });
        continue;
      }
      growing = next->lock();
      if (growing != nullptr) ++growing->builders_;
      growing_.splice(growing_.end(), growing_, next);
    }
    const bool may_go_on = growing != nullptr && growing->grow(steady_clock_ns() + kTurnNs);
    if (growing != nullptr) leave(*growing);
    if (!may_go_on) {
      forget(growing.get());
      if (growing == nullptr) continue;
      growing->is_awake_ = false;
    }
    // Work that came meanwhile found it awake. And while this thread worked, another one may have found nothing to do, because
    // this one had it in hand, and have forgotten it.
    if (may_go_on || growing->has_growth()) wake_if_possible(growing);
  }
}

}  // namespace millrace
