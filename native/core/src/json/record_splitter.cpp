#include "json/record_splitter.h"

#include <algorithm>

#include "record/id_section.h"

namespace millrace::json {
namespace {

/// Sections of a frame besides those of its slots: IDS, PAYLOAD and META. A slot has up to VECTORS, SPARSE or MULTI, PRESENCE and NORMS.
constexpr std::size_t kPlainSections = 3;
constexpr std::size_t kSlotSections = 3;

/// Id, its bit among mixed ids, end of its payload.
constexpr std::size_t kRowBytes = 16 + 1 + 4;

void append_little_endian(std::vector<std::byte>& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void add_ids(RecordBuilder& builder, std::span<const PointId> ids) {
  const auto encoding = id_encoding_of(ids);
  std::vector<std::byte> bytes(id_section_bytes(encoding, ids.size()));
  write_ids(bytes, encoding, ids);
  builder.add(layout::SectionKind::ids, static_cast<std::uint16_t>(encoding), 0, static_cast<std::uint32_t>(ids.size()),
              bytes);
}

void add_payloads(RecordBuilder& builder, std::span<const std::uint32_t> ends, std::string_view texts) {
  std::vector<std::byte> bytes;
  bytes.reserve((ends.size() + 1) * 4 + texts.size());
  append_little_endian(bytes, 0, 4);
  for (const auto end : ends) append_little_endian(bytes, end, 4);
  const auto text = std::as_bytes(std::span(texts));
  bytes.insert(bytes.end(), text.begin(), text.end());
  builder.add(layout::SectionKind::payload, 0, 0, static_cast<std::uint32_t>(ends.size()), bytes);
}

}  // namespace

RecordSplitter::RecordSplitter(const EncodeTarget& target, const EncodeLimits& limits, const EncodeOperation& operation)
    : target_(&target), limits_(&limits), operation_(&operation), open_(target.shards) {
  const auto sections = kPlainSections + kSlotSections * target.vectors.size();
  // Each section may need almost its alignment as padding, and each bitmap up to one word of 8 bytes.
  fixed_bytes_ = layout::kHeaderBytes + sections * (layout::kSectionEntryBytes + layout::kSectionAlignment + 8) +
                 layout::kSectionAlignment + operation.meta.size();
  for (auto& record : open_) {
    record.slots.resize(target.vectors.size());
    record.bytes = fixed_bytes_;
  }
}

std::uint64_t RecordSplitter::add(const PointId& id, std::span<const RowVector> vectors, std::string_view payload) {
  const auto bytes = row_bytes(vectors, payload);
  if (fixed_bytes_ + bytes > limits_->record_bytes_max) return fixed_bytes_ + bytes;
  const std::uint32_t shard = target_->shard_of_bucket[bucket_of(id)];
  auto& record = open_[shard];
  if (!record.ids.empty() && record.bytes + bytes > limits_->record_bytes_target) close(shard);
  append(record, id, vectors, payload);
  record.bytes += bytes;
  return 0;
}

std::vector<EncodedRecord> RecordSplitter::finish() {
  for (std::uint32_t shard = 0; shard < open_.size(); ++shard)
    if (!open_[shard].ids.empty()) close(shard);
  return std::move(closed_);
}

std::uint64_t RecordSplitter::row_bytes(std::span<const RowVector> vectors, std::string_view payload) const noexcept {
  std::uint64_t bytes = kRowBytes + target_->vectors.size() + payload.size();
  for (const auto& vector : vectors) bytes += (vector.values.size() + vector.indices.size() + vector.norms.size() + 1) * sizeof(float);
  return bytes;
}

void RecordSplitter::append(OpenRecord& record, const PointId& id, std::span<const RowVector> vectors,
                            std::string_view payload) {
  const auto row = record.ids.size();
  record.ids.push_back(id);
  record.payloads += payload;
  record.payload_ends.push_back(static_cast<std::uint32_t>(record.payloads.size()));
  if (row % 64 == 0)
    for (auto& slot : record.slots) slot.presence.push_back(0);
  for (const auto& vector : vectors) {
    auto& slot = record.slots[vector.slot_index];
    const auto& described = target_->vectors[vector.slot_index];
    slot.norms.push_back(vector.norm);
    if (!described.is_sparse) {
      const auto end = slot.stored.size();
      slot.stored.resize(end + vector.values.size() * element_bytes(described.element));
      store_elements(described.element, vector.values, slot.stored.data() + end);
      if (described.is_multi) {
        slot.row_norms.insert(slot.row_norms.end(), vector.norms.begin(), vector.norms.end());
        slot.ends.push_back(static_cast<std::uint32_t>(slot.row_norms.size()));
      }
    } else {
      slot.values.insert(slot.values.end(), vector.values.begin(), vector.values.end());
      slot.indices.insert(slot.indices.end(), vector.indices.begin(), vector.indices.end());
      slot.ends.push_back(static_cast<std::uint32_t>(slot.indices.size()));
    }
    slot.presence[row / 64] |= std::uint64_t{1} << (row % 64);
  }
}

void RecordSplitter::add_vectors(RecordBuilder& builder, const SlotColumn& column, const VectorSlot& slot,
                                 std::uint32_t rows) {
  using enum layout::SectionKind;
  const auto present = static_cast<std::uint32_t>(column.norms.size());
  const auto add = [&](layout::SectionKind kind, std::uint32_t count, std::span<const std::byte> bytes) {
    const auto encoding = kind == vectors || kind == multi ? slot.element : ElementType::f32;
    builder.add(kind, static_cast<std::uint16_t>(encoding), slot.slot, count, bytes);
  };
  if (present != rows) add(presence, rows, std::as_bytes(std::span(column.presence)));
  std::vector<std::byte> bytes;
  const auto append = [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
  if (slot.is_multi) {
    bytes.reserve(4 + column.ends.size() * 4 + column.stored.size());
    append_little_endian(bytes, 0, 4);
    append(std::as_bytes(std::span(column.ends)));
    append(column.stored);
    add(multi, present, bytes);
    if (slot.keeps_unit_length())
      add(norms, static_cast<std::uint32_t>(column.row_norms.size()), std::as_bytes(std::span(column.row_norms)));
    return;
  }
  if (!slot.is_sparse) {
    add(vectors, present, column.stored);
    if (slot.keeps_unit_length()) add(norms, present, std::as_bytes(std::span(column.norms)));
    return;
  }
  bytes.reserve(4 + column.ends.size() * 4 + column.indices.size() * 8);
  append_little_endian(bytes, 0, 4);
  append(std::as_bytes(std::span(column.ends)));
  append(std::as_bytes(std::span(column.indices)));
  append(std::as_bytes(std::span(column.values)));
  add(sparse, present, bytes);
}

void RecordSplitter::close(std::uint32_t shard) {
  auto& record = open_[shard];
  const auto rows = static_cast<std::uint32_t>(record.ids.size());
  RecordBuilder builder(operation_->kind, target_->collection_id, target_->schema_version, rows);
  add_ids(builder, record.ids);
  for (std::size_t i = 0; i < record.slots.size(); ++i) {
    auto& slot = record.slots[i];
    if (!slot.norms.empty()) add_vectors(builder, slot, target_->vectors[i], rows);
    slot.stored.clear();
    slot.row_norms.clear();
    slot.values.clear();
    slot.norms.clear();
    slot.indices.clear();
    slot.ends.clear();
    slot.presence.clear();
  }
  if (!record.payloads.empty()) add_payloads(builder, record.payload_ends, record.payloads);
  if (!operation_->meta.empty()) {
    const auto encoding = static_cast<std::uint16_t>(layout::MetaEncoding::message_pack);
    builder.add(layout::SectionKind::meta, encoding, 0, 0, operation_->meta);
  }
  closed_.push_back({shard, rows, builder.finish()});
  record.ids.clear();
  record.payload_ends.clear();
  record.payloads.clear();
  record.bytes = fixed_bytes_;
}

}  // namespace millrace::json
