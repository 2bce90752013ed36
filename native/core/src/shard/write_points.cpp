#include <bit>
#include <string>

#include "shard/memory_shard.h"
#include "shard/row_matcher.h"

namespace millrace {
namespace {

bool is_finite(const VectorBlock& block) noexcept {
  return block.is_sparse() ? all_finite(ElementType::f32, std::as_bytes(block.values)) : all_finite(block.element, block.stored);
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
    if (block.is_sparse() != column->slot.is_sparse || block.is_multi() != column->slot.is_multi)
      return Error{Errc::vector_kind_mismatch, {}};
    if (!block.is_sparse() && block.dimension != column->slot.dimension)
      return Error{Errc::vector_dimension_mismatch, "\"expected\":" + std::to_string(column->slot.dimension) +
                                                        ",\"actual\":" + std::to_string(block.dimension)};
    // Encoders know the slot's type. Another one is a mistake of theirs, and no form of the same vector.
    if (!block.is_sparse() && block.element != column->slot.element) return Error{Errc::vector_kind_mismatch, {}};
    if (!is_finite(block)) return Error{Errc::vector_not_finite, {}};
  }
  return std::nullopt;
}

/// A filter and the existence of a point are asked of the state before the record, also for an id that stands in it twice.
MemoryShard::Kept MemoryShard::keep_for_upsert(const WriteOperation& operation) const {
  const auto& [frame, meta] = operation;
  Kept kept;
  const bool uses_filter = meta.filter && meta.mode != WriteMeta::Mode::insert_only;
  if (meta.mode == WriteMeta::Mode::upsert && !uses_filter) return kept;
  kept.resize(frame.count);
  std::optional<RowMatcher> matcher;
  if (uses_filter) matcher.emplace(store_, *generation_->columns, meta.filter->tree());
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto row = find_live(frame.id(i));
    const bool keeps = row == kNoRow ? meta.mode != WriteMeta::Mode::update_only
                                     : meta.mode != WriteMeta::Mode::insert_only && (!matcher || matcher->matches(row));
    kept[i] = keeps ? 1 : 0;
  }
  return kept;
}

void MemoryShard::reserve_upsert(const RecordFrame& frame) {
  reserve_rows(frame.count);
  reserve_vectors(frame);
  store_.payloads.reserve(frame.payload_bytes());
  make_room_for_ids(frame.count);
}

void MemoryShard::make_room_for_ids(std::uint64_t more) {
  if (generation_->ids->has_room(more)) return;
  auto grown = std::make_shared<Generation>(*generation_);
  grown->ids = std::make_shared<IdTable>(points_ + more);
  grown->ids->take_live(store_, *generation_->ids);
  generation_ = std::move(grown);
}

/// Makes each row its id's newest, gives it its vectors, then ends the one before: readers of any snapshot see one of the
/// two. Rows come first, because a search that meets a vector of theirs asks them which row they replaced. Of an id that
/// stands twice in the record the earlier row is ended by the record that wrote it, so nobody sees it.
std::uint32_t MemoryShard::upsert(const RecordFrame& frame, const Kept& kept, std::uint64_t offset) noexcept {
  const auto first = static_cast<std::uint32_t>(rows_);
  const auto is_kept = [&](std::uint32_t i) { return kept.empty() || kept[i] != 0; };
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    if (!is_kept(i)) continue;
    const auto row = static_cast<std::uint32_t>(rows_++);
    const PointId id = frame.id(i);
    const auto payload = frame.payload(i);
    *store_.rows.at(row) = {id.high, id.low, generation_->schema->version_base + offset,
                            store_.payloads.append(payload), generation_->ids->find(store_, id),
                            static_cast<std::uint32_t>(payload.size()) | (id.is_uuid ? Row::kUuidBit : 0)};
    generation_->ids->set(store_, id, row);
  }
  for (const auto& block : frame.vectors) {
    if (block.present == 0) continue;
    auto& column = *column_of(block.slot);
    auto row = first;
    for (std::uint32_t i = 0, index = 0; i < frame.count; ++i) {
      if (block.has(i) && is_kept(i)) put_vector(column, row, block, index);
      index += block.has(i) ? 1 : 0;
      row += is_kept(i) ? 1 : 0;
    }
  }
  auto written = static_cast<std::uint32_t>(rows_ - first);
  for (auto row = first; row < rows_; ++row) {
    add_row(row);
    ++points_;
    const auto before = store_.rows.at(row)->previous;
    if (before == kNoRow || store_.death(before) != 0) continue;
    end_row(before, offset);
    if (before >= first) --written;
  }
  return written;
}

std::uint32_t MemoryShard::find_live(const PointId& id) const noexcept {
  const auto row = generation_->ids->find(store_, id);
  return row == kNoRow || store_.death(row) != 0 ? kNoRow : row;
}

std::uint32_t MemoryShard::delete_points(const RecordFrame& frame, std::uint64_t offset) noexcept {
  std::uint32_t deleted = 0;
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto row = find_live(frame.id(i));
    if (row == kNoRow) continue;
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
  return vector_hash(id, column.slot.slot, column.bytes_of(*position - 1), norm);
}

void MemoryShard::add_vector(const VectorColumn& column, std::uint32_t row) noexcept {
  const auto position = column.position(row);
  if (position == 0) return;
  stored_sum_ += stored_vector_hash(column, row, store_.rows.at(row)->id());
  if (column.sparse != nullptr) column.sparse->count(position - 1);
}

void MemoryShard::subtract_vector(const VectorColumn& column, std::uint32_t row) noexcept {
  const auto position = column.position(row);
  if (position == 0) return;
  stored_sum_ -= stored_vector_hash(column, row, store_.rows.at(row)->id());
  if (column.sparse != nullptr) column.sparse->uncount(position - 1);
}

void MemoryShard::add_row(std::uint32_t row) noexcept {
  const auto& stored = *store_.rows.at(row);
  stored_sum_ += payload_hash(stored.id(), stored.payload_text());
  for (const auto& column : *generation_->columns) add_vector(*column, row);
  version_sum_ += version_hash(stored.id(), stored.version);
  point_sum_ += point_hash(stored.id());
}

void MemoryShard::subtract_row(std::uint32_t row) noexcept {
  const auto& stored = *store_.rows.at(row);
  stored_sum_ -= payload_hash(stored.id(), stored.payload_text());
  for (const auto& column : *generation_->columns) subtract_vector(*column, row);
  version_sum_ -= version_hash(stored.id(), stored.version);
  point_sum_ -= point_hash(stored.id());
}

}  // namespace millrace
