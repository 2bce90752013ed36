#pragma once

#include <napi.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/point_id.h"
#include "millrace/result.h"

namespace millrace::binding {

/// An Error object with `errc` (value of Errc) and `details` (inner text of a JSON object), which src/engine turns into an EngineError.
[[nodiscard]] Napi::Value error_object(Napi::Env env, const Error& error);

/// Throws it in JavaScript and gives back `undefined`.
Napi::Value fail(Napi::Env env, const Error& error);
Napi::Value fail_argument(Napi::Env env, const char* reason);

/// A string's bytes as a Buffer, without a copy when they are many.
[[nodiscard]] Napi::Value to_buffer(Napi::Env env, std::string text);
[[nodiscard]] Napi::Value to_buffer(Napi::Env env, std::vector<std::byte> bytes);

[[nodiscard]] Napi::Value to_bigint(Napi::Env env, std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> as_u64(const Napi::Value& value);
[[nodiscard]] std::optional<std::string> as_string(const Napi::Value& value);

/// The elements of a typed array (or a Buffer, for bytes) in JavaScript's memory.
template <typename T>
[[nodiscard]] std::optional<std::span<T>> as_span(const Napi::Value& value) {
  if (!value.IsTypedArray()) return std::nullopt;
  const auto array = value.As<Napi::TypedArray>();
  if (array.ElementSize() != sizeof(T)) return std::nullopt;
  auto* data = static_cast<std::byte*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  return std::span<T>(reinterpret_cast<T*>(data), array.ElementLength());
}

/// Ids given to the engine: u32 flags (1: UUID), u32 bucket, 16 bytes as in a record.
inline constexpr std::size_t kIdEntryBytes = 24;

/// A hit: u32 flags (1: UUID), f32 score, u64 version, 16 bytes of id as in a record.
inline constexpr std::size_t kHitEntryBytes = 32;

void put_id(std::byte* at, const PointId& id) noexcept;
[[nodiscard]] PointId get_id(const std::byte* at, bool is_uuid) noexcept;

template <typename T>
void put(std::byte* at, T value) noexcept {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
[[nodiscard]] T get(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace millrace::binding
