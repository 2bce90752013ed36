#include "json/frame_writer.h"

#include <algorithm>
#include <cstring>

#include "millrace/checksum.h"

namespace millrace::json {
namespace {

template <typename Field>
void put(std::byte* at, std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < sizeof(typename Field::type); ++i) at[Field::at + i] = static_cast<std::byte>(value >> (8 * i));
}

void put_big_endian(std::byte* at, std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < 8; ++i) at[i] = static_cast<std::byte>(value >> (56 - 8 * i));
}

void put_little_endian(std::byte* at, std::uint64_t value) noexcept {
  for (std::size_t i = 0; i < 8; ++i) at[i] = static_cast<std::byte>(value >> (8 * i));
}

void put_id(std::byte* at, const PointId& id) noexcept {
  if (!id.is_uuid) return put_little_endian(at, id.low);
  put_big_endian(at, id.high);
  put_big_endian(at + 8, id.low);
}

constexpr std::size_t align(std::size_t at, std::size_t to) noexcept { return (at + to - 1) / to * to; }

}  // namespace

FrameWriter::FrameWriter(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version,
                         std::uint32_t count)
    : kind_(kind), collection_id_(collection_id), schema_version_(schema_version), count_(count) {}

void FrameWriter::add_section(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot,
                              std::span<const std::byte> bytes, std::uint32_t rows) {
  sections_.push_back({kind, encoding, slot, rows, bytes, {}});
}

void FrameWriter::add_ids(std::span<const PointId> ids) {
  const auto uuids = static_cast<std::size_t>(std::ranges::count(ids, true, &PointId::is_uuid));
  const bool is_numeric = uuids == 0;
  const bool is_mixed = !is_numeric && uuids != ids.size();
  const std::size_t bitmap_bytes = is_mixed ? align((ids.size() + 7) / 8, 8) : 0;
  const std::size_t id_bytes = is_numeric ? 8 : 16;
  ids_.assign(bitmap_bytes + ids.size() * id_bytes, std::byte{0});
  for (std::size_t i = 0; i < ids.size(); ++i) {
    put_id(ids_.data() + bitmap_bytes + i * id_bytes, ids[i]);
    if (is_mixed && ids[i].is_uuid) ids_[i / 8] |= static_cast<std::byte>(1U << (i % 8));
  }
  using enum layout::IdEncoding;
  const auto encoding = is_numeric ? numeric : is_mixed ? mixed : uuid;
  add_section(layout::SectionKind::ids, static_cast<std::uint16_t>(encoding), 0, ids_, count_);
}

void FrameWriter::add_payloads(std::span<const std::uint32_t> ends, std::string_view texts) {
  payload_offsets_.assign(1, 0);
  payload_offsets_.insert(payload_offsets_.end(), ends.begin(), ends.end());
  add_section(layout::SectionKind::payload, 0, 0, std::as_bytes(std::span(payload_offsets_)), count_);
  sections_.back().second = std::as_bytes(std::span(texts));
}

std::vector<std::byte> FrameWriter::finish() {
  const std::size_t body = layout::kHeaderBytes + sections_.size() * layout::kSectionEntryBytes;
  std::size_t end = body;
  for (const auto& section : sections_) end = align(end, layout::kSectionAlignment) + section.first.size() + section.second.size();
  std::vector<std::byte> frame(align(end, 8));
  std::size_t at = body;
  auto* entry = frame.data() + layout::kHeaderBytes;
  for (const auto& section : sections_) {
    at = align(at, layout::kSectionAlignment);
    put<layout::section::kind>(entry, static_cast<std::uint64_t>(section.kind));
    put<layout::section::encoding>(entry, section.encoding);
    put<layout::section::slot>(entry, section.slot);
    put<layout::section::offset>(entry, at);
    put<layout::section::bytes>(entry, section.first.size() + section.second.size());
    put<layout::section::rows>(entry, section.rows);
    entry += layout::kSectionEntryBytes;
    for (const auto part : {section.first, section.second}) {
      if (!part.empty()) std::memcpy(frame.data() + at, part.data(), part.size());
      at += part.size();
    }
  }
  auto* header = frame.data();
  put<layout::header::magic>(header, layout::kFrameMagic);
  put<layout::header::version>(header, layout::kFrameVersion);
  put<layout::header::kind>(header, static_cast<std::uint64_t>(kind_));
  put<layout::header::collection_id>(header, collection_id_);
  put<layout::header::schema_version>(header, schema_version_);
  put<layout::header::count>(header, count_);
  put<layout::header::frame_bytes>(header, frame.size());
  put<layout::header::section_count>(header, sections_.size());
  put<layout::header::body_crc>(header, crc32c(std::span<const std::byte>(frame).subspan(body)));
  return frame;
}

}  // namespace millrace::json
