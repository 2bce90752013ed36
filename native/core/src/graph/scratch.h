#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "codes/code_space.h"
#include "graph/candidate_buffer.h"

namespace millrace {

/// Which members a walk has seen: a stamp for each, so that a new walk begins without clearing.
class VisitedSet {
 public:
  /// Begins a walk that sees members below `limit`.
  /// @throws std::bad_alloc
  void begin(std::uint32_t limit) {
    if (stamps_.size() < limit) stamps_.resize(limit + limit / 4);
    limit_ = limit;
    if (++stamp_ != 0) return;
    std::memset(stamps_.data(), 0, stamps_.size());
    stamp_ = 1;
  }
  /// @return whether this is the first time; never for members that came after the walk began
  [[nodiscard]] bool enter(std::uint32_t member) noexcept {
    if (member >= limit_ || stamps_[member] == stamp_) return false;
    stamps_[member] = stamp_;
    return true;
  }
  void prefetch(std::uint32_t member) const noexcept { __builtin_prefetch(stamps_.data() + member); }

 private:
  std::vector<std::uint8_t> stamps_;
  std::uint32_t limit_ = 0;
  std::uint8_t stamp_ = 0;
};

/// Members whose codes were asked for, and will be scored while the next ones arrive.
struct Group {
  std::vector<std::uint32_t> members;
  std::vector<std::uint32_t> rows;
  std::size_t count = 0;
};

/// What one thread needs for its walks, kept from one to the next.
struct Scratch {
  VisitedSet visited;
  CandidateBuffer candidates;
  CandidateBuffer passing;
  Group groups[2];
  std::vector<std::int32_t> keys;
  EncodedQuery query;

  /// @throws std::bad_alloc
  void make_room(std::size_t links) {
    if (keys.size() >= links) return;
    for (auto& group : groups) {
      group.members.resize(links);
      group.rows.resize(links);
    }
    keys.resize(links);
  }

  /// The calling thread's own.
  [[nodiscard]] static Scratch& of_thread() {
    static thread_local Scratch scratch;
    return scratch;
  }
};

}  // namespace millrace
