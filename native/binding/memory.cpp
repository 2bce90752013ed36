#include <cstdlib>  // says whether this is glibc
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "convert.h"
#include "families.h"
#include "millrace/scratch.h"
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
  set_number(object, "rows", use.rows);
  set_number(object, "ids", use.ids);
  set_number(object, "payloads", use.payloads);
  set_number(object, "vectors", use.vectors);
  set_number(object, "cold", use.cold);
  set_number(object, "codes", use.codes);
  set_number(object, "graphs", use.graphs);
  set_number(object, "sparse", use.sparse);
  set_number(object, "quantized", use.quantized);
  set_number(object, "coming", use.coming);
  set_number(object, "total", use.total());
  return object;
}

// releaseMemory(): void
Napi::Value release_memory(const Napi::CallbackInfo& info) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
  return info.Env().Undefined();
}

// scratchBytes(): number
Napi::Value scratch_bytes_of_all(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(scratch_bytes()));
}

}  // namespace

void export_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("memory", Napi::Function::New(env, memory));
  exports.Set("scratchBytes", Napi::Function::New(env, scratch_bytes_of_all));
  exports.Set("releaseMemory", Napi::Function::New(env, release_memory));
}

}  // namespace millrace::binding
