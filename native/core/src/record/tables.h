#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace {

/// Words of 64 bits that hold so many.
[[nodiscard]] constexpr std::size_t words_of(std::size_t bits) noexcept { return (bits + 63) / 64; }

/// Bytes of the table of offsets that stands before so many rows.
[[nodiscard]] constexpr std::size_t offset_table(std::uint32_t rows) noexcept { return (std::size_t{rows} + 1) * 4; }

}  // namespace millrace
