#pragma once

#include <napi.h>

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "millrace/filter.h"
#include "millrace/point_id.h"
#include "millrace/result.h"

namespace millrace::binding {

/// An Error object with `errc` (value of Errc) and `details` (inner text of a JSON object), which src/engine turns into an EngineError.
[[nodiscard]] Napi::Value error_object(Napi::Env env, const Error& error);

/// Throws it in JavaScript and gives back `undefined`.
Napi::Value fail(Napi::Env env, const Error& error);
Napi::Value fail_argument(Napi::Env env, const char* reason);
/// The same for a call of the system that has just failed: an Error with `errno`.
Napi::Value fail_system(Napi::Env env);

/// A string's bytes as a Buffer, without a copy when they are many.
[[nodiscard]] Napi::Value to_buffer(Napi::Env env, std::string text);
[[nodiscard]] Napi::Value to_buffer(Napi::Env env, std::vector<std::byte> bytes);

/// The same in an array buffer of its own, which can be transferred to another thread: an external one cannot.
[[nodiscard]] Napi::Value to_transferable(Napi::Env env, const std::vector<std::byte>& bytes);

/// Sets a property to a count, of at most 2^53.
void set_number(Napi::Object object, const char* name, std::uint64_t value);

[[nodiscard]] Napi::Value to_bigint(Napi::Env env, std::uint64_t value);
[[nodiscard]] std::optional<std::uint64_t> as_u64(const Napi::Value& value);
[[nodiscard]] std::optional<std::string> as_string(const Napi::Value& value);

/// An optional filter as packed MessagePack bytes; nothing for null, undefined and an argument that is not there.
[[nodiscard]] Result<std::optional<Filter>> as_filter(const Napi::Value& value);

/// The elements of a typed array (or a Buffer, for bytes) in JavaScript's memory, shared between threads or not.
template <typename T>
[[nodiscard]] std::optional<std::span<T>> as_span(const Napi::Value& value) {
  if (!value.IsTypedArray()) return std::nullopt;
  std::size_t length = 0;
  void* data = nullptr;
  if (napi_get_typedarray_info(value.Env(), value, nullptr, &length, &data, nullptr, nullptr) != napi_ok)
    return std::nullopt;
  if (value.As<Napi::TypedArray>().ElementSize() != sizeof(T)) return std::nullopt;
  // A buffer that was transferred to another thread leaves no memory behind, whatever length is told.
  return data == nullptr ? std::span<T>() : std::span<T>(static_cast<T*>(data), length);
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
