#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "record/frame_writer.h"
#include "shard/memory_shard.h"

namespace millrace {

/// Gathers rows of a snapshot for one frame of kind checkpointRows, and writes it.
class RowsFrame {
 public:
  /// @param generation  outlives the frame
  /// @param first       the first row that the files before do not have
  /// @param since       the offset at which those end
  RowsFrame(const RowStore& store, const Generation& generation, std::uint32_t first, std::uint64_t since);

  /// @param row  live in the snapshot, later than the rows added before
  void add(std::uint32_t row);
  [[nodiscard]] bool is_empty() const noexcept { return rows_.empty(); }
  /// What the frame will take but for padding.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// Appends the frame to `buffer`, complete but for its seal, and forgets the rows.
  /// @return the frame in the buffer
  std::span<std::byte> write(std::vector<std::byte>& buffer, std::uint64_t collection_id,
                             std::span<const std::byte> meta);

 private:
  /// The vectors of one slot, dense, sparse or multi.
  struct Part {
    const VectorColumn* column;
    std::vector<std::uint32_t> positions;  ///< of the rows whose vector the frame holds
    std::vector<std::uint64_t> presence;
    std::vector<std::uint64_t> kept;
    bool has_kept = false;
    std::size_t entries = 0;  ///< of sparse vectors that the frame holds; vectors of multivectors
    std::size_t presence_section = 0;
    std::size_t values_section = 0;
    std::size_t norms_section = 0;
    std::size_t kept_section = 0;
  };

  [[nodiscard]] std::uint32_t row_before(std::uint32_t row) const noexcept;
  void add_vector(Part& part, std::uint32_t row, std::uint32_t before);
  void plan_vectors(FrameWriter& writer, Part& part) const;
  void fill_payloads(std::span<std::byte> into) const noexcept;
  void fill_vectors(const FrameWriter& writer, const Part& part) const noexcept;
  static void fill_dense(const FrameWriter& writer, const Part& part) noexcept;
  static void fill_multi(const FrameWriter& writer, const Part& part) noexcept;
  static void fill_sparse(std::span<std::byte> into, const Part& part) noexcept;
  void forget();

  const RowStore& store_;
  const Generation& generation_;
  std::uint32_t first_;
  std::uint64_t since_;
  std::vector<std::uint32_t> rows_;
  std::vector<PointId> ids_;
  std::vector<Part> parts_;
  std::size_t payload_bytes_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace millrace
