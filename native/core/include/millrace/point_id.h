#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>

namespace millrace {

/// The id of a point: an unsigned integer, or a UUID as its 16 bytes in printed order.
/// Ordered as the API orders ids: all numbers before all UUIDs.
struct PointId {
  bool is_uuid = false;
  std::uint64_t high = 0;  ///< UUID: first 8 bytes, big-endian. Number: 0.
  std::uint64_t low = 0;   ///< UUID: last 8 bytes, big-endian. Number: the number.

  [[nodiscard]] static constexpr PointId number(std::uint64_t value) noexcept { return {false, 0, value}; }
  /// @param bytes  16, in printed order
  [[nodiscard]] static constexpr PointId uuid(std::span<const std::byte> bytes) noexcept {
    PointId id{true, 0, 0};
    for (std::size_t i = 0; i < 16; ++i) {
      auto& half = i < 8 ? id.high : id.low;
      half = (half << 8U) | static_cast<std::uint64_t>(bytes[i]);
    }
    return id;
  }

  friend constexpr auto operator<=>(const PointId&, const PointId&) noexcept = default;
};

/// Number of buckets that ids fall into; the metadata maps buckets to shards.
inline constexpr std::uint32_t kBucketCount = 4096;

/// `xxh64(id as 8 little-endian bytes or 16 UUID bytes, seed 0) & 4095`
[[nodiscard]] std::uint32_t bucket_of(const PointId& id) noexcept;

}  // namespace millrace
