#include <algorithm>
#include <string>

#include "shard/memory_shard.h"
#include "shard/schema_codec.h"

namespace millrace {

/// Older schemas and repeats of the current one are passed over: any node may append them. A slot that stays keeps its
/// column; one that goes takes its vectors out of the digest, and its memory goes with the last reader.
std::optional<Error> MemoryShard::change_schema(const RecordFrame& frame, std::uint64_t offset) {
  const auto damaged = [&](const char* reason) {
    return Error{Errc::record_corrupt, "\"offset\":" + std::to_string(offset) + ",\"reason\":\"" + reason + "\""};
  };
  auto decoded = decode_schema(frame.meta);
  if (const auto* reason = std::get_if<const char*>(&decoded)) return damaged(*reason);
  auto& schema = std::get<Schema>(decoded);
  if (schema.shard != options_.shard) return damaged("a schema of another shard");
  if (schema.version <= generation_->schema->version) return std::nullopt;

  auto columns = columns_for(schema);
  if (columns == nullptr) return damaged("a vector slot changes its shape");
  auto next = std::make_shared<Generation>(*generation_);
  next->schema = std::make_shared<const Schema>(std::move(schema));
  next->columns = std::move(columns);
  for (const auto& column : *generation_->columns)
    if (next->schema->find_slot(column->slot.slot) == nullptr) forget_column(*column);
  // The rows so far say their offsets by another base.
  if (rows_ > 0 && next->schema->version_base != generation_->schema->version_base)
    history_ = {{offset, static_cast<std::uint32_t>(rows_)}, {}};
  generation_ = std::move(next);
  return std::nullopt;
}

/// @return null when a slot would change its dimension, distance or element type
std::shared_ptr<const ColumnList> MemoryShard::columns_for(const Schema& schema) const {
  auto columns = std::make_shared<ColumnList>();
  columns->reserve(schema.vectors.size());
  for (const auto& vector : schema.vectors) {
    std::shared_ptr<VectorColumn> kept;
    for (const auto& column : *generation_->columns)
      if (column->slot.slot == vector.slot) kept = column;
    if (kept && (kept->slot.dimension != vector.dimension || kept->slot.distance != vector.distance ||
                 kept->slot.is_sparse != vector.is_sparse || kept->slot.element != vector.element ||
                 kept->slot.is_multi != vector.is_multi))
      return nullptr;
    columns->push_back(kept ? std::move(kept) : make_column(vector));
  }
  return columns;
}

std::shared_ptr<VectorColumn> MemoryShard::make_column(const VectorSlot& slot) const {
  const auto own = std::ranges::find(options_.index_of_slots, slot.slot, &SlotIndex::slot);
  const bool has_own = own != options_.index_of_slots.end();
  const bool is_cold = (has_own ? own->placement : options_.placement) == VectorPlacement::cold;
  auto column = std::make_shared<VectorColumn>(slot, is_cold ? cold_storage_ : nullptr,
                                               has_own ? own->weights : ElementType::f32);
  if (options_.builder == nullptr || slot.is_sparse) return column;
  const auto& settings = has_own ? own->settings : options_.index;
  column->index = std::make_unique<ColumnIndex>(settings);
  // Codes of users' are of one vector each.
  if (settings.quantization.kind != QuantizationKind::none && !slot.is_multi)
    column->quantized = std::make_unique<QuantizedColumn>(settings);
  return column;
}

void MemoryShard::forget_column(const VectorColumn& column) noexcept {
  const auto count = column.count.load(std::memory_order_relaxed);
  for (std::uint32_t position = 0; position < count; ++position) {
    const auto row = *column.row_of.at(position);
    if (store_.death(row) == 0) subtract_vector(column, row);
  }
  vector_bytes_ -= column.stored_bytes();
}

}  // namespace millrace
