#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "checkpoint/checkpoint_meta.h"
#include "shard/memory_shard.h"

namespace millrace {

/// Fills an empty MemoryShard from the files of a checkpoint, in order. Works on the writer's own members; what readers
/// see changes in `finish` only. After a failure the shard is to be emptied: `load` in checkpoint_loader.cpp does it.
class CheckpointLoader {
 public:
  explicit CheckpointLoader(MemoryShard& shard) noexcept : shard_(shard) {}

  /// @param frames  whole ones, 8-byte aligned
  /// @return CHECKPOINT_CORRUPT
  /// @throws std::bad_alloc
  [[nodiscard]] std::optional<Error> take(std::span<const std::byte> frames);
  [[nodiscard]] std::optional<Error> finish();

 private:
  using Reason = const char*;  ///< what is wrong; null: nothing

  [[nodiscard]] Error corrupt(const std::string& reason) const;
  [[nodiscard]] std::optional<Error> take_frame(std::span<const std::byte> bytes);
  [[nodiscard]] Reason check_head(const RecordFrame& frame, const FileHead& head) const noexcept;
  [[nodiscard]] Reason begin_file(const FileHead& head);
  [[nodiscard]] Reason take_schema(std::span<const std::byte> meta);
  [[nodiscard]] Reason take_rows(const RecordFrame& frame);
  [[nodiscard]] Reason check_vectors(const RecordFrame& frame) const noexcept;
  void reserve(const RecordFrame& frame);
  void store_vectors(const RecordFrame& frame) noexcept;
  static void store_values(VectorColumn& column, const VectorBlock& block, std::uint64_t position) noexcept;
  [[nodiscard]] Reason store_row(const RecordFrame& frame, std::uint32_t index) noexcept;
  [[nodiscard]] bool keep_vector(std::uint32_t slot, std::uint32_t row, std::uint32_t before) noexcept;
  [[nodiscard]] Reason take_deletes(const RecordFrame& frame) noexcept;
  void end_row(std::uint32_t row) noexcept;
  [[nodiscard]] Reason end_file(FileState state);
  void sum_rows() noexcept;

  MemoryShard& shard_;
  FileHead head_;                   ///< of the file being read; its schema is not kept
  std::optional<FileState> state_;  ///< of the last complete file
  std::uint64_t frames_ = 0;        ///< of the file being read; 0: between two files
  layout::RecordKind kind_{};       ///< of the frame before
  std::uint64_t position_ = 0;      ///< of the frame being read, in its file
  std::uint32_t first_row_ = 0;     ///< of the file being read
};

}  // namespace millrace
