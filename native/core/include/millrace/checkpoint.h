#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "millrace/result.h"
#include "millrace/shard.h"

namespace millrace {

/// What a shard held between two records: the content of one file of a checkpoint (docs/reference/checkpoint-format.md).
/// Made while nothing is applied; encoding it may go on while later records are. Keeps the shard alive.
class CheckpointCapture {
 public:
  CheckpointCapture() = default;
  CheckpointCapture(const CheckpointCapture&) = delete;
  CheckpointCapture& operator=(const CheckpointCapture&) = delete;
  virtual ~CheckpointCapture() = default;

  [[nodiscard]] virtual const ShardState& state() const noexcept = 0;
  /// The offset from which on the file holds what changed; 0: everything.
  [[nodiscard]] virtual std::uint64_t since() const noexcept = 0;
  /// Points that the file holds; those that it says are gone do not count.
  [[nodiscard]] virtual std::uint64_t rows() const noexcept = 0;

  /// Encodes the next whole frames, one at least. One call at a time.
  /// @param bytes_max  beyond which no further frame begins; a single point may need more
  /// @return           nothing when the file is complete
  [[nodiscard]] virtual Result<std::vector<std::byte>> next(std::size_t bytes_max) = 0;
};

}  // namespace millrace
