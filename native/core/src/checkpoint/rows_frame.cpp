#include "checkpoint/rows_frame.h"

#include <algorithm>
#include <cstring>

#include "record/id_section.h"

namespace millrace {
namespace {

void set_bit(std::vector<std::uint64_t>& words, std::size_t bit) { words[bit / 64] |= std::uint64_t{1} << (bit % 64); }

/// Id, version, end of the payload text.
constexpr std::size_t kRowBytes = 16 + 8 + 4;
/// Of a sparse vector: index and value.
constexpr std::size_t kEntryBytes = 4 + 4;

}  // namespace

RowsFrame::RowsFrame(const RowStore& store, const Generation& generation, std::uint32_t first, std::uint64_t since)
    : store_(store), generation_(generation), first_(first), since_(since) {
  for (const auto& column : *generation_.columns) {
    Part part{};
    part.column = column.get();
    parts_.push_back(std::move(part));
  }
}

void RowsFrame::add(std::uint32_t row) {
  const auto& stored = *store_.rows.at(row);
  const auto before = row_before(row);
  if (rows_.size() % 64 == 0)
    for (auto& part : parts_) {
      part.presence.push_back(0);
      part.kept.push_back(0);
    }
  for (auto& part : parts_) add_vector(part, row, before);
  rows_.push_back(row);
  ids_.push_back(stored.id());
  payload_bytes_ += stored.payload_text().size();
  bytes_ += kRowBytes + stored.payload_text().size();
}

/// The row with which the files before leave the id, or kNoRow when it did not exist then.
std::uint32_t RowsFrame::row_before(std::uint32_t row) const noexcept {
  if (first_ == 0) return kNoRow;
  do row = store_.rows.at(row)->previous;
  while (row != kNoRow && row >= first_);
  return row != kNoRow && store_.is_visible(row, since_) ? row : kNoRow;
}

void RowsFrame::add_vector(Part& part, std::uint32_t row, std::uint32_t before) {
  const auto position = part.column->position(row);
  if (position == 0) return;
  // Rows that share a position have one vector: it was never written again.
  if (before != kNoRow && part.column->position(before) == position) {
    part.has_kept = true;
    set_bit(part.kept, rows_.size());
    return;
  }
  part.positions.push_back(position - 1);
  set_bit(part.presence, rows_.size());
  if (part.column->sparse != nullptr) {
    const auto stored = part.column->sparse->bytes_of(position - 1).size();
    part.entries += stored / kEntryBytes;
    bytes_ += stored + sizeof(std::uint32_t);
  } else if (part.column->multi != nullptr) {
    part.entries += part.column->multi->at(position - 1).count;
    bytes_ += part.column->multi->bytes_of(position - 1).size() + sizeof(std::uint32_t);
  } else {
    bytes_ += part.column->dense.row_bytes() + sizeof(float);
  }
}

std::span<std::byte> RowsFrame::write(std::vector<std::byte>& buffer, std::uint64_t collection_id,
                                      std::span<const std::byte> meta) {
  const auto count = static_cast<std::uint32_t>(rows_.size());
  const auto encoding = id_encoding_of(ids_);
  using layout::SectionKind;
  FrameWriter writer(layout::RecordKind::checkpoint_rows, collection_id, generation_.schema->version, count);
  const auto meta_section = writer.add(SectionKind::meta, 0, 0, 0, meta.size());
  const auto id_section =
      writer.add(SectionKind::ids, static_cast<std::uint16_t>(encoding), 0, count, id_section_bytes(encoding, count));
  const auto version_section = writer.add(SectionKind::versions, 0, 0, count, count * sizeof(std::uint64_t));
  for (auto& part : parts_) plan_vectors(writer, part);
  const auto payload_section =
      payload_bytes_ == 0
          ? 0
          : writer.add(SectionKind::payload, 0, 0, count, (count + 1ULL) * sizeof(std::uint32_t) + payload_bytes_);
  writer.place(buffer);
  std::ranges::copy(meta, writer.section(meta_section).begin());
  write_ids(writer.section(id_section), encoding, ids_);
  const auto version_of = writer.section_as<std::uint64_t>(version_section);
  for (std::uint32_t i = 0; i < count; ++i) version_of[i] = store_.rows.at(rows_[i])->version;
  for (const auto& part : parts_) fill_vectors(writer, part);
  if (payload_bytes_ != 0) fill_payloads(writer.section(payload_section));
  writer.close();
  forget();
  return writer.frame();
}

void RowsFrame::plan_vectors(FrameWriter& writer, Part& part) const {
  using enum layout::SectionKind;
  const auto count = static_cast<std::uint32_t>(rows_.size());
  const auto present = static_cast<std::uint32_t>(part.positions.size());
  const auto& slot = part.column->slot;
  const std::size_t bitmap_bytes = part.presence.size() * sizeof(std::uint64_t);
  if (present != 0 && present != count) part.presence_section = writer.add(presence, 0, slot.slot, count, bitmap_bytes);
  if (part.has_kept) part.kept_section = writer.add(kept, 0, slot.slot, count, bitmap_bytes);
  if (present == 0) return;
  if (part.column->sparse != nullptr) {
    const std::size_t table_bytes = (std::size_t{present} + 1) * sizeof(std::uint32_t);
    part.values_section = writer.add(sparse, 0, slot.slot, present, table_bytes + part.entries * kEntryBytes);
    return;
  }
  const auto encoding = static_cast<std::uint16_t>(slot.element);
  if (part.column->multi != nullptr) {
    const std::size_t table_bytes = (std::size_t{present} + 1) * sizeof(std::uint32_t);
    const auto total = static_cast<std::uint32_t>(part.entries);
    const auto stored_bytes = part.entries * slot.dimension * element_bytes(slot.element);
    part.values_section = writer.add(multi, encoding, slot.slot, present, table_bytes + stored_bytes);
    if (slot.keeps_unit_length())
      part.norms_section = writer.add(norms, 0, slot.slot, total, part.entries * sizeof(float));
    return;
  }
  part.values_section =
      writer.add(vectors, encoding, slot.slot, present, present * part.column->dense.row_bytes());
  if (part.column->keeps_norms())
    part.norms_section = writer.add(norms, 0, slot.slot, present, present * sizeof(float));
}

void RowsFrame::fill_vectors(const FrameWriter& writer, const Part& part) const noexcept {
  const auto fill_bitmap = [&](std::size_t section, const std::vector<std::uint64_t>& words) {
    std::memcpy(writer.section(section).data(), words.data(), words.size() * sizeof(std::uint64_t));
  };
  if (part.has_kept) fill_bitmap(part.kept_section, part.kept);
  if (part.positions.empty()) return;
  if (part.positions.size() != rows_.size()) fill_bitmap(part.presence_section, part.presence);
  if (part.column->sparse != nullptr) return fill_sparse(writer.section(part.values_section), part);
  if (part.column->multi != nullptr) return fill_multi(writer, part);
  fill_dense(writer, part);
}

void RowsFrame::fill_multi(const FrameWriter& writer, const Part& part) noexcept {
  const bool has_norms = part.column->slot.keeps_unit_length();
  auto* ends = writer.section(part.values_section).data();
  auto* stored = ends + (part.positions.size() + 1) * sizeof(std::uint32_t);
  auto* norms = has_norms ? writer.section(part.norms_section).data() : nullptr;
  std::uint32_t end = 0;
  for (const auto position : part.positions) {
    const auto vectors = part.column->multi->at(position);
    std::memcpy(stored, vectors.stored.data(), vectors.stored.size());
    stored += vectors.stored.size();
    if (has_norms) {
      std::memcpy(norms, vectors.norms.data(), vectors.norms.size_bytes());
      norms += vectors.norms.size_bytes();
    }
    end += vectors.count;
    ends += sizeof end;
    std::memcpy(ends, &end, sizeof end);
  }
}

void RowsFrame::fill_sparse(std::span<std::byte> into, const Part& part) noexcept {
  auto* ends = into.data();
  auto* indices = ends + (part.positions.size() + 1) * sizeof(std::uint32_t);
  auto* values = indices + part.entries * sizeof(std::uint32_t);
  std::uint32_t end = 0;
  for (const auto position : part.positions) {
    const auto vector = part.column->sparse->at(position);
    if (!vector.indices.empty()) {
      std::memcpy(indices, vector.indices.data(), vector.indices.size_bytes());
      std::memcpy(values, vector.values.data(), vector.values.size_bytes());
    }
    indices += vector.indices.size_bytes();
    values += vector.values.size_bytes();
    end += static_cast<std::uint32_t>(vector.indices.size());
    ends += sizeof end;
    std::memcpy(ends, &end, sizeof end);
  }
}

void RowsFrame::fill_dense(const FrameWriter& writer, const Part& part) noexcept {
  const auto& column = *part.column;
  const auto& positions = part.positions;
  auto values = writer.section(part.values_section);
  const std::size_t vector_bytes = column.dense.row_bytes();
  // Rows written one after the other have their vectors so, too: one copy for each stretch of them.
  for (std::size_t i = 0; i < positions.size();) {
    std::size_t end = i + 1;
    const std::size_t end_max = std::min<std::size_t>(positions.size(), i + DenseVectors::run(positions[i]));
    while (end < end_max && positions[end] == positions[end - 1] + 1) ++end;
    std::memcpy(values.data(), column.dense.at(positions[i]), (end - i) * vector_bytes);
    values = values.subspan((end - i) * vector_bytes);
    i = end;
  }
  if (!column.keeps_norms()) return;
  const auto norm_of = writer.section_as<float>(part.norms_section);
  for (std::size_t i = 0; i < positions.size(); ++i) norm_of[i] = *column.norms.at(positions[i]);
}

void RowsFrame::fill_payloads(std::span<std::byte> into) const noexcept {
  auto* ends = into.data();
  std::byte* const texts = ends + (rows_.size() + 1) * sizeof(std::uint32_t);
  std::uint32_t end = 0;
  for (const auto row : rows_) {
    const auto text = store_.rows.at(row)->payload_text();
    if (!text.empty()) std::memcpy(texts + end, text.data(), text.size());
    end += static_cast<std::uint32_t>(text.size());
    ends += sizeof end;
    std::memcpy(ends, &end, sizeof end);
  }
}

void RowsFrame::forget() {
  rows_.clear();
  ids_.clear();
  payload_bytes_ = bytes_ = 0;
  for (auto& part : parts_) {
    part.positions.clear();
    part.presence.clear();
    part.kept.clear();
    part.has_kept = false;
    part.entries = 0;
  }
}

}  // namespace millrace
