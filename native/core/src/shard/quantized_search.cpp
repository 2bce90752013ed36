#include "shard/quantized_search.h"

#include <algorithm>
#include <cmath>

#include "base/share_work.h"
#include "shard/exact_scan.h"

namespace millrace {
namespace {

constexpr std::size_t kCandidatesMin = 24;
/// Candidates that nobody asked for: of many hits a few that are missed do not count.
constexpr std::size_t kSpareMax = 2'048;
/// More are not worth having: they are scored one by one, from anywhere in memory.
constexpr double kCandidatesMax = 1U << 20U;
/// What a component costs by its code, of what it costs by itself.
constexpr std::uint64_t kCodeGain = 4;

/// The coarser the codes, the more of the next ones may be hits. Measured: docs/guide/quantization.md.
std::size_t spare_of(const QuantizationSettings& settings) noexcept {
  if (settings.kind == QuantizationKind::scalar) return 2;
  if (settings.kind == QuantizationKind::product) return settings.chunk <= 2 ? 4 : 2 * settings.chunk;
  const std::size_t by_rows = settings.half_bits >= 8 ? 2 : settings.half_bits >= 4 ? 4 : 8;
  return settings.kind == QuantizationKind::binary && settings.query_bits < 8 ? 2 * by_rows : by_rows;
}

}  // namespace

QuantizedView QuantizedView::of(const VectorColumn& column, const SearchPlan& plan) {
  QuantizedView view;
  const auto& use = plan.quantization;
  if (column.quantized == nullptr || plan.exact || use.is_ignored) return view;
  auto stage = column.quantized->stage();
  if (stage == nullptr) return view;
  const auto encoded = stage->encoded.load(std::memory_order_acquire);
  if (encoded == 0) return view;
  const auto& settings = column.quantized->settings();
  view.encoded_ = encoded;
  view.stage_ = std::move(stage);
  view.rescores_ = use.rescores.value_or(settings.rescores());
  view.oversampling_ = use.oversampling;
  view.spare_ = spare_of(settings);
  return view;
}

std::size_t QuantizedView::oversampled(std::size_t k) const noexcept {
  const double asked = std::ceil(static_cast<double>(k) * std::max(oversampling_, 1.0));
  return std::max(k, static_cast<std::size_t>(std::min(asked, kCandidatesMax)));
}

std::size_t QuantizedView::candidates(std::size_t k) const noexcept {
  const auto spare = std::min(k * spare_, std::max(2 * k, kSpareMax));
  return std::max({kCandidatesMin, spare, oversampled(k)});
}

/// Rows whose codes are scored together.
struct QuantizedScan::Batch {
  static constexpr std::size_t kRows = 64;
  const std::byte* codes[kRows];
  std::uint32_t rows[kRows];
  std::size_t count = 0;
};

QuantizedScan::QuantizedScan(const RowStore& store, const VectorColumn& column, const VectorScorer& scorer,
                             const ShardState& state, const SearchPlan& plan, const Bitmap* passing,
                             QuantizedView& view) noexcept
    : store_(store),
      column_(column),
      scorer_(scorer),
      state_(state),
      plan_(plan),
      passing_(passing),
      view_(view),
      interruption_(plan.matching.cancellation),
      count_(column.count.load(std::memory_order_acquire)),
      // About four million components between two looks at the clock: some hundred microseconds.
      stride_(std::clamp<std::uint64_t>((4U << 20U) / column.slot.dimension, 64, 8192)),
      eligible_(passing == nullptr ? state.points : passing->count),
      k_(static_cast<std::size_t>(std::min<std::uint64_t>(plan.k, eligible_))) {}

bool QuantizedScan::is_worth_it() const noexcept { return !view_.rescores() || eligible_ > 2 * view_.candidates(k_); }

std::uint64_t QuantizedScan::estimate(const VectorColumn& column) noexcept {
  return std::uint64_t{column.count.load(std::memory_order_relaxed)} * column.slot.dimension / kCodeGain;
}

std::uint32_t QuantizedScan::helpers_wanted() const {
  if (plan_.matching.helpers == nullptr) return 0;
  const auto worth = estimate(column_) / kThreadWorkMin;
  return worth < 2 ? 0 : static_cast<std::uint32_t>(std::min<std::uint64_t>(worth - 1, plan_.matching.helpers->idle()));
}

Result<SearchResult> QuantizedScan::run(SearchResult result) {
  result.path = SearchPath::code_scan;
  view_.prepare(scorer_);
  const auto helpers = helpers_wanted();
  const auto kept = view_.rescores() ? static_cast<std::size_t>(std::min<std::uint64_t>(view_.candidates(k_), eligible_)) : k_;
  std::vector<TopK> parts;
  for (std::uint32_t i = 0; i <= helpers; ++i) parts.emplace_back(store_, kept, result.larger_is_better);
  // A threshold is for the scores that are told.
  const auto threshold = view_.rescores() ? std::nullopt : plan_.score_threshold;
  const auto work = [&](std::uint32_t part) noexcept {
    Ranker ranker(parts[part], column_.slot.distance, threshold);
    take_part(ranker);
  };
  if (helpers == 0) {
    work(0);
  } else {
    share_work(*plan_.matching.helpers, helpers, work);
  }
  if (auto ended = interruption_.error("search")) return std::move(*ended);
  auto& best = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) best.take(parts[i]);
  if (!view_.rescores()) {
    put_hits(store_, best, result);
    return result;
  }
  TopK rescored(store_, k_, result.larger_is_better);
  Ranker ranker(rescored, column_.slot.distance, plan_.score_threshold);
  rescore(best, ranker);
  put_hits(store_, rescored, result);
  return result;
}

/// Until nothing of the pass is left.
void QuantizedScan::take_part(Ranker& ranker) noexcept {
  for (;;) {
    const auto position = next_.fetch_add(stride_, std::memory_order_relaxed);
    if (position >= count_) return;
    const auto end = std::min(count_, position + stride_);
    if (interruption_.is_due() || !scan(position, end, ranker)) next_.store(count_, std::memory_order_relaxed);
  }
}

/// @return false when rows beyond the snapshot began
bool QuantizedScan::scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept {
  Batch batch;
  bool is_inside = true;
  for (; position < end; ++position) {
    const auto row = column_.row_before(position, column_.newest_row(position), state_.rows, store_);
    if (row == kNoRow) {
      is_inside = false;
      break;
    }
    if (!store_.is_visible(row, state_.next_offset) || (passing_ != nullptr && !passing_->contains(row))) continue;
    if (position >= view_.encoded()) {
      ranker.offer(scorer_.one(column_.dense.at(position)), row);
      continue;
    }
    batch.codes[batch.count] = view_.row(position);
    batch.rows[batch.count] = row;
    if (++batch.count == Batch::kRows) score(batch, ranker);
  }
  score(batch, ranker);
  return is_inside;
}

void QuantizedScan::score(Batch& batch, Ranker& ranker) const noexcept {
  float values[Batch::kRows];
  view_.scorer().score(batch.codes, batch.count, values);
  for (std::size_t i = 0; i < batch.count; ++i) ranker.offer(values[i], batch.rows[i]);
  batch.count = 0;
}

/// Scores by the vectors themselves.
void QuantizedScan::rescore(TopK& candidates, Ranker& ranker) const noexcept {
  const auto& sorted = candidates.sorted();
  constexpr std::size_t kAhead = 4;
  const auto values_of = [&](std::size_t i) { return column_.dense.at(column_.position(sorted[i].row) - 1); };
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + kAhead < sorted.size()) __builtin_prefetch(values_of(i + kAhead));
    ranker.offer(scorer_.one(values_of(i)), sorted[i].row);
  }
}

}  // namespace millrace
