#include "graph/column_index.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>

#include "graph/first_stage.h"
#include "graph/graph_vectors.h"

namespace millrace {
namespace {

constexpr std::uint32_t kCapacityMin = 1024;
/// Positions that are encoded at a time, about a tenth of a millisecond; of multivectors one takes as long.
constexpr std::uint32_t kEncodedAtOnce = 512;
constexpr std::chrono::microseconds kRest{300};
/// How long a cut waits for insertions under way.
constexpr std::uint64_t kPatienceNs = 200'000'000;

}  // namespace

std::shared_ptr<const GraphStage> ColumnIndex::stage() const {
  const std::scoped_lock lock(visible_mutex_);
  return visible_;
}

/// With mutex_ held.
void ColumnIndex::publish(std::shared_ptr<GraphStage> stage) noexcept {
  stage_ = std::move(stage);
  const std::scoped_lock lock(visible_mutex_);
  visible_ = stage_;
}

std::uint32_t ColumnIndex::covered() const {
  const auto now = stage();
  return now == nullptr ? 0 : now->covered.load(std::memory_order_acquire);
}

std::optional<std::uint64_t> ColumnIndex::without_graph_max(const VectorColumn& column) const noexcept {
  if (settings_.links == 0 || settings_.threshold_bytes == 0) return std::nullopt;
  // Of multivectors, which are of different lengths, on average.
  const std::uint64_t count = std::max(1U, column.count.load(std::memory_order_acquire));
  const auto bytes = column.multi == nullptr ? column.dense.row_bytes() : std::max<std::uint64_t>(1, column.vector_bytes() / count);
  return (settings_.threshold_bytes + bytes - 1) / bytes;
}

bool ColumnIndex::is_wanted(const VectorColumn& column) const noexcept {
  if (settings_.links == 0 || settings_.threshold_bytes == 0) return false;
  return column.count.load(std::memory_order_acquire) > 0 && column.vector_bytes() >= settings_.threshold_bytes;
}

std::uint32_t ColumnIndex::waiting(const VectorColumn& column) const {
  const auto now = stage();
  if (now == nullptr && !is_wanted(column)) return 0;
  const auto count = std::min(column.count.load(std::memory_order_acquire), LiveGraph::kCapacityMax);
  const auto covered = now == nullptr ? 0U : now->covered.load(std::memory_order_acquire);
  return count - std::min(covered, count);
}

IndexBytes ColumnIndex::bytes(const VectorColumn& column) const {
  IndexBytes use;
  const std::uint64_t waiting_rows = waiting(column);
  if (const auto now = stage()) {
    use = {now->graph.code_bytes(), now->graph.link_bytes(), waiting_rows * now->graph.bytes_per_row()};
    if (now->encoding != nullptr) use.codes += now->encoding->bytes();
  } else if (waiting_rows > 0) {
    const auto dimension = column.multi != nullptr ? MultiEncoding::anchors_for(column.slot.dimension) : column.slot.dimension;
    use.coming = waiting_rows * (CodeSpace::row_bytes_for(dimension) + 2 * sizeof(std::uint32_t) * settings_.links);
  }
  return use;
}

bool ColumnIndex::wants_growth(const VectorColumn& column) const { return is_untidy_ || waiting(column) > 0; }

bool ColumnIndex::has_growth(const VectorColumn& column) const {
  const std::scoped_lock lock(mutex_);
  if (stage_ == nullptr) return is_wanted(column);
  return is_untidy_ || (failed_ > 0 || next_ < std::min(column.count.load(std::memory_order_acquire), LiveGraph::kCapacityMax));
}

std::uint32_t ColumnIndex::capacity_for(std::uint32_t count) noexcept {
  const auto room = std::max<std::uint64_t>(std::uint64_t{count} * 4, kCapacityMin);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, LiveGraph::kCapacityMax));
}

/// The stage to insert into: a new one when the column has grown enough, or one with more room.
std::shared_ptr<GraphStage> ColumnIndex::prepare(const VectorColumn& column) {
  const auto count = column.count.load(std::memory_order_acquire);
  std::unique_lock lock(mutex_);
  if (stage_ != nullptr) {
    const auto capacity = stage_->graph.shape().capacity;
    const bool is_full = stage_->graph.encoded() == capacity && count > capacity && capacity < LiveGraph::kCapacityMax;
    if (!is_full || is_resting_ || next_ < capacity || std::ranges::any_of(taken_, [](auto at) { return at != kNobody; }))
      return stage_;
    // Everything is inserted, and nothing more can be: readers go on with this one until its copy is there. Anchors of
    // multivectors that were learned from few are learned anew, and searches are scans until all few are in it again.
    is_resting_ = true;
    const bool learns_anew = column.multi != nullptr && capacity < MultiEncoding::sample_for(column.slot.dimension);
    const auto smaller = stage_;
    lock.unlock();
    std::shared_ptr<GraphStage> larger;
    try {
      const auto wanted = std::min<std::uint64_t>(std::uint64_t{capacity} * 4, LiveGraph::kCapacityMax);
      larger = learns_anew ? first_stage(column, count, {settings_.links, settings_.ef_construct, capacity_for(count)})
                           : std::make_shared<GraphStage>(*smaller, static_cast<std::uint32_t>(wanted));
    } catch (...) {
      lock.lock();
      is_resting_ = false;
      throw;
    }
    lock.lock();
    is_resting_ = false;
    if (learns_anew) next_ = tidied_ = 0;
    publish(std::move(larger));
    return stage_;
  }
  if (is_resting_ || !is_wanted(column)) return nullptr;
  is_resting_ = true;
  lock.unlock();
  std::shared_ptr<GraphStage> first;
  try {
    first = first_stage(column, count, {settings_.links, settings_.ef_construct, capacity_for(count)});
  } catch (...) {
    lock.lock();
    is_resting_ = false;
    throw;
  }
  lock.lock();
  is_resting_ = false;
  publish(std::move(first));
  return stage_;
}

/// Codes come first and fast: until a position is inserted, searches scan its codes.
void ColumnIndex::encode(GraphStage& stage, const VectorColumn& column, std::uint64_t until_ns) {
  const std::unique_lock lock(encode_mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return;
  const auto end = std::min(column.count.load(std::memory_order_acquire), stage.graph.shape().capacity);
  GraphVectors vectors(column, stage.encoding.get());
  const auto at_once = stage.encoding == nullptr ? kEncodedAtOnce : 1;
  for (auto position = stage.graph.encoded(); position < end; ++position) {
    static_cast<void>(stage.graph.encode_next(vectors.at(position)));
    if (position % at_once == 0 && steady_clock_ns() >= until_ns) return;
  }
}

ColumnIndex::Claim ColumnIndex::claim(const GraphStage& stage) noexcept {
  const std::scoped_lock lock(mutex_);
  if (is_resting_ || stage_.get() != &stage) return {};
  if (failed_ > 0)
    for (std::size_t place = 0; place < kThreadsMax; ++place)
      if (has_failed_[place]) {
        has_failed_[place] = false;
        --failed_;
        return {taken_[place], place};
      }
  if (next_ >= stage.graph.encoded()) return {};
  const auto place = std::ranges::find(taken_, kNobody);
  if (place == taken_.end()) return {};
  *place = next_;
  return {next_++, static_cast<std::size_t>(place - taken_.begin())};
}

void ColumnIndex::finish(GraphStage& stage, const Claim& claimed) noexcept {
  const std::scoped_lock lock(mutex_);
  taken_[claimed.place] = kNobody;
  ++inserted_;
  stage.covered.store(std::min(next_, *std::ranges::min_element(taken_)), std::memory_order_release);
}

/// Once nothing waits, and the graph has grown by a tenth since: rows that pruning cut off are linked again.
void ColumnIndex::tidy(GraphStage& stage) {
  {
    const std::scoped_lock lock(mutex_);
    const bool is_busy = std::ranges::any_of(taken_, [](auto at) { return at != kNobody; });
    if (is_resting_ || stage_.get() != &stage || is_busy || (!is_untidy_ && next_ - tidied_ <= tidied_ / 10)) return;
    is_resting_ = true;
    is_untidy_ = false;
  }
  try {
    static_cast<void>(stage.graph.attach_unreachable());
  } catch (...) {
    // It is a matter of few rows and can wait for the next time.
  }
  const std::scoped_lock lock(mutex_);
  tidied_ = next_;
  is_resting_ = false;
}

std::uint64_t ColumnIndex::changes() const {
  const std::scoped_lock lock(mutex_);
  return inserted_;
}

/// Positions that failed for want of memory stay taken, though nobody works on them.
bool ColumnIndex::is_inserting() const noexcept {
  for (std::size_t place = 0; place < kThreadsMax; ++place)
    if (taken_[place] != kNobody && !has_failed_[place]) return true;
  return false;
}

std::optional<GraphCut> ColumnIndex::cut() {
  std::unique_lock lock(mutex_);
  if (stage_ == nullptr || is_resting_) return std::nullopt;
  is_resting_ = true;
  // Builders run only when the system has nothing better to do: one that holds a row may be long in coming back.
  const auto patient_until = steady_clock_ns() + kPatienceNs;
  while (is_inserting()) {
    if (steady_clock_ns() > patient_until) {
      is_resting_ = false;
      return std::nullopt;
    }
    lock.unlock();
    std::this_thread::sleep_for(kRest);
    lock.lock();
  }
  // Everything inserted must be covered: nothing of a layer above may stand for a row that the file does not have.
  if (failed_ > 0 || stage_->covered.load(std::memory_order_acquire) < stage_->loaded.size()) {
    is_resting_ = false;
    return std::nullopt;
  }
  GraphCut cut{stage_, stage_->covered.load(std::memory_order_acquire), {}};
  lock.unlock();
  std::exception_ptr failure;
  try {
    for (std::uint32_t layer = 1; layer < LiveGraph::kLayersMax && cut.nodes > 0; ++layer) {
      const auto size = cut.stage->graph.layer_size(layer);
      if (size == 0) break;
      const auto* const first = &cut.stage->graph.layer(layer).member(0);
      cut.members.emplace_back(first, first + size);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  is_resting_ = false;
  if (failure) std::rethrow_exception(failure);
  return cut.nodes == 0 ? std::nullopt : std::optional(std::move(cut));
}

bool ColumnIndex::would_take(const VectorColumn& column, std::uint32_t links, std::uint32_t ef_construct) const noexcept {
  return is_wanted(column) && settings_.links == links && settings_.ef_construct == ef_construct;
}

void ColumnIndex::adopt(std::shared_ptr<GraphStage> stage) noexcept {
  const std::scoped_lock lock(mutex_);
  publish(std::move(stage));
  next_ = stage_->covered.load(std::memory_order_relaxed);
  is_untidy_ = true;
}

bool ColumnIndex::grow(const VectorColumn& column, const RowStore& store, std::uint64_t next_offset,
                       std::uint64_t until_ns) {
  const auto stage = prepare(column);
  if (stage == nullptr) {
    if (!has_growth(column)) return false;
    std::this_thread::sleep_for(kRest);
    return true;
  }
  do {
    encode(*stage, column, until_ns);
    const auto claimed = claim(*stage);
    if (claimed.position == kNobody) {
      tidy(*stage);
      if (!has_growth(column)) return false;
      // The graph rests: what waits is there for the next turn.
      std::this_thread::sleep_for(kRest);
      return true;
    }
    try {
      if (!stage->has_loaded(claimed.position) && store.is_visible(column.newest_row(claimed.position), next_offset))
        stage->graph.insert(claimed.position);
    } catch (...) {
      // It stays taken, so that searches go on scanning it, and is tried again.
      const std::scoped_lock lock(mutex_);
      has_failed_[claimed.place] = true;
      ++failed_;
      throw;
    }
    finish(*stage, claimed);
  } while (steady_clock_ns() < until_ns);
  return true;
}

}  // namespace millrace
