#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

/// CRC-32C (Castagnoli, reflected polynomial 0x82f63b78), as in RFC 3720.
/// @param seed  the checksum of the bytes before these, or 0 at the beginning
/// @return      `e3069283` for the nine bytes "123456789"
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes, std::uint32_t seed = 0) noexcept;

}  // namespace millrace
