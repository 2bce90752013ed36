#include "record/frame_writer.h"

#include "millrace/checksum.h"
#include "record/field.h"

namespace millrace {
namespace {

constexpr std::size_t align_up(std::size_t at, std::size_t to) noexcept { return (at + to - 1) / to * to; }

}  // namespace

std::size_t FrameWriter::add(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot, std::uint32_t rows,
                             std::size_t bytes) {
  sections_.push_back({kind, encoding, slot, rows, 0, bytes});
  return sections_.size() - 1;
}

void FrameWriter::place(std::vector<std::byte>& buffer) {
  std::size_t end = table_end();
  for (auto& section : sections_) {
    section.at = align_up(end, layout::kSectionAlignment);
    end = section.at + section.bytes;
  }
  const std::size_t start = buffer.size();
  buffer.resize(start + align_up(end, 8));
  frame_ = std::span(buffer).subspan(start);
  write_header();
  for (std::size_t number = 0; number < sections_.size(); ++number) write_entry(number);
}

std::span<std::byte> FrameWriter::section(std::size_t number) const noexcept {
  return frame_.subspan(sections_[number].at, sections_[number].bytes);
}

void FrameWriter::write_header() const noexcept {
  write_field<layout::header::magic>(frame_, layout::kFrameMagic);
  write_field<layout::header::version>(frame_, layout::kFrameVersion);
  write_field<layout::header::kind>(frame_, static_cast<std::uint8_t>(kind_));
  write_field<layout::header::collection_id>(frame_, collection_id_);
  write_field<layout::header::schema_version>(frame_, schema_version_);
  write_field<layout::header::count>(frame_, count_);
  write_field<layout::header::frame_bytes>(frame_, static_cast<std::uint32_t>(frame_.size()));
  write_field<layout::header::section_count>(frame_, static_cast<std::uint32_t>(sections_.size()));
}

void FrameWriter::write_entry(std::size_t number) const noexcept {
  const auto& section = sections_[number];
  const auto entry =
      frame_.subspan(layout::kHeaderBytes + number * layout::kSectionEntryBytes, layout::kSectionEntryBytes);
  write_field<layout::section::kind>(entry, static_cast<std::uint16_t>(section.kind));
  write_field<layout::section::encoding>(entry, section.encoding);
  write_field<layout::section::slot>(entry, section.slot);
  write_field<layout::section::offset>(entry, static_cast<std::uint32_t>(section.at));
  write_field<layout::section::bytes>(entry, static_cast<std::uint32_t>(section.bytes));
  write_field<layout::section::rows>(entry, section.rows);
}

void FrameWriter::close() const noexcept {
  write_field<layout::header::body_crc>(frame_, crc32c(frame_.subspan(table_end())));
}

}  // namespace millrace
