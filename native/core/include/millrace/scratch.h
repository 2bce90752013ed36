#pragma once

#include <cstdint>

namespace millrace {

/// Bytes of the disk that vectors of this process's shards take now, outside of its memory.
[[nodiscard]] std::uint64_t scratch_bytes() noexcept;

}  // namespace millrace
