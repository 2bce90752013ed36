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
    if (entries_.size() < capacity + 1) entries_.resize(capacity + 1);
    capacity_ = capacity;
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
    // Where it belongs cannot be foretold: halving without a branch, not std::lower_bound.
    const auto* at = entries_.data();
    for (auto left = size_; left > 0;) {
      const auto half = (left + 1) / 2;
      at += half & (std::size_t{0} - static_cast<std::size_t>(at[half - 1] < entry));
      left -= half;
    }
    const auto place = static_cast<std::size_t>(at - entries_.data());
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
  [[nodiscard]] static std::int64_t entry_of(std::int32_t key, std::uint32_t id) noexcept {
    return (std::int64_t{key} * (std::int64_t{1} << 32)) | std::int64_t{id << 1U};
  }

  std::vector<std::int64_t> entries_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
  std::size_t cursor_ = 0;  ///< everything before it is expanded
};

}  // namespace millrace
