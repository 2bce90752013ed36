#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

/// The two ways to compute crc32c; both take and return the finished (inverted) checksum.
/// Plain pointers: the SSE4.2 file must not instantiate library templates that the linker could then
/// pick for the whole program.
[[nodiscard]] std::uint32_t crc32c_by_table(const std::byte* bytes, std::size_t length, std::uint32_t seed) noexcept;
[[nodiscard]] std::uint32_t crc32c_by_sse42(const std::byte* bytes, std::size_t length, std::uint32_t seed) noexcept;

}  // namespace millrace
