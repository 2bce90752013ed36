#include "json/record_splitter.h"

#include "json/frame_writer.h"
#include "millrace/record_layout.generated.h"

namespace millrace::json {
namespace {

/// Sections of a frame besides those of its slots: IDS and PAYLOAD. A slot has up to VECTORS, PRESENCE and NORMS.
constexpr std::size_t kPlainSections = 2;
constexpr std::size_t kSlotSections = 3;

/// Id, its bit among mixed ids, end of its payload.
constexpr std::size_t kRowBytes = 16 + 1 + 4;

}  // namespace

RecordSplitter::RecordSplitter(const EncodeTarget& target, const EncodeLimits& limits)
    : target_(&target), limits_(&limits), open_(target.shards) {
  const auto sections = kPlainSections + kSlotSections * target.vectors.size();
  // Each section may need almost its alignment as padding, and each bitmap up to one word of 8 bytes.
  fixed_bytes_ = layout::kHeaderBytes + sections * (layout::kSectionEntryBytes + layout::kSectionAlignment + 8) +
                 layout::kSectionAlignment;
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
  for (const auto& vector : vectors) bytes += (vector.values.size() + 1) * sizeof(float);
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
    slot.values.insert(slot.values.end(), vector.values.begin(), vector.values.end());
    slot.norms.push_back(vector.norm);
    slot.presence[row / 64] |= std::uint64_t{1} << (row % 64);
  }
}

void RecordSplitter::close(std::uint32_t shard) {
  auto& record = open_[shard];
  const auto rows = static_cast<std::uint32_t>(record.ids.size());
  FrameWriter writer(layout::RecordKind::upsert, target_->collection_id, target_->schema_version, rows);
  writer.add_ids(record.ids);
  for (std::size_t i = 0; i < record.slots.size(); ++i) {
    auto& slot = record.slots[i];
    const auto& schema = target_->vectors[i];
    const auto present = static_cast<std::uint32_t>(slot.norms.size());
    if (present != 0) {
      using enum layout::SectionKind;
      if (present != rows) writer.add_section(presence, 0, schema.slot, std::as_bytes(std::span(slot.presence)), rows);
      writer.add_section(vectors, 0, schema.slot, std::as_bytes(std::span(slot.values)), present);
      if (schema.distance == Distance::cosine)
        writer.add_section(norms, 0, schema.slot, std::as_bytes(std::span(slot.norms)), present);
    }
    slot.values.clear();
    slot.norms.clear();
    slot.presence.clear();
  }
  if (!record.payloads.empty()) writer.add_payloads(record.payload_ends, record.payloads);
  closed_.push_back({shard, rows, writer.finish()});
  record.ids.clear();
  record.payload_ends.clear();
  record.payloads.clear();
  record.bytes = fixed_bytes_;
}

}  // namespace millrace::json
