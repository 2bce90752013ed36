#include <algorithm>
#include <cstring>

#include "checkpoint/checkpoint_loader.h"

namespace millrace {

/// The rows of a frame become rows of the shard in the same order, so the shard's rows stand as they were written.
CheckpointLoader::Reason CheckpointLoader::take_rows(const RecordFrame& frame) {
  if (frame.count == 0 || !frame.has_ids() || frame.versions.size() != frame.count) return "rows without ids or versions";
  if (shard_.generation_->schema->version == 0) return "rows without a schema";
  if (const auto reason = check_vectors(frame)) return reason;
  reserve(frame);
  store_vectors(frame);
  for (std::uint32_t index = 0; index < frame.count; ++index)
    if (const auto reason = store_row(frame, index)) return reason;
  shard_.rows_ += frame.count;
  return nullptr;
}

CheckpointLoader::Reason CheckpointLoader::check_vectors(const RecordFrame& frame) const noexcept {
  for (const auto& block : frame.vectors) {
    const auto* const column = shard_.column_of(block.slot);
    if (column == nullptr) return "a vector slot that the schema does not have";
    if (block.present == 0) continue;
    if (block.is_sparse() != column->slot.is_sparse || block.is_multi() != column->slot.is_multi)
      return "a vector of the other kind";
    if (!block.is_sparse() && block.dimension != column->slot.dimension) return "vector dimension";
    if (!block.is_sparse() && block.element != column->slot.element) return "vector element type";
  }
  return nullptr;
}

/// As much as the frame's own bytes account for, whatever it says.
void CheckpointLoader::reserve(const RecordFrame& frame) {
  auto& shard = shard_;
  if (shard.rows_ + frame.count >= kNoRow) throw OutOfMemory(sizeof(Row));
  shard.store_.rows.reserve(shard.rows_, frame.count);
  shard.store_.deleted_at.reserve(shard.rows_, frame.count);
  shard.store_.payloads.reserve(frame.payload_bytes());
  for (const auto& block : frame.vectors) {
    auto& column = *shard.column_of(block.slot);
    column.reserve(block);
    column.position_of.reserve(shard.rows_, frame.count);
  }
  shard.make_room_for_ids(frame.count);
}

void CheckpointLoader::store_vectors(const RecordFrame& frame) noexcept {
  for (const auto& block : frame.vectors) {
    if (block.present == 0) continue;
    auto& column = *shard_.column_of(block.slot);
    auto position = column.count.load(std::memory_order_relaxed);
    store_values(column, block, position);
    const auto first = static_cast<std::uint32_t>(shard_.rows_);
    for (std::uint32_t index = 0, taken = 0; index < frame.count; ++index) {
      if (!block.has(index)) continue;
      if (column.keeps_norms()) *column.norms.at(position) = block.norms.empty() ? 0.0F : block.norms[taken];
      *column.row_of.at(position) = first + index;
      *column.position_of.at(first + index) = ++position;
      ++taken;
    }
    column.count.store(position, std::memory_order_release);
  }
}

void CheckpointLoader::store_values(VectorColumn& column, const VectorBlock& block, std::uint64_t position) noexcept {
  if (column.sparse != nullptr || column.multi != nullptr) {
    for (std::uint32_t index = 0; index < block.present; ++index) column.put(position + index, block, index);
    return;
  }
  const std::byte* stored = block.stored.data();
  for (std::uint64_t left = block.present; left > 0;) {
    const auto run = std::min(left, DenseVectors::run(position));
    const auto bytes = run * column.dense.row_bytes();
    std::memcpy(column.dense.at(position), stored, bytes);
    stored += bytes;
    position += run;
    left -= run;
  }
}

CheckpointLoader::Reason CheckpointLoader::store_row(const RecordFrame& frame, std::uint32_t index) noexcept {
  auto& store = shard_.store_;
  const auto row = static_cast<std::uint32_t>(shard_.rows_) + index;
  const PointId id = frame.id(index);
  const auto payload = frame.payload(index);
  const auto found = shard_.generation_->ids->find(store, id);
  const auto before = found != kNoRow && store.death(found) == 0 ? found : kNoRow;
  if (before != kNoRow && before >= first_row_) return "an id stands twice in one file";
  for (const auto& block : frame.vectors)
    if (block.keeps(index) && !keep_vector(block.slot, row, before)) return "a kept vector that does not exist";
  *store.rows.at(row) = {id.high, id.low, frame.versions[index], store.payloads.append(payload), found,
                         static_cast<std::uint32_t>(payload.size()) | (id.is_uuid ? Row::kUuidBit : 0)};
  shard_.generation_->ids->set(store, id, row);
  ++shard_.points_;
  if (before != kNoRow) end_row(before);
  return nullptr;
}

bool CheckpointLoader::keep_vector(std::uint32_t slot, std::uint32_t row, std::uint32_t before) noexcept {
  if (before == kNoRow) return false;
  auto& column = *shard_.column_of(slot);
  const auto position = column.position(before);
  if (position == 0) return false;
  column.share(row, position);
  return true;
}

CheckpointLoader::Reason CheckpointLoader::take_deletes(const RecordFrame& frame) noexcept {
  if (frame.count == 0 || !frame.has_ids()) return "deletes without ids";
  for (std::uint32_t index = 0; index < frame.count; ++index) {
    const auto row = shard_.generation_->ids->find(shard_.store_, frame.id(index));
    if (row == kNoRow || shard_.store_.death(row) != 0 || row >= first_row_) return "a deleted id that did not exist before";
    end_row(row);
  }
  return nullptr;
}

/// Which record ended the row is not told; that it was one of this file's is all that later captures ask.
void CheckpointLoader::end_row(std::uint32_t row) noexcept {
  shard_.store_.bury(row, head_.next_offset - 1);
  --shard_.points_;
}

}  // namespace millrace
