#include "convert.h"

#include <cerrno>
#include <memory>

#include "millrace/guard.h"

namespace millrace::binding {
namespace {

/// Below this a copy costs less than an external buffer with its finalizer.
constexpr std::size_t kCopyMax = 4096;

template <typename Bytes>
Napi::Value give_away(Napi::Env env, Bytes bytes) {
  auto* data = reinterpret_cast<char*>(bytes.data());
  const auto size = bytes.size();
  if (size <= kCopyMax) return Napi::Buffer<char>::Copy(env, data, size);
  auto owner = std::make_unique<Bytes>(std::move(bytes));
  data = reinterpret_cast<char*>(owner->data());
  auto buffer = Napi::Buffer<char>::New(
      env, data, size, [](Napi::Env, char*, Bytes* kept) { std::unique_ptr<Bytes>{kept}; }, owner.get());
  static_cast<void>(owner.release());
  return buffer;
}

}  // namespace

Napi::Value error_object(Napi::Env env, const Error& error) {
  const auto object = Napi::Error::New(env, "native engine: {" + error.details + "}").Value();
  object.Set("errc", Napi::Number::New(env, static_cast<double>(error.code)));
  object.Set("details", Napi::String::New(env, error.details));
  return object;
}

Napi::Value fail(Napi::Env env, const Error& error) {
  napi_throw(env, error_object(env, error));
  return env.Undefined();
}

Napi::Value fail_argument(Napi::Env env, const char* reason) {
  return fail(env, {Errc::argument_invalid, std::string("\"reason\":\"") + reason + "\""});
}

Napi::Value fail_system(Napi::Env env) {
  const int number = errno;
  auto error = Napi::Error::New(env, std::strerror(number)).Value();
  error.Set("errno", Napi::Number::New(env, number));
  napi_throw(env, error);
  return env.Undefined();
}

Napi::Value to_buffer(Napi::Env env, std::string text) { return give_away(env, std::move(text)); }
Napi::Value to_buffer(Napi::Env env, std::vector<std::byte> bytes) { return give_away(env, std::move(bytes)); }

Napi::Value to_transferable(Napi::Env env, const std::vector<std::byte>& bytes) {
  auto buffer = Napi::ArrayBuffer::New(env, bytes.size());
  if (!bytes.empty()) std::memcpy(buffer.Data(), bytes.data(), bytes.size());
  return Napi::Uint8Array::New(env, bytes.size(), buffer, 0);
}

void set_number(Napi::Object object, const char* name, std::uint64_t value) {
  object.Set(name, Napi::Number::New(object.Env(), static_cast<double>(value)));
}

Napi::Value to_bigint(Napi::Env env, std::uint64_t value) { return Napi::BigInt::New(env, value); }

std::optional<std::uint64_t> as_u64(const Napi::Value& value) {
  bool is_lossless = false;
  if (value.IsBigInt()) {
    const auto number = value.As<Napi::BigInt>().Uint64Value(&is_lossless);
    return is_lossless ? std::optional(number) : std::nullopt;
  }
  if (!value.IsNumber()) return std::nullopt;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 9007199254740991.0)) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

std::optional<std::string> as_string(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  return value.As<Napi::String>().Utf8Value();
}

Result<std::optional<Filter>> as_filter(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return std::optional<Filter>();
  const auto bytes = as_span<const std::byte>(value);
  if (!bytes) return Error{Errc::argument_invalid, "\"reason\":\"a filter is an array of bytes\""};
  return guard([&]() -> Result<std::optional<Filter>> {
    auto filter = Filter::decode(*bytes);
    if (!filter) return filter.error();
    return std::optional(std::move(filter.value()));
  });
}

void put_id(std::byte* at, const PointId& id) noexcept {
  std::memset(at, 0, 16);
  if (!id.is_uuid) return put(at, id.low);
  for (std::size_t i = 0; i < 8; ++i) {
    at[i] = static_cast<std::byte>(id.high >> (56 - 8 * i));
    at[8 + i] = static_cast<std::byte>(id.low >> (56 - 8 * i));
  }
}

PointId get_id(const std::byte* at, bool is_uuid) noexcept {
  if (!is_uuid) return PointId::number(get<std::uint64_t>(at));
  PointId id{true, 0, 0};
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = (id.high << 8U) | static_cast<std::uint64_t>(at[i]);
    id.low = (id.low << 8U) | static_cast<std::uint64_t>(at[8 + i]);
  }
  return id;
}

}  // namespace millrace::binding
