#pragma once

#include <array>
#include <cstring>
#include <span>

#include "millrace/hash.h"
#include "millrace/point_id.h"
#include "millrace/shard.h"

namespace millrace {

/// A sum modulo 2^128 from which components can be taken again.
struct DigestSum {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  DigestSum& operator+=(const DigestSum& other) noexcept {
    low += other.low;
    high += other.high + (low < other.low ? 1U : 0U);
    return *this;
  }
  DigestSum& operator-=(const DigestSum& other) noexcept {
    high -= other.high + (low < other.low ? 1U : 0U);
    low -= other.low;
    return *this;
  }
  friend DigestSum operator+(DigestSum a, const DigestSum& b) noexcept { return a += b; }
  [[nodiscard]] Digest digest() const noexcept { return {high, low}; }
};

/// What a component says; the first word of what is hashed.
enum class Component : std::uint64_t { point = 1, version, vector, payload, schema, schema_content, producer, epoch, source };

/// Two xxh64 over the prefix (component, then `words`, little-endian), each the seed of an xxh64 over `bytes`.
[[nodiscard]] inline DigestSum component_hash(Component component, std::span<const std::uint64_t> words,
                                              std::span<const std::byte> bytes = {}) noexcept {
  constexpr std::uint64_t kSeedHigh = 0x6d696c6c72616365U;
  constexpr std::uint64_t kSeedLow = 0x6469676573743031U;
  std::array<std::uint64_t, 8> prefix{static_cast<std::uint64_t>(component)};
  std::memcpy(prefix.data() + 1, words.data(), words.size_bytes());
  const auto head = std::as_bytes(std::span(prefix)).first(words.size_bytes() + 8);
  const auto [high, low] = xxh64_twice(bytes, xxh64_twice(head, {kSeedHigh, kSeedLow}));
  return {high, low};
}

[[nodiscard]] inline DigestSum point_hash(const PointId& id) noexcept {
  const std::uint64_t words[] = {id.is_uuid ? 1U : 0U, id.high, id.low};
  return component_hash(Component::point, words);
}

[[nodiscard]] inline DigestSum version_hash(const PointId& id, std::uint64_t version) noexcept {
  const std::uint64_t words[] = {id.is_uuid ? 1U : 0U, id.high, id.low, version};
  return component_hash(Component::version, words);
}

/// @param norm  the removed length, as its bits; 0: none kept
[[nodiscard]] inline DigestSum vector_hash(const PointId& id, std::uint32_t slot, std::span<const std::byte> stored,
                                           std::uint32_t norm) noexcept {
  const std::uint64_t words[] = {id.is_uuid ? 1U : 0U, id.high, id.low, slot, norm};
  return component_hash(Component::vector, words, stored);
}

[[nodiscard]] inline DigestSum payload_hash(const PointId& id, std::string_view text) noexcept {
  if (text.empty()) return {};
  const std::uint64_t words[] = {id.is_uuid ? 1U : 0U, id.high, id.low};
  return component_hash(Component::payload, words, std::as_bytes(std::span(text)));
}

}  // namespace millrace
