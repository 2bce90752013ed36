#pragma once

#include "checkpoint/checkpoint_meta.h"
#include "checkpoint/rows_frame.h"
#include "millrace/checkpoint.h"
#include "shard/memory_shard.h"

namespace millrace {

/// A snapshot of a MemoryShard with copies of the writer's small tables, and how far it is encoded.
class ShardCapture final : public CheckpointCapture {
 public:
  /// @param first  the first row written at `since` or later
  ShardCapture(std::shared_ptr<const MemoryShard> shard, Snapshot at, std::uint64_t since, std::uint32_t first);

  [[nodiscard]] const ShardState& state() const noexcept override { return at_.state; }
  [[nodiscard]] std::uint64_t since() const noexcept override { return head_.since; }
  [[nodiscard]] std::uint64_t rows() const noexcept override { return rows_total_; }
  [[nodiscard]] Result<std::vector<std::byte>> next(std::size_t bytes_max) override;

 private:
  enum class Stage : std::uint8_t { rows, deletes, state, done };

  void encode(std::vector<std::byte>& buffer, std::size_t frame_bytes);
  [[nodiscard]] bool encode_rows(std::vector<std::byte>& buffer, std::size_t frame_bytes);
  [[nodiscard]] bool encode_deletes(std::vector<std::byte>& buffer, std::size_t frame_bytes);
  void encode_state(std::vector<std::byte>& buffer);
  [[nodiscard]] bool is_gone(std::uint32_t row) const noexcept;
  [[nodiscard]] FileHead head_of_next_frame() const noexcept;
  void seal(std::span<std::byte> frame) noexcept;

  const std::shared_ptr<const MemoryShard> shard_;
  const Snapshot at_;
  const std::uint32_t first_;
  FileState file_state_;
  std::vector<std::byte> schema_;
  FileHead head_;
  RowsFrame rows_frame_;
  std::uint64_t rows_total_ = 0;
  Stage stage_ = Stage::rows;
  std::uint64_t cursor_;
  std::uint64_t frames_ = 0;  ///< encoded so far
  bool is_broken_ = false;    ///< a call ended in the middle of a frame
};

}  // namespace millrace
