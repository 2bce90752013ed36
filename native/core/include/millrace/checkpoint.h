#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "millrace/result.h"
#include "millrace/shard.h"

namespace millrace {

/// The content of a file, encoded piece by piece. Keeps alive what it encodes.
class FileSource {
 public:
  FileSource() = default;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  virtual ~FileSource() = default;

  /// Encodes the next whole frames or sections, one at least. One call at a time.
  /// @param bytes_max  beyond which no further one begins; a single point may need more
  /// @return           nothing when the file is complete
  [[nodiscard]] virtual Result<std::vector<std::byte>> next(std::size_t bytes_max) = 0;
};

/// What a shard held between two records: the content of one file of a checkpoint (docs/reference/checkpoint-format.md).
/// Made while nothing is applied; encoding it may go on while later records are.
class CheckpointCapture : public FileSource {
 public:
  [[nodiscard]] virtual const ShardState& state() const noexcept = 0;
  /// The offset from which on the file holds what changed; 0: everything.
  [[nodiscard]] virtual std::uint64_t since() const noexcept = 0;
  /// Points that the file holds; those that it says are gone do not count.
  [[nodiscard]] virtual std::uint64_t rows() const noexcept = 0;
};

/// The graphs of a shard's columns: the content of one graph file (docs/reference/graph-format.md). Encoding it goes on
/// while the shard applies, searches and grows.
class GraphCapture : public FileSource {
 public:
  [[nodiscard]] virtual std::uint64_t next_offset() const noexcept = 0;
  /// Vectors that the file leads to.
  [[nodiscard]] virtual std::uint64_t nodes() const noexcept = 0;
};

}  // namespace millrace
