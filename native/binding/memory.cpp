#include <cstdlib>  // says whether this is glibc
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "convert.h"
#include "families.h"
#include "shard_handle.h"

namespace millrace::binding {
namespace {

// memory(shard: ShardHandle): NativeShardMemory
Napi::Value memory(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(env, "memory(shard)");
  const auto use = (*handle)->shard->state().memory;
  auto object = Napi::Object::New(env);
  const auto number = [&](const char* name, std::uint64_t value) {
    object.Set(name, Napi::Number::New(env, static_cast<double>(value)));
  };
  number("rows", use.rows);
  number("ids", use.ids);
  number("payloads", use.payloads);
  number("vectors", use.vectors);
  number("codes", use.codes);
  number("graphs", use.graphs);
  number("sparse", use.sparse);
  number("quantized", use.quantized);
  number("coming", use.coming);
  number("total", use.total());
  return object;
}

// releaseMemory(): void
Napi::Value release_memory(const Napi::CallbackInfo& info) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  return info.Env().Undefined();
}

}  // namespace

void export_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("memory", Napi::Function::New(env, memory));
  exports.Set("releaseMemory", Napi::Function::New(env, release_memory));
}

}  // namespace millrace::binding
