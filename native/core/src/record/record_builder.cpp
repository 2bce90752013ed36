#include <algorithm>

#include "millrace/checksum.h"
#include "millrace/record.h"
#include "record/field.h"
#include "record/frame_writer.h"

namespace millrace {

RecordBuilder::RecordBuilder(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version,
                             std::uint32_t count)
    : kind_(kind), collection_id_(collection_id), schema_version_(schema_version), count_(count) {}

RecordBuilder& RecordBuilder::add(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot,
                                  std::uint32_t rows, std::span<const std::byte> bytes) {
  sections_.push_back({kind, encoding, slot, rows, {bytes.begin(), bytes.end()}});
  return *this;
}

std::vector<std::byte> RecordBuilder::finish() const {
  FrameWriter writer(kind_, collection_id_, schema_version_, count_);
  for (const auto& section : sections_)
    writer.add(section.kind, section.encoding, section.slot, section.rows, section.bytes.size());
  std::vector<std::byte> frame;
  writer.place(frame);
  for (std::size_t i = 0; i < sections_.size(); ++i) std::ranges::copy(sections_[i].bytes, writer.section(i).begin());
  writer.close();
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
