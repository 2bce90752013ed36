#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "millrace/elements.h"
#include "millrace/multi_view.h"
#include "millrace/point_id.h"
#include "millrace/record_layout.generated.h"
#include "millrace/result.h"
#include "millrace/sparse_view.h"

namespace millrace {

/// The vectors of one slot in a record: `present` of them, one after the other, all dense, all sparse or all multivectors.
struct VectorBlock {
  std::uint32_t slot = 0;
  std::uint32_t present = 0;
  std::uint32_t dimension = 0;                 ///< 0 when no row has the vector
  ElementType element = ElementType::f32;      ///< of dense ones
  std::span<const std::byte> stored;           ///< dense: element[present × dimension]; multi: element[runs.back() × dimension]
  std::span<const std::uint32_t> runs;         ///< multi: u32[present + 1], the ends of the rows' vectors, from 0; else empty
  std::span<const float> values;               ///< sparse: f32[ends.back()]; dense of f32: what is stored
  std::span<const std::uint32_t> ends;         ///< sparse: u32[present + 1], the ends of the rows' entries, from 0; else empty
  std::span<const std::uint32_t> indices;      ///< sparse: u32[ends.back()], rising within a row
  std::span<const std::uint64_t> presence;     ///< bit r of word r / 64: row r has the vector; empty: every row has it
  std::span<const float> norms;                ///< f32[present], of multivectors f32[runs.back()], or empty
  std::span<const std::uint64_t> kept;         ///< checkpoint rows: bit r: row r has the vector of the files before; or empty

  [[nodiscard]] bool has(std::uint32_t row) const noexcept {
    return presence.empty() ? present != 0 : ((presence[row >> 6] >> (row & 63U)) & 1U) != 0;
  }
  /// @param index  of a row among those that have a vector; the block is dense
  [[nodiscard]] std::span<const std::byte> dense(std::uint32_t index) const noexcept {
    const auto bytes = dimension * element_bytes(element);
    return stored.subspan(index * bytes, bytes);
  }
  [[nodiscard]] bool is_multi() const noexcept { return !runs.empty(); }
  /// @param index  of a row among those that have a vector; the block is multi
  [[nodiscard]] MultiView multi(std::uint32_t index) const noexcept {
    const auto begin = runs[index];
    const auto count = runs[index + 1] - begin;
    const auto bytes = dimension * element_bytes(element);
    return {stored.subspan(begin * bytes, count * bytes), norms.empty() ? norms : norms.subspan(begin, count), count};
  }
  [[nodiscard]] bool is_sparse() const noexcept { return !ends.empty(); }
  /// @param index  of a row among those that have a vector; the block is sparse
  [[nodiscard]] SparseView sparse(std::uint32_t index) const noexcept {
    const auto begin = ends[index];
    const auto count = ends[index + 1] - begin;
    return {indices.subspan(begin, count), values.subspan(begin, count)};
  }
  [[nodiscard]] bool keeps(std::uint32_t row) const noexcept {
    return !kept.empty() && ((kept[row >> 6] >> (row & 63U)) & 1U) != 0;
  }
};

/// The part of a partition of a user's topic that a batch takes the place of.
struct SourceRange {
  std::uint64_t ingest = 0;
  std::uint64_t first = 0;
  std::uint64_t next = 0;  ///< >= first
  std::uint32_t partition = 0;
  std::string_view topic;
};

/// A record frame that has been checked as a whole; all views point into the frame.
class RecordFrame {
 public:
  layout::RecordKind kind{};
  std::uint64_t collection_id = 0;
  std::uint32_t schema_version = 0;
  std::uint32_t writer_epoch = 0;
  std::uint64_t producer_id = 0;
  std::uint64_t sequence = 0;
  std::uint32_t count = 0;
  std::vector<VectorBlock> vectors;  ///< by ascending slot
  std::span<const std::byte> meta;   ///< one MessagePack value, or empty
  std::optional<SourceRange> source; ///< batches only
  std::span<const std::uint64_t> versions;  ///< checkpoint rows: of each row; else empty

  /// @param row  < count; the record has ids
  [[nodiscard]] PointId id(std::uint32_t row) const noexcept;
  [[nodiscard]] bool has_ids() const noexcept { return !ids_.empty() || count == 0; }
  /// @return null when the record has no vectors of the slot
  [[nodiscard]] const VectorBlock* block_of(std::uint32_t slot) const noexcept {
    for (const auto& block : vectors)
      if (block.slot == slot) return &block;
    return nullptr;
  }
  /// Whether the record names points, if only none: an operation without the section goes by its filter.
  [[nodiscard]] bool has_id_section() const noexcept { return has_id_section_; }
  [[nodiscard]] std::string_view payload(std::uint32_t row) const noexcept;
  [[nodiscard]] std::size_t payload_bytes() const noexcept { return payload_text_.size(); }
  [[nodiscard]] std::uint32_t operations() const noexcept { return operation_count_; }
  /// @param index  < operations()
  /// @return       a frame for decode_operation, of any alignment
  [[nodiscard]] std::span<const std::byte> operation(std::uint32_t index) const noexcept;
  /// A frame of checkpoint files, which no log holds.
  [[nodiscard]] bool is_checkpoint() const noexcept {
    return kind >= layout::RecordKind::checkpoint_rows && kind <= layout::RecordKind::checkpoint_state;
  }

 private:
  friend class RecordDecoder;
  layout::IdEncoding id_encoding_{};
  bool has_id_section_ = false;
  std::uint32_t operation_count_ = 0;
  std::span<const std::byte> ids_;
  std::span<const std::byte> payload_offsets_;
  std::string_view payload_text_;
  std::span<const std::byte> operations_;
};

/// Checks a frame: magic, version, both CRCs, bounds, alignment, overlap, and that every section has the size that its
/// rows ask for. Reads nothing outside the span, and allocates no more than its length.
/// Optional sections (bit 15) of unknown kinds are ignored.
/// @param frame   8-byte aligned
/// @param offset  of the record, for the error
/// @return RECORD_CORRUPT for damage; RECORD_FORMAT_NEWER for a version, record kind, section or encoding that this build
///         does not know; ARGUMENT_INVALID for a misaligned span
/// @throws std::bad_alloc
[[nodiscard]] Result<RecordFrame> decode_record(std::span<const std::byte> frame, std::uint64_t offset);

/// The same for a frame inside of a batch: it has no seal, and the enclosing frame's checksums cover it.
[[nodiscard]] Result<RecordFrame> decode_operation(std::span<const std::byte> frame, std::uint64_t offset);

/// Puts a frame together, section by section.
class RecordBuilder {
 public:
  RecordBuilder(layout::RecordKind kind, std::uint64_t collection_id, std::uint32_t schema_version, std::uint32_t count);

  /// Copies `bytes` in as the next section. All sections but META give the rows they hold.
  RecordBuilder& add(layout::SectionKind kind, std::uint16_t encoding, std::uint32_t slot, std::uint32_t rows,
                     std::span<const std::byte> bytes);

  /// @return the frame with its body CRC; producer, sequence, epoch and header CRC are stamped by seal_record
  [[nodiscard]] std::vector<std::byte> finish() const;

 private:
  struct Section {
    layout::SectionKind kind;
    std::uint16_t encoding;
    std::uint32_t slot;
    std::uint32_t rows;
    std::vector<std::byte> bytes;
  };
  layout::RecordKind kind_;
  std::uint64_t collection_id_;
  std::uint32_t schema_version_;
  std::uint32_t count_;
  std::vector<Section> sections_;
};

/// Stamps a built frame and computes its header CRC.
/// @param frame  made by RecordBuilder or parse_upsert
void seal_record(std::span<std::byte> frame, std::uint64_t producer, std::uint64_t sequence, std::uint32_t epoch) noexcept;

}  // namespace millrace
