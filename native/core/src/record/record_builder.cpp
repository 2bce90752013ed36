#include "millrace/checksum.h"
#include "millrace/record.h"
#include "record/field.h"

namespace millrace {
namespace {

constexpr std::size_t align_up(std::size_t at, std::size_t to) noexcept { return (at + to - 1) / to * to; }

}  // namespace

RecordBuilder::RecordBuilder(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version,
                             std::uint32_t count)
    : kind_(kind), collection_id_(collection_id), schema_version_(schema_version), count_(count) {}

RecordBuilder& RecordBuilder::add(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot,
                                  std::uint32_t rows, std::span<const std::byte> bytes) {
  sections_.push_back({kind, encoding, slot, rows, {bytes.begin(), bytes.end()}});
  return *this;
}

std::vector<std::byte> RecordBuilder::finish() const {
  const std::size_t table_end = layout::kHeaderBytes + sections_.size() * layout::kSectionEntryBytes;
  std::vector<std::byte> frame(table_end);
  for (std::size_t i = 0; i < sections_.size(); ++i) {
    const auto& section = sections_[i];
    const std::size_t at = align_up(frame.size(), layout::kSectionAlignment);
    frame.resize(at);
    frame.insert(frame.end(), section.bytes.begin(), section.bytes.end());
    const auto entry =
        std::span(frame).subspan(layout::kHeaderBytes + i * layout::kSectionEntryBytes, layout::kSectionEntryBytes);
    write_field<layout::section::kind>(entry, static_cast<std::uint16_t>(section.kind));
    write_field<layout::section::encoding>(entry, section.encoding);
    write_field<layout::section::slot>(entry, section.slot);
    write_field<layout::section::offset>(entry, static_cast<std::uint32_t>(at));
    write_field<layout::section::bytes>(entry, static_cast<std::uint32_t>(section.bytes.size()));
    write_field<layout::section::rows>(entry, section.rows);
  }
  frame.resize(align_up(frame.size(), 8));
  const auto header = std::span(frame);
  write_field<layout::header::magic>(header, layout::kFrameMagic);
  write_field<layout::header::version>(header, layout::kFrameVersion);
  write_field<layout::header::kind>(header, static_cast<std::uint8_t>(kind_));
  write_field<layout::header::collection_id>(header, collection_id_);
  write_field<layout::header::schema_version>(header, schema_version_);
  write_field<layout::header::count>(header, count_);
  write_field<layout::header::frame_bytes>(header, static_cast<std::uint32_t>(frame.size()));
  write_field<layout::header::section_count>(header, static_cast<std::uint32_t>(sections_.size()));
  write_field<layout::header::body_crc>(header, crc32c(std::span<const std::byte>(frame).subspan(table_end)));
  return frame;
}

void seal_record(std::span<std::byte> frame, std::uint64_t producer, std::uint64_t sequence,
                 std::uint32_t epoch) noexcept {
  write_field<layout::header::producer_id>(frame, producer);
  write_field<layout::header::sequence>(frame, sequence);
  write_field<layout::header::writer_epoch>(frame, epoch);
  const auto sections = read_field<layout::header::section_count>(frame);
  const auto covered = crc32c(frame.first(layout::header::header_crc::at));
  write_field<layout::header::header_crc>(
      frame, crc32c(frame.subspan(layout::kHeaderBytes, sections * layout::kSectionEntryBytes), covered));
}

}  // namespace millrace
