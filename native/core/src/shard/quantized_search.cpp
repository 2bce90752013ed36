#include "shard/quantized_search.h"

#include <algorithm>
#include <cmath>

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

QuantizedScan::QuantizedScan(const SearchScope& scope, const VectorScorer& scorer, QuantizedView& view) noexcept
    : scope_(scope),
      scorer_(scorer),
      view_(view),
      interruption_(scope.plan.matching.cancellation),
      // About four million components between two looks at the clock: some hundred microseconds.
      stretches_(0, scope.count,
                 std::clamp<std::uint64_t>((4U << 20U) / scope.column.slot.dimension, 64, 8192)) {}

bool QuantizedScan::is_worth_it() const noexcept { return !view_.rescores() || scope_.eligible > 2 * view_.candidates(scope_.k); }

std::uint64_t QuantizedScan::estimate(const VectorColumn& column) noexcept {
  return std::uint64_t{column.count.load(std::memory_order_relaxed)} * column.slot.dimension / kCodeGain;
}

Result<SearchResult> QuantizedScan::run(SearchResult result) {
  result.path = SearchPath::code_scan;
  view_.prepare(scorer_);
  const auto k = scope_.k;
  const auto kept =
      view_.rescores() ? static_cast<std::size_t>(std::min<std::uint64_t>(view_.candidates(k), scope_.eligible)) : k;
  const auto& asked = scope_.plan.score_threshold;
  // A threshold is for the scores that are told.
  const auto threshold = view_.rescores() ? std::nullopt : asked;
  const auto helpers = scope_.helpers_for(estimate(scope_.column));
  auto best = best_of_threads(scope_, kept, result.larger_is_better, threshold, helpers, [&](Ranker& ranker) noexcept {
    stretches_.run(interruption_, [&](std::uint64_t begin, std::uint64_t end) noexcept { return scan(begin, end, ranker); });
  });
  if (auto ended = interruption_.error("search")) return std::move(*ended);
  if (!view_.rescores()) {
    put_hits(scope_.store, best, result);
    return result;
  }
  TopK rescored(scope_.store, k, result.larger_is_better);
  Ranker ranker(rescored, scope_.column.slot.distance, asked);
  rescore(best, ranker);
  put_hits(scope_.store, rescored, result);
  return result;
}

/// @return false when rows beyond the snapshot began
bool QuantizedScan::scan(std::uint64_t position, std::uint64_t end, Ranker& ranker) const noexcept {
  Batch batch;
  bool is_inside = true;
  for (; position < end; ++position) {
    const auto row = scope_.row_of(position);
    if (row == kNoRow) {
      is_inside = false;
      break;
    }
    if (!scope_.may_be_found(row)) continue;
    if (position >= view_.encoded()) {
      ranker.offer(scorer_.one(scope_.column.dense.at(position)), row);
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
  const auto values_of = [&](std::size_t i) { return scope_.column.dense.at(scope_.column.position(sorted[i].row) - 1); };
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i + kAhead < sorted.size()) __builtin_prefetch(values_of(i + kAhead));
    ranker.offer(scorer_.one(values_of(i)), sorted[i].row);
  }
}

}  // namespace millrace
