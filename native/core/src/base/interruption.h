#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include "millrace/guard.h"
#include "millrace/shard.h"

namespace millrace {

[[nodiscard]] inline std::uint64_t steady_clock_ns() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

/// Whether a long call shared by several threads must end early, and why. The first reason stays.
class Interruption {
 public:
  explicit Interruption(const Cancellation* cancellation) noexcept : cancellation_(cancellation) {}

  /// Looks at the flag and the clock.
  [[nodiscard]] bool is_due() noexcept {
    if (cancellation_ != nullptr) {
      if (cancellation_->cancelled.load(std::memory_order_relaxed)) {
        end(Errc::cancelled);
      } else if (cancellation_->deadline_ns != 0 && steady_clock_ns() >= cancellation_->deadline_ns) {
        end(Errc::deadline_passed);
      }
    }
    return reason_.load(std::memory_order_relaxed) != Errc::ok;
  }

  void end(Errc reason) noexcept {
    auto none = Errc::ok;
    reason_.compare_exchange_strong(none, reason, std::memory_order_relaxed);
  }

  /// Why the call ended early. Asked when all threads have left it.
  [[nodiscard]] std::optional<Error> error(const char* operation) const {
    const auto reason = reason_.load(std::memory_order_relaxed);
    if (reason == Errc::ok) return std::nullopt;
    if (reason == Errc::out_of_memory) return out_of_memory(0);
    if (reason != Errc::deadline_passed) return Error{reason, {}};
    const auto seconds = static_cast<double>(steady_clock_ns() - started_ns_) * 1e-9;
    return Error{reason, std::string("\"operation\":\"") + operation + "\",\"seconds\":" + std::to_string(seconds)};
  }

 private:
  const Cancellation* cancellation_;
  std::uint64_t started_ns_ = steady_clock_ns();
  std::atomic<Errc> reason_{Errc::ok};
};

}  // namespace millrace
