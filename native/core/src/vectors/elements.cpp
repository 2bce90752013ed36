#include "millrace/elements.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "millrace/kernels.h"

namespace millrace {
namespace {

template <typename Element>
std::span<const Element> view_as(std::span<const std::byte> stored) noexcept {
  return {reinterpret_cast<const Element*>(stored.data()), stored.size() / sizeof(Element)};
}

}  // namespace

void store_elements(ElementType type, std::span<const float> values, std::byte* into) noexcept {
  if (type == ElementType::f32) {
    if (!values.empty()) std::memcpy(into, values.data(), values.size_bytes());
  } else if (type == ElementType::f16) {
    for (const float value : values) {
      const Half half = narrowed(value);
      std::memcpy(into, &half, sizeof half);
      into += sizeof half;
    }
  } else {
    for (const float value : values) *into++ = static_cast<std::byte>(byte_of(value));
  }
}

void read_elements(ElementType type, const std::byte* stored, std::span<float> into) noexcept {
  if (type == ElementType::f32) {
    std::memcpy(into.data(), stored, into.size_bytes());
  } else if (type == ElementType::f16) {
    kernels().widen(reinterpret_cast<const Half*>(stored), into.size(), into.data());
  } else {
    for (float& value : into) value = static_cast<float>(std::to_integer<std::uint8_t>(*stored++));
  }
}

bool all_finite(ElementType type, std::span<const std::byte> stored) noexcept {
  std::uint32_t bad = 0;
  if (type == ElementType::f32) {
    for (const float value : view_as<float>(stored))
      bad |= static_cast<std::uint32_t>((std::bit_cast<std::uint32_t>(value) & 0x7f800000U) == 0x7f800000U);
  } else if (type == ElementType::f16) {
    for (const Half half : view_as<Half>(stored)) bad |= static_cast<std::uint32_t>((half & 0x7c00U) == 0x7c00U);
  }
  return bad == 0;
}

}  // namespace millrace
