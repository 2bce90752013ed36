#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codes/code_space.h"
#include "codes/sketch_space.h"
#include "graph/candidate_buffer.h"
#include "graph/layer.h"

namespace millrace {

/// Which members a walk has seen: a bit for each, so that those of a few hundred thousand stay in the nearest cache. What
/// a walk has set is remembered and cleared again before the next one, which therefore costs nothing for the others.
class VisitedSet {
 public:
  /// Begins a walk among members below `limit`.
  /// @throws std::bad_alloc
  void begin(std::uint32_t limit) {
    const std::size_t words = std::size_t{limit} / kBits + 1;
    if (words_.size() < words) words_.resize(words + words / 4);
    if (entered_.empty()) entered_.resize(kRemembered);
    if (count_ > kRemembered) {
      std::ranges::fill(words_, 0U);
    } else {
      for (std::size_t i = 0; i < count_; ++i) words_[(entered_[i] + 1) / kBits] = 0;
    }
    count_ = 0;
    words_[0] = 1;
  }
  /// Keeps the members of a line of a list that are new. Without a branch: whether one is cannot be foretold.
  /// @param places  atomically read: member + 1 each, or 0, which counts as seen
  /// @param fresh   room for as many
  /// @return        how many are new
  template <std::size_t Places>
  std::size_t enter_line(std::uint32_t* places, std::uint32_t* fresh) noexcept {
    auto* const words = words_.data();
    std::size_t kept = 0;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < Places; ++i) {
      const auto at = Layer::read(places[i]);
      const auto old = words[at / kBits];
      words[at / kBits] = old | (std::uint64_t{1} << (at % kBits));
      fresh[kept] = at - 1;
      kept += ~(old >> (at % kBits)) & 1U;
    }
    if (count_ + kept <= kRemembered) std::memcpy(entered_.data() + count_, fresh, kept * sizeof(std::uint32_t));
    count_ += kept;
    return kept;
  }
  /// Marks a member. @return whether it is new
  bool enter(std::uint32_t member) noexcept {
    auto place = member + 1;
    std::uint32_t fresh = 0;
    return enter_line<1>(&place, &fresh) != 0;
  }
  [[nodiscard]] bool has(std::uint32_t member) const noexcept {
    return ((words_[(member + 1) / kBits] >> ((member + 1) % kBits)) & 1U) != 0;
  }

 private:
  static constexpr std::uint32_t kBits = 64;
  static constexpr std::size_t kRemembered = 16'384;

  std::vector<std::uint64_t> words_;    ///< bit 0 stands for the empty place, and is always set
  std::vector<std::uint32_t> entered_;  ///< members whose bits are set, unless there are more
  std::size_t count_ = 0;
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
  std::vector<std::uint32_t> ranked_rows;
  std::vector<std::int32_t> ranked_keys;
  EncodedQuery query;
  EncodedSketchQuery sketch_query;

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
