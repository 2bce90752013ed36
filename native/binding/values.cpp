#include "async.h"
#include "convert.h"
#include "families.h"
#include "millrace/checksum.h"
#include "millrace/cpu.h"
#include "millrace/hash.h"
#include "millrace/json_path.h"
#include "millrace/point_id_text.h"

namespace millrace::binding {
namespace {

// crc32c(bytes: Uint8Array, seed: number): number
Napi::Value crc32c_call(const Napi::CallbackInfo& info) {
  const auto bytes = as_span<const std::byte>(info[0]);
  const auto seed = as_u64(info[1]);
  if (!bytes || !seed) return fail_argument(info.Env(), "crc32c(bytes, seed)");
  return Napi::Number::New(info.Env(), crc32c(*bytes, static_cast<std::uint32_t>(*seed)));
}

// xxh64(bytes: Uint8Array, seed: bigint): bigint
Napi::Value xxh64_call(const Napi::CallbackInfo& info) {
  const auto bytes = as_span<const std::byte>(info[0]);
  const auto seed = as_u64(info[1]);
  if (!bytes || !seed) return fail_argument(info.Env(), "xxh64(bytes, seed)");
  return to_bigint(info.Env(), xxh64(*bytes, *seed));
}

// parsePointIds(texts: string[]): { entries: Buffer, invalid: number }
Napi::Value parse_point_ids(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) return fail_argument(info.Env(), "parsePointIds(texts)");
  const auto texts = info[0].As<Napi::Array>();
  std::vector<std::byte> entries(texts.Length() * kIdEntryBytes);
  double invalid = -1;
  for (std::uint32_t i = 0; i < texts.Length() && invalid < 0; ++i) {
    const auto text = as_string(texts[i]);
    const auto id = text ? parse_point_id(*text) : std::nullopt;
    if (!id) {
      invalid = i;
      break;
    }
    auto* at = entries.data() + i * kIdEntryBytes;
    put(at, static_cast<std::uint32_t>(id->is_uuid));
    put(at + 4, bucket_of(*id));
    put_id(at + 8, *id);
  }
  auto object = Napi::Object::New(info.Env());
  object.Set("entries", to_buffer(info.Env(), std::move(entries)));
  object.Set("invalid", Napi::Number::New(info.Env(), invalid));
  return object;
}

// isJsonPath(text: string): boolean
Napi::Value is_json_path(const Napi::CallbackInfo& info) {
  const auto text = as_string(info[0]);
  return Napi::Boolean::New(info.Env(), text && parse_json_path(*text).has_value());
}

// cpu(): { instructionSet: string, hasCrc32: boolean, engineThreads: number }
Napi::Value cpu(const Napi::CallbackInfo& info) {
  auto object = Napi::Object::New(info.Env());
  object.Set("instructionSet", Napi::String::New(info.Env(), name_of(instruction_set())));
  object.Set("hasCrc32", Napi::Boolean::New(info.Env(), cpu_has_crc32()));
  object.Set("engineThreads", Napi::Number::New(info.Env(), engine_pool().threads()));
  return object;
}

}  // namespace

void export_values(Napi::Env env, Napi::Object exports) {
  exports.Set("crc32c", Napi::Function::New(env, crc32c_call));
  exports.Set("xxh64", Napi::Function::New(env, xxh64_call));
  exports.Set("parsePointIds", Napi::Function::New(env, parse_point_ids));
  exports.Set("isJsonPath", Napi::Function::New(env, is_json_path));
  exports.Set("cpu", Napi::Function::New(env, cpu));
}

}  // namespace millrace::binding
