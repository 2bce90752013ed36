#pragma once

#include <napi.h>

namespace millrace::binding {

/// Each adds its functions to the addon's exports.
void export_shards(Napi::Env env, Napi::Object exports);
void export_memory(Napi::Env env, Napi::Object exports);
void export_apply(Napi::Env env, Napi::Object exports);
void export_search(Napi::Env env, Napi::Object exports);
void export_points(Napi::Env env, Napi::Object exports);
void export_query(Napi::Env env, Napi::Object exports);
void export_parser(Napi::Env env, Napi::Object exports);
void export_values(Napi::Env env, Napi::Object exports);
void export_checkpoint(Napi::Env env, Napi::Object exports);
void export_lock(Napi::Env env, Napi::Object exports);
void export_listen(Napi::Env env, Napi::Object exports);

}  // namespace millrace::binding
