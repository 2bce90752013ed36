#pragma once

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/memory.h"

namespace millrace {

/// Texts that never move, appended a record at a time.
class PayloadArena {
 public:
  /// @param storage  outlives the arena
  explicit PayloadArena(const Storage& storage = memory_storage()) noexcept : storage_(&storage) {}

  /// Makes room for the next `bytes`, all in one piece.
  /// @throws std::bad_alloc; nothing changes then
  void reserve(std::size_t bytes) {
    if (bytes <= room_) return;
    const std::size_t grown = std::clamp(total_ / 4, std::size_t{64} << 10U, std::size_t{32} << 20U);
    chunks_.reserve(chunks_.size() + 1);
    auto chunk = storage_->allocate(std::max(bytes, grown));
    chunk.back(chunk.bytes());
    chunks_.push_back(std::move(chunk));
    at_ = reinterpret_cast<char*>(chunks_.back().data());
    room_ = chunks_.back().bytes();
    total_ += room_;
  }

  /// @param text  reserved before
  const char* append(std::string_view text) noexcept {
    if (text.empty()) return at_;
    std::memcpy(at_, text.data(), text.size());
    const char* const start = at_;
    at_ += text.size();
    room_ -= text.size();
    return start;
  }

  [[nodiscard]] std::size_t total_bytes() const noexcept { return total_; }
  void clear() noexcept { *this = PayloadArena(*storage_); }

  /// A place to go back to when what was appended since is not needed after all, and no row names it.
  struct Mark {
    std::size_t chunks = 0;
    char* at = nullptr;
    std::size_t room = 0;
    std::size_t total = 0;
  };
  [[nodiscard]] Mark mark() const noexcept { return {chunks_.size(), at_, room_, total_}; }
  void rewind(const Mark& mark) noexcept {
    while (chunks_.size() > mark.chunks) chunks_.pop_back();
    at_ = mark.at;
    room_ = mark.room;
    total_ = mark.total;
  }

 private:
  const Storage* storage_;
  std::vector<Block> chunks_;
  char* at_ = nullptr;
  std::size_t room_ = 0;
  std::size_t total_ = 0;
};

}  // namespace millrace
