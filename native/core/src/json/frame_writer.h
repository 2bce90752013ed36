#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "millrace/point_id.h"
#include "millrace/record_layout.generated.h"

namespace millrace::json {

/// Writes one record frame. The spans given must stay valid until `finish`.
class FrameWriter {
 public:
  FrameWriter(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version, std::uint32_t count);

  void add_section(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot, std::span<const std::byte> bytes,
                   std::uint32_t rows);
  void add_ids(std::span<const PointId> ids);
  void add_payloads(std::span<const std::uint32_t> ends, std::string_view texts);

  /// @return the frame with its body CRC; producer, sequence, epoch and header CRC are 0
  [[nodiscard]] std::vector<std::byte> finish();

 private:
  struct Section {
    layout::SectionKind kind;
    std::uint16_t encoding;
    std::uint32_t slot;
    std::uint32_t rows;
    std::span<const std::byte> first;
    std::span<const std::byte> second;  ///< follows without a gap
  };

  layout::RecordKind kind_;
  std::uint64_t collection_id_;
  std::uint32_t schema_version_;
  std::uint32_t count_;
  std::vector<Section> sections_;
  std::vector<std::byte> ids_;
  std::vector<std::uint32_t> payload_offsets_;
};

}  // namespace millrace::json
