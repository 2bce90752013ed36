#include <napi.h>

#include "async.h"
#include "families.h"

namespace binding = millrace::binding;

namespace {

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(std::make_unique<binding::Completions>(env).release());
  binding::export_shards(env, exports);
  binding::export_memory(env, exports);
  binding::export_apply(env, exports);
  binding::export_search(env, exports);
  binding::export_points(env, exports);
  binding::export_query(env, exports);
  binding::export_parser(env, exports);
  binding::export_values(env, exports);
  binding::export_checkpoint(env, exports);
  binding::export_lock(env, exports);
  binding::export_listen(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(millrace, initialize)
