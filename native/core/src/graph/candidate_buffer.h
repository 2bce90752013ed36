#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace millrace {

/// What a key is before any row was scored.
inline constexpr std::int32_t kWorstKey = std::numeric_limits<std::int32_t>::max();

/// The best candidates of a walk, nearest first: one sorted array of (key, id, expanded?) packed into 64 bits each, so that
/// keeping it sorted moves memory and nothing else. Equal keys stand by id.
class CandidateBuffer {
 public:
  /// @throws std::bad_alloc
  void reset(std::size_t capacity) {
    // Beyond the last one all places hold an entry behind every other, as far as a search for a place may look.
    const auto end = end_of(capacity);
    if (entries_.size() < end) entries_.resize(end);
    std::fill_n(entries_.begin(), end, std::numeric_limits<std::int64_t>::max());
    capacity_ = most_ = capacity;
    size_ = cursor_ = 0;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_full() const noexcept { return size_ == capacity_; }
  [[nodiscard]] std::int32_t key(std::size_t at) const noexcept { return static_cast<std::int32_t>(entries_[at] >> 32); }
  [[nodiscard]] std::uint32_t id(std::size_t at) const noexcept {
    return static_cast<std::uint32_t>(entries_[at]) >> 1U;
  }
  /// Only smaller keys get in.
  [[nodiscard]] std::int32_t gate() const noexcept { return is_full() ? key(size_ - 1) : kWorstKey; }

  /// @param key  below the gate
  /// @param id   not inside yet
  void insert(std::int32_t key, std::uint32_t id) noexcept {
    const auto entry = entry_of(key, id);
    const auto place = place_of(entry);
    const auto end = size_ < capacity_ ? size_++ : size_ - 1;
    auto* const into = entries_.data() + place;
    std::memmove(into + 1, into, (end - place) * sizeof(entry));
    *into = entry;
    cursor_ = std::min(cursor_, place);
  }

  /// Gives the first ones other keys, and drops those after them; for when a walk has ended.
  void rank_anew(std::span<const std::int32_t> keys) noexcept {
    size_ = keys.size();
    for (std::size_t at = 0; at < size_; ++at) entries_[at] = entry_of(keys[at], id(at));
    std::sort(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(size_));
  }
  /// Drops all but the nearest.
  void keep(std::size_t most) noexcept { size_ = std::min(size_, most); }

  /// Takes no more than so many from now on, and never more than it was made for; more than were expanded.
  void limit(std::size_t capacity) noexcept {
    capacity = std::min(capacity, most_);
    if (capacity > capacity_) {  // where entries stood that were dropped
      std::fill(entries_.begin() + static_cast<std::ptrdiff_t>(size_),
                entries_.begin() + static_cast<std::ptrdiff_t>(end_of(capacity)), std::numeric_limits<std::int64_t>::max());
    }
    capacity_ = capacity;
    keep(capacity_);
    cursor_ = std::min(cursor_, size_);
  }

  /// The nearest candidate that was not expanded yet, or size().
  [[nodiscard]] std::size_t next() noexcept {
    while (cursor_ < size_ && (entries_[cursor_] & 1) != 0) ++cursor_;
    return cursor_;
  }
  /// The one after it, or size().
  [[nodiscard]] std::size_t after(std::size_t at) const noexcept {
    do ++at;
    while (at < size_ && (entries_[at] & 1) != 0);
    return at;
  }
  void mark_expanded(std::size_t at) noexcept { entries_[at] |= 1; }

 private:
  static constexpr std::size_t kStride = 8;
  static constexpr std::size_t kHalvedAbove = 256;

  [[nodiscard]] static constexpr std::size_t end_of(std::size_t capacity) noexcept {
    return (capacity + 2 * kStride) / kStride * kStride;
  }

  /// Entries that stand before this one. Where that is cannot be foretold, so it is counted without a branch: first in
  /// strides of a cache line, whose loads do not wait for each other as those of a halving do.
  [[nodiscard]] std::size_t place_of(std::int64_t entry) const noexcept {
    const auto* at = entries_.data();
    auto left = size_;
    while (left > kHalvedAbove) {
      const auto half = left / 2 / kStride * kStride;
      const auto step = half & (std::size_t{0} - static_cast<std::size_t>(at[half - 1] < entry));
      at += step;
      left -= step != 0 ? half : left - half;
    }
    std::size_t strides = 0;
    for (auto last = kStride - 1; last < left; last += kStride) strides += at[last] < entry ? 1 : 0;
    at += strides * kStride;
    std::size_t before = 0;
    for (std::size_t i = 0; i < kStride; ++i) before += at[i] < entry ? 1 : 0;
    return static_cast<std::size_t>(at - entries_.data()) + before;
  }
  [[nodiscard]] static std::int64_t entry_of(std::int32_t key, std::uint32_t id) noexcept {
    return (std::int64_t{key} * (std::int64_t{1} << 32)) | std::int64_t{id << 1U};
  }

  std::vector<std::int64_t> entries_;
  std::size_t capacity_ = 0;
  std::size_t most_ = 0;  ///< places that are there
  std::size_t size_ = 0;
  std::size_t cursor_ = 0;  ///< everything before it is expanded
};

}  // namespace millrace
