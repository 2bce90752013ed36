#pragma once

#include <cstddef>
#include <cstring>
#include <span>

namespace millrace {

/// Reads a field of record_layout.generated.h. The caller has checked that the bytes are there.
template <typename Field>
[[nodiscard]] typename Field::type read_field(std::span<const std::byte> bytes) noexcept {
  typename Field::type value{};
  std::memcpy(&value, bytes.data() + Field::at, sizeof value);
  return value;
}

template <typename Field>
void write_field(std::span<std::byte> bytes, typename Field::type value) noexcept {
  std::memcpy(bytes.data() + Field::at, &value, sizeof value);
}

template <typename T>
[[nodiscard]] T read_at(std::span<const std::byte> bytes, std::size_t at) noexcept {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace millrace
