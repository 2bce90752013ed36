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

/// The hashes for several seeds in one pass, which shares the reading and a fifth of the multiplications.
template <std::size_t Seeds>
std::array<std::uint64_t, Seeds> hash_with(std::span<const std::byte> bytes,
                                           const std::array<std::uint64_t, Seeds>& seeds) noexcept {
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  std::array<std::uint64_t, Seeds> sums{};
  for (std::size_t s = 0; s < Seeds; ++s) sums[s] = seeds[s] + kPrime5;
  if (left >= 32) {
    std::array<std::array<std::uint64_t, 4>, Seeds> lanes;
    for (std::size_t s = 0; s < Seeds; ++s)
      lanes[s] = {seeds[s] + kPrime1 + kPrime2, seeds[s] + kPrime2, seeds[s], seeds[s] - kPrime1};
    for (; left >= 32; at += 32, left -= 32)
      for (std::size_t lane = 0; lane < 4; ++lane) {
        const auto input = read<std::uint64_t>(at + 8 * lane) * kPrime2;
        for (std::size_t s = 0; s < Seeds; ++s) lanes[s][lane] = std::rotl(lanes[s][lane] + input, 31) * kPrime1;
      }
    for (std::size_t s = 0; s < Seeds; ++s) {
      const auto& of = lanes[s];
      sums[s] = std::rotl(of[0], 1) + std::rotl(of[1], 7) + std::rotl(of[2], 12) + std::rotl(of[3], 18);
      for (const auto lane : of) sums[s] = merge_lane(sums[s], lane);
    }
  }
  for (auto& sum : sums) sum += bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const auto input = mix_lane(0, read<std::uint64_t>(at));
    for (auto& sum : sums) sum = std::rotl(sum ^ input, 27) * kPrime1 + kPrime4;
  }
  if (left >= 4) {
    const auto input = read<std::uint32_t>(at) * kPrime1;
    for (auto& sum : sums) sum = std::rotl(sum ^ input, 23) * kPrime2 + kPrime3;
    at += 4;
    left -= 4;
  }
  for (; left > 0; ++at, --left)
    for (auto& sum : sums) sum = std::rotl(sum ^ (static_cast<std::uint64_t>(*at) * kPrime5), 11) * kPrime1;
  for (auto& sum : sums) sum = avalanche(sum);
  return sums;
}

}  // namespace

std::uint64_t xxh64(std::span<const std::byte> bytes, std::uint64_t seed) noexcept {
  return hash_with<1>(bytes, {seed})[0];
}

std::array<std::uint64_t, 2> xxh64_twice(std::span<const std::byte> bytes,
                                         const std::array<std::uint64_t, 2>& seeds) noexcept {
  return hash_with<2>(bytes, seeds);
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
