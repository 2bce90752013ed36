#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

/// XXH64, written from the published description of the algorithm (github.com/Cyan4973/xxHash, doc/xxhash_spec.md).
/// @return `ef46db3751d8e999` for no bytes and seed 0
[[nodiscard]] std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed = 0) noexcept;

/// XXH64 for two seeds in one pass.
[[nodiscard]] std::array<std::uint64_t, 2> xxh64_twice(std::span<const std::byte> bytes,
                                                       const std::array<std::uint64_t, 2>& seeds) noexcept;

}  // namespace millrace
