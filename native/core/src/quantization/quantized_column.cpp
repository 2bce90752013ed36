#include "quantization/quantized_column.h"

#include <algorithm>
#include <vector>

#include "base/interruption.h"
#include "shard/column_sample.h"
#include "shard/rows.h"

namespace millrace {
namespace {

constexpr std::uint32_t kSampleMax = 20'000;
/// A column that has grown so much since may have become another one.
constexpr std::uint64_t kGrowth = 4;
/// Of fewer vectors there is nothing to learn.
constexpr std::uint64_t kLearnedMin = 16;
/// Components that are encoded between two looks at the clock: less than a tenth of a millisecond.
constexpr std::uint32_t kComponentsAtOnce = 16'384;

}  // namespace

QuantizedColumn::QuantizedColumn(const IndexSettings& settings) noexcept
    : settings_(settings.quantization), threshold_bytes_(settings.threshold_bytes) {}

QuantizedColumn::~QuantizedColumn() = default;

std::shared_ptr<const QuantizedStage> QuantizedColumn::stage() const {
  const std::scoped_lock lock(visible_mutex_);
  return stage_;
}

void QuantizedColumn::publish(std::shared_ptr<QuantizedStage> stage) noexcept {
  const std::scoped_lock lock(visible_mutex_);
  stage_.swap(stage);
}

std::uint32_t QuantizedColumn::milestone(const VectorColumn& column) const noexcept {
  if (threshold_bytes_ == 0) return 0;
  const std::uint64_t bytes = column.dense.row_bytes();
  const std::uint64_t count = column.count.load(std::memory_order_acquire);
  auto reached = std::max((threshold_bytes_ + bytes - 1) / bytes, kLearnedMin);
  if (count < reached) return 0;
  while (reached <= count / kGrowth) reached *= kGrowth;
  return static_cast<std::uint32_t>(reached);
}

QuantizedCodes QuantizedColumn::codes() const {
  const auto now = stage();
  if (now == nullptr) return {};
  return {now->encoded.load(std::memory_order_acquire), now->codebook->row_bytes()};
}

std::uint32_t QuantizedColumn::waiting(const VectorColumn& column) const {
  const auto wanted = milestone(column);
  if (wanted == 0) return 0;
  const auto now = stage();
  const bool is_newest = now != nullptr && now->learned >= wanted;
  const auto encoded = is_newest ? now->encoded.load(std::memory_order_acquire) : 0U;
  // The count is read last: codes may have been made of vectors that came meanwhile.
  return column.count.load(std::memory_order_acquire) - encoded;
}

bool QuantizedColumn::has_growth(const VectorColumn& column) const {
  return !is_taken_.load(std::memory_order_acquire) && waiting(column) > 0;
}

bool QuantizedColumn::grow(const VectorColumn& column, std::uint64_t until_ns) {
  if (waiting(column) == 0) return false;
  const std::unique_lock lock(working_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  is_taken_.store(true, std::memory_order_release);
  struct Leaving {
    std::atomic<bool>& is_taken;
    ~Leaving() { is_taken.store(false, std::memory_order_release); }
  } const leaving{is_taken_};

  // Searches need codes of new vectors more than better ones of all.
  if (stage_ != nullptr && !encode(column, *stage_, until_ns)) return true;
  const auto wanted = milestone(column);
  const bool is_learned = (stage_ != nullptr && stage_->learned >= wanted) || (next_ != nullptr && next_->learned >= wanted);
  if (!is_learned && !train(column, wanted, until_ns)) return true;
  if (next_ != nullptr) {
    if (stage_ != nullptr && !encode(column, *next_, until_ns)) return true;
    publish(std::move(next_));
    next_ = nullptr;
  }
  return !encode(column, *stage_, until_ns) || waiting(column) > 0;
}

/// @return whether the codebook is there
bool QuantizedColumn::train(const VectorColumn& column, std::uint32_t learned, std::uint64_t until_ns) {
  if (training_ == nullptr || learning_ < learned) {
    training_ = nullptr;
    sample_ = std::make_unique<ColumnSample>(column, learned, kSampleMax);
    training_ = begin_training(settings_, column.slot.distance, column.slot.dimension, sample_->vectors());
    learning_ = learned;
  }
  try {
    std::shared_ptr<const Codebook> trained;
    do {
      trained = training_->step();
    } while (trained == nullptr && steady_clock_ns() < until_ns);
    if (trained == nullptr) return false;
    next_ = std::make_shared<QuantizedStage>(std::move(trained), learning_);
  } catch (...) {
    training_ = nullptr;
    throw;
  }
  training_ = nullptr;
  sample_ = nullptr;
  return true;
}

/// @return whether every vector has codes
bool QuantizedColumn::encode(const VectorColumn& column, QuantizedStage& stage, std::uint64_t until_ns) const {
  const auto at_once = std::max(1U, kComponentsAtOnce / column.slot.dimension);
  auto position = stage.encoded.load(std::memory_order_relaxed);
  std::vector<float> scratch(column.slot.element == ElementType::f32 ? 0 : column.slot.dimension);
  for (;;) {
    const auto count = column.count.load(std::memory_order_acquire);
    const auto end = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::uint64_t{position} + at_once));
    if (position == end) return true;
    stage.rows.reserve(position, end - position);
    for (; position < end; ++position)
      stage.codebook->encode(column.components(position, scratch), stage.rows.at(position));
    stage.encoded.store(position, std::memory_order_release);
    if (steady_clock_ns() >= until_ns) return position == column.count.load(std::memory_order_acquire);
  }
}

}  // namespace millrace
