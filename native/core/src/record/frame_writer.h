#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "millrace/record_layout.generated.h"

namespace millrace {

/// Lays a frame out at the end of a buffer and lets the caller fill its sections in place, so that large ones are copied
/// once: first every `add`, then `place`, then the sections, then `close`.
class FrameWriter {
 public:
  FrameWriter(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version,
              std::uint32_t count) noexcept
      : kind_(kind), collection_id_(collection_id), schema_version_(schema_version), count_(count) {}

  /// @return the section's number, for `section`
  std::size_t add(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot, std::uint32_t rows,
                  std::size_t bytes);

  /// Appends the frame, zeroed but for header and table, to `buffer`, whose size is a multiple of 8.
  void place(std::vector<std::byte>& buffer);

  /// Valid until the buffer grows again.
  [[nodiscard]] std::span<std::byte> section(std::size_t number) const noexcept;
  template <typename T>
  [[nodiscard]] std::span<T> section_as(std::size_t number) const noexcept {
    const auto bytes = section(number);
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  /// Computes the body CRC. Producer, sequence, epoch and header CRC are stamped by seal_record.
  void close() const noexcept;
  [[nodiscard]] std::span<std::byte> frame() const noexcept { return frame_; }

 private:
  struct Section {
    layout::SectionKind kind;
    std::uint16_t encoding;
    std::uint32_t slot;
    std::uint32_t rows;
    std::size_t at;
    std::size_t bytes;
  };

  void write_header() const noexcept;
  void write_entry(std::size_t number) const noexcept;
  [[nodiscard]] std::size_t table_end() const noexcept {
    return layout::kHeaderBytes + sections_.size() * layout::kSectionEntryBytes;
  }

  layout::RecordKind kind_;
  std::uint64_t collection_id_;
  std::uint32_t schema_version_;
  std::uint32_t count_;
  std::vector<Section> sections_;
  std::span<std::byte> frame_;
};

}  // namespace millrace
