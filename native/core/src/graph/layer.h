#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>

#include "base/memory.h"

namespace millrace {

/// Guards the lists of a layer against two inserting threads; readers never ask it.
class ListLocks {
 public:
  void lock(std::uint32_t member) noexcept {
    auto& flag = flags_[member % kLocks];
    // The holder may have been put aside by the scheduler: give it the core.
    while (flag.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock(std::uint32_t member) noexcept { flags_[member % kLocks].store(false, std::memory_order_release); }

 private:
  static constexpr std::size_t kLocks = 4096;
  std::array<std::atomic<bool>, kLocks> flags_{};
};

/// One layer of the graph: for each member a list of up to `width` members, ended by the first empty place. On the lowest
/// layer members are rows; above, a member stands for a row and for a member of the layer below.
///
/// A place holds member + 1, or 0: fresh memory is empty lists. Readers read places one by one while lists change; each
/// place always holds a member that is complete, so any mixture of old and new is a list to walk on.
class Layer {
 public:
  struct Member {
    std::uint32_t row;
    std::uint32_t below;
  };

  Layer() = default;
  /// @param links  a multiple of 16 keeps a list within whole cache lines
  /// @throws OutOfMemory
  Layer(std::size_t members, std::uint32_t links, bool is_lowest)
      : width_(links), links_(Block::allocate(members * links * sizeof(std::uint32_t))) {
    if (!is_lowest) members_ = Block::allocate(members * sizeof(Member));
  }

  [[nodiscard]] std::uint32_t width() const noexcept { return width_; }
  [[nodiscard]] std::uint32_t* list(std::uint32_t member) const noexcept {
    return reinterpret_cast<std::uint32_t*>(links_.data()) + std::size_t{member} * width_;
  }
  [[nodiscard]] Member& member(std::uint32_t member) const noexcept {
    return reinterpret_cast<Member*>(members_.data())[member];
  }
  [[nodiscard]] ListLocks& locks() const noexcept { return *locks_; }

  /// @return member + 1, or 0; what was written before the place was set can be read
  [[nodiscard]] static std::uint32_t read(std::uint32_t& place) noexcept {
    return std::atomic_ref(place).load(std::memory_order_acquire);
  }
  static void write(std::uint32_t& place, std::uint32_t value) noexcept {
    std::atomic_ref(place).store(value, std::memory_order_release);
  }

  /// Copies the first members of a smaller layer, of the same width.
  void take(const Layer& smaller, std::size_t members) noexcept {
    std::memcpy(links_.data(), smaller.links_.data(), members * width_ * sizeof(std::uint32_t));
    if (members_.data() != nullptr) std::memcpy(members_.data(), smaller.members_.data(), members * sizeof(Member));
  }

  void prefetch_list(std::uint32_t member) const noexcept {
    const auto* const start = reinterpret_cast<const char*>(list(member));
    for (std::size_t byte = 0; byte < width_ * sizeof(std::uint32_t); byte += 64) __builtin_prefetch(start + byte);
  }

 private:
  std::uint32_t width_ = 0;
  Block links_;
  Block members_;
  std::unique_ptr<ListLocks> locks_ = std::make_unique<ListLocks>();
};

}  // namespace millrace
