#include <array>
#include <bit>
#include <cstring>

#include "millrace/hash.h"
#include "millrace/point_id.h"

namespace millrace {
namespace {

constexpr std::uint64_t kPrime1 = 0x9e3779b185ebca87U;
constexpr std::uint64_t kPrime2 = 0xc2b2ae3d27d4eb4fU;
constexpr std::uint64_t kPrime3 = 0x165667b19e3779f9U;
constexpr std::uint64_t kPrime4 = 0x85ebca77c2b2ae63U;
constexpr std::uint64_t kPrime5 = 0x27d4eb2f165667c5U;

template <typename T>
T read(const std::byte* at) noexcept {
  T value{};
  std::memcpy(&value, at, sizeof value);
  return value;
}

constexpr std::uint64_t mix_lane(std::uint64_t lane, std::uint64_t input) noexcept {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

constexpr std::uint64_t merge_lane(std::uint64_t sum, std::uint64_t lane) noexcept {
  return (sum ^ mix_lane(0, lane)) * kPrime1 + kPrime4;
}

constexpr std::uint64_t avalanche(std::uint64_t sum) noexcept {
  sum = (sum ^ (sum >> 33U)) * kPrime2;
  sum = (sum ^ (sum >> 29U)) * kPrime3;
  return sum ^ (sum >> 32U);
}

}  // namespace

std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::uint64_t sum = seed + kPrime5;
  if (left >= 32) {
    std::uint64_t lane1 = seed + kPrime1 + kPrime2;
    std::uint64_t lane2 = seed + kPrime2;
    std::uint64_t lane3 = seed;
    std::uint64_t lane4 = seed - kPrime1;
    for (; left >= 32; at += 32, left -= 32) {
      lane1 = mix_lane(lane1, read<std::uint64_t>(at));
      lane2 = mix_lane(lane2, read<std::uint64_t>(at + 8));
      lane3 = mix_lane(lane3, read<std::uint64_t>(at + 16));
      lane4 = mix_lane(lane4, read<std::uint64_t>(at + 24));
    }
    sum = std::rotl(lane1, 1) + std::rotl(lane2, 7) + std::rotl(lane3, 12) + std::rotl(lane4, 18);
    for (const auto lane : {lane1, lane2, lane3, lane4}) sum = merge_lane(sum, lane);
  }
  sum += bytes.size();
  for (; left >= 8; at += 8, left -= 8)
    sum = std::rotl(sum ^ mix_lane(0, read<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
  if (left >= 4) {
    sum = std::rotl(sum ^ (read<std::uint32_t>(at) * kPrime1), 23) * kPrime2 + kPrime3;
    at += 4;
    left -= 4;
  }
  for (; left > 0; ++at, --left) sum = std::rotl(sum ^ (static_cast<std::uint64_t>(*at) * kPrime5), 11) * kPrime1;
  return avalanche(sum);
}

std::uint32_t bucket_of(const PointId& id) noexcept {
  std::array<std::uint64_t, 2> words{id.low, 0};
  std::size_t length = 8;
  if (id.is_uuid) {
    // The words hold the printed order as big-endian numbers; the hash wants those bytes.
    words = {__builtin_bswap64(id.high), __builtin_bswap64(id.low)};
    length = 16;
  }
  return static_cast<std::uint32_t>(xxh64(std::as_bytes(std::span(words)).first(length)) & (kBucketCount - 1));
}

}  // namespace millrace
