#include <bit>
#include <string>

#include "shard/memory_shard.h"

namespace millrace {
namespace {

bool all_finite(std::span<const float> values) noexcept {
  std::uint32_t bad = 0;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    bad |= static_cast<std::uint32_t>((bits & 0x7f800000U) == 0x7f800000U);
  }
  return bad == 0;
}

}  // namespace

VectorColumn* MemoryShard::column_of(std::uint32_t slot) const noexcept {
  for (const auto& column : *generation_->columns)
    if (column->slot.slot == slot) return column.get();
  return nullptr;
}

std::optional<Error> MemoryShard::check_vectors(const RecordFrame& frame) const {
  for (const auto& block : frame.vectors) {
    const auto* const column = column_of(block.slot);
    if (column == nullptr)
      return Error{Errc::schema_changed, "\"slot\":" + std::to_string(block.slot) + ",\"schemaVersion\":" +
                                             std::to_string(generation_->schema->version)};
    if (block.present == 0) continue;
    if (block.dimension != column->slot.dimension)
      return Error{Errc::vector_dimension_mismatch, "\"expected\":" + std::to_string(column->slot.dimension) +
                                                        ",\"actual\":" + std::to_string(block.dimension)};
    if (!all_finite(block.values)) return Error{Errc::vector_not_finite, {}};
  }
  return std::nullopt;
}

void MemoryShard::reserve_upsert(const RecordFrame& frame) {
  if (rows_ + frame.count >= kNoRow) throw OutOfMemory(sizeof(Row));
  store_.rows.reserve(rows_, frame.count);
  store_.deleted_at.reserve(rows_, frame.count);
  store_.payloads.reserve(frame.payload_bytes());
  for (const auto& block : frame.vectors) {
    if (block.present == 0) continue;
    auto& column = *column_of(block.slot);
    const auto count = column.count.load(std::memory_order_relaxed);
    column.values.reserve(count, block.present);
    column.row_of.reserve(count, block.present);
    if (column.keeps_norms()) column.norms.reserve(count, block.present);
    column.position_of.reserve(rows_, frame.count);
  }
  make_room_for_ids(frame.count);
}

void MemoryShard::make_room_for_ids(std::uint64_t more) {
  if (generation_->ids->has_room(more)) return;
  auto grown = std::make_shared<Generation>(*generation_);
  grown->ids = std::make_shared<IdTable>(points_ + more);
  grown->ids->take_live(store_, *generation_->ids);
  generation_ = std::move(grown);
}

/// Writes each row whole, makes it its id's newest, then ends the one before: readers of any snapshot see one of the two.
/// Of an id that stands twice in the record the earlier row is ended by the record that wrote it, so nobody sees it.
std::uint32_t MemoryShard::upsert(const RecordFrame& frame, std::uint64_t offset) noexcept {
  const auto first = static_cast<std::uint32_t>(rows_);
  for (const auto& block : frame.vectors) {
    if (block.present == 0) continue;
    auto& column = *column_of(block.slot);
    auto position = column.count.load(std::memory_order_relaxed);
    for (std::uint32_t row = 0, taken = 0; row < frame.count; ++row) {
      if (!block.has(row)) continue;
      std::memcpy(column.values.at(position), block.values.data() + std::size_t{taken} * block.dimension,
                  std::size_t{block.dimension} * sizeof(float));
      if (column.keeps_norms()) *column.norms.at(position) = block.norms.empty() ? 0.0F : block.norms[taken];
      *column.row_of.at(position) = first + row;
      *column.position_of.at(first + row) = ++position;
      ++taken;
    }
    column.count.store(position, std::memory_order_release);
    vector_bytes_ += std::uint64_t{block.present} * (block.dimension + 2ULL) * sizeof(float);
  }
  std::uint32_t written = 0;
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const std::uint32_t row = first + i;
    const PointId id = frame.id(i);
    const auto payload = frame.payload(i);
    const auto before = generation_->ids->find(store_, id);
    *store_.rows.at(row) = {id.high, id.low, generation_->schema->version_base + offset,
                            store_.payloads.append(payload), before,
                            static_cast<std::uint32_t>(payload.size()) | (id.is_uuid ? Row::kUuidBit : 0)};
    generation_->ids->set(store_, id, row);
    add_row(row);
    ++points_;
    ++written;
    if (before == kNoRow || store_.death(before) != 0) continue;
    end_row(before, offset);
    if (before >= first) --written;
  }
  rows_ += frame.count;
  return written;
}

std::uint32_t MemoryShard::delete_points(const RecordFrame& frame, std::uint64_t offset) noexcept {
  std::uint32_t deleted = 0;
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto row = generation_->ids->find(store_, frame.id(i));
    if (row == kNoRow || store_.death(row) != 0) continue;
    end_row(row, offset);
    ++deleted;
  }
  return deleted;
}

void MemoryShard::end_row(std::uint32_t row, std::uint64_t offset) noexcept {
  subtract_row(row);
  store_.bury(row, offset);
  --points_;
}

DigestSum MemoryShard::stored_vector_hash(const VectorColumn& column, std::uint32_t row, const PointId& id) noexcept {
  const auto* const position = column.position_of.find(row);
  if (position == nullptr || *position == 0) return {};
  const std::uint32_t norm =
      column.keeps_norms() ? std::bit_cast<std::uint32_t>(*column.norms.at(*position - 1)) : 0;
  return vector_hash(id, column.slot.slot, {column.values.at(*position - 1), column.slot.dimension}, norm);
}

DigestSum MemoryShard::stored_hash(std::uint32_t row) const noexcept {
  const auto& stored = *store_.rows.at(row);
  const auto id = stored.id();
  DigestSum sum = payload_hash(id, stored.payload_text());
  for (const auto& column : *generation_->columns) sum += stored_vector_hash(*column, row, id);
  return sum;
}

void MemoryShard::add_row(std::uint32_t row) noexcept {
  const auto& stored = *store_.rows.at(row);
  stored_sum_ += stored_hash(row);
  version_sum_ += version_hash(stored.id(), stored.version);
  point_sum_ += point_hash(stored.id());
}

void MemoryShard::subtract_row(std::uint32_t row) noexcept {
  const auto& stored = *store_.rows.at(row);
  stored_sum_ -= stored_hash(row);
  version_sum_ -= version_hash(stored.id(), stored.version);
  point_sum_ -= point_hash(stored.id());
}

}  // namespace millrace
