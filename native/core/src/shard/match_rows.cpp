#include <algorithm>

#include "base/interruption.h"
#include "base/share_work.h"
#include "shard/memory_shard.h"
#include "shard/row_matcher.h"

namespace millrace {
namespace {

/// A payload takes about as long as this many multiply-adds: some hundred nanoseconds.
constexpr std::uint64_t kRowWork = 512;
/// Rows between two looks at the clock, a few hundred microseconds; whole words of the bitmap.
constexpr std::uint64_t kStride = 4096;
/// Below this many rows for each thread, one to two milliseconds, waking another costs more than it helps.
constexpr std::uint64_t kThreadRowsMin = 8192;

/// One pass over the rows of a snapshot. Threads may share it: each takes the next stretch that nobody has taken, and
/// sets bits in words of its own.
class MatchScan {
 public:
  MatchScan(const RowStore& store, const Snapshot& at, const Matching& matching, Bitmap& into)
      : store_(store), at_(at), interruption_(matching.cancellation), into_(into) {
    const auto worth = at.state.rows / kThreadRowsMin;
    if (matching.helpers != nullptr && worth >= 2)
      helpers_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(worth - 1, matching.helpers->idle()));
    counts_.resize(helpers_ + std::size_t{1});
    for (std::uint32_t i = 0; i <= helpers_; ++i)
      matchers_.push_back(std::make_unique<RowMatcher>(store, *at.generation->columns, matching.filter->tree()));
  }

  [[nodiscard]] std::uint32_t helpers() const noexcept { return helpers_; }

  /// Takes part in the pass until nothing of it is left.
  void run(std::uint32_t part) noexcept {
    const auto rows = at_.state.rows;
    for (;;) {
      const auto first = next_.fetch_add(kStride, std::memory_order_relaxed);
      if (first >= rows || interruption_.is_due()) return;
      // What fails here is memory for a string with escapes.
      const auto counted = guard([&]() -> Result<std::uint64_t> {
        return scan(*matchers_[part], static_cast<std::uint32_t>(first),
                    static_cast<std::uint32_t>(std::min(first + kStride, rows)));
      });
      if (!counted) return interruption_.end(Errc::out_of_memory);
      counts_[part] += counted.value();
    }
  }

  [[nodiscard]] std::optional<Error> finish(const char* operation) {
    for (const auto count : counts_) into_.count += count;
    return interruption_.error(operation);
  }

 private:
  std::uint64_t scan(RowMatcher& matcher, std::uint32_t first, std::uint32_t end) {
    std::uint64_t counted = 0;
    for (auto row = first; row < end; ++row) {
      if (!store_.is_visible(row, at_.state.next_offset) || !matcher.matches(row)) continue;
      into_.words[row >> 6U] |= std::uint64_t{1} << (row & 63U);
      ++counted;
    }
    return counted;
  }

  const RowStore& store_;
  const Snapshot& at_;
  Interruption interruption_;
  Bitmap& into_;
  std::uint32_t helpers_ = 0;
  std::vector<std::uint64_t> counts_;  ///< by part
  std::vector<std::unique_ptr<RowMatcher>> matchers_;
  std::atomic<std::uint64_t> next_{0};  ///< the first row that nobody has taken
};

}  // namespace

Result<Bitmap> MemoryShard::match_at(const Snapshot& at, const Matching& matching, const char* operation) const {
  Bitmap passing;
  passing.words.resize((at.state.rows + 63) / 64);
  const auto& tree = matching.filter->tree();
  if (tree.candidates) {
    RowMatcher matcher(store_, *at.generation->columns, tree);
    for (const auto& id : *tree.candidates) {
      const auto row = visible_row(at, id);
      if (row == kNoRow || !matcher.matches(row)) continue;
      passing.words[row >> 6U] |= std::uint64_t{1} << (row & 63U);
      ++passing.count;
    }
    return passing;
  }
  MatchScan scan(store_, at, matching, passing);
  if (scan.helpers() == 0) {
    scan.run(0);
  } else {
    share_work(*matching.helpers, scan.helpers(), [&](std::uint32_t part) noexcept { scan.run(part); });
  }
  if (auto ended = scan.finish(operation)) return std::move(*ended);
  return passing;
}

Result<Bitmap> MemoryShard::match(const Matching& matching) const {
  return guard([&]() -> Result<Bitmap> {
    if (matching.filter == nullptr) return Error{Errc::argument_invalid, "\"reason\":\"no filter\""};
    return match_at(snapshot(), matching, "match");
  });
}

Result<std::uint64_t> MemoryShard::count(const Matching& matching) const {
  return guard([&]() -> Result<std::uint64_t> {
    const auto at = snapshot();
    if (matching.filter == nullptr) return at.state.points;
    const auto passing = match_at(at, matching, "count");
    if (!passing) return passing.error();
    return passing.value().count;
  });
}

std::uint64_t MemoryShard::estimate_filter(const Filter& filter) const noexcept {
  const auto& candidates = filter.tree().candidates;
  return (candidates ? candidates->size() : state().rows) * kRowWork;
}

}  // namespace millrace
