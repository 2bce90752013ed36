#include "millrace/checkpoint.h"

#include "async.h"
#include "convert.h"
#include "families.h"
#include "millrace/guard.h"
#include "shard_handle.h"

namespace millrace::binding {
namespace {

/// Chosen once for this addon: tells a capture's external from any other.
constexpr napi_type_tag kCaptureTag = {0x6d696c6c72616365ULL, 0x636170747572652eULL};

struct CaptureHandle {
  std::unique_ptr<FileSource> capture;
  bool is_encoding = false;  ///< a promise is not settled; only the thread that captured asks
};

using CaptureReference = std::shared_ptr<CaptureHandle>;

Napi::Value to_external(Napi::Env env, CaptureReference capture) {
  auto owner = std::make_unique<CaptureReference>(std::move(capture));
  const auto external = Napi::External<CaptureReference>::New(
      env, owner.get(), [](Napi::Env, CaptureReference* kept) { std::unique_ptr<CaptureReference>{kept}; });
  static_cast<void>(owner.release());
  napi_type_tag_object(env, external, &kCaptureTag);
  return external;
}

std::optional<CaptureReference> as_capture(const Napi::Value& value) {
  bool is_capture = false;
  if (!value.IsExternal()) return std::nullopt;
  napi_check_object_type_tag(value.Env(), value, &kCaptureTag, &is_capture);
  if (!is_capture) return std::nullopt;
  return *value.As<Napi::External<CaptureReference>>().Data();
}

class EncodeJob final : public Job {
 public:
  EncodeJob(Napi::Env env, CaptureReference handle, std::size_t bytes_max)
      : Job(env), handle_(std::move(handle)), bytes_max_(bytes_max) {}

  void work() noexcept override { bytes_ = handle_->capture->next(bytes_max_); }
  void settle(Napi::Env env) override {
    handle_->is_encoding = false;
    if (!bytes_) return deferred.Reject(error_object(env, bytes_.error()));
    if (bytes_.value().empty()) return deferred.Resolve(env.Null());
    deferred.Resolve(to_buffer(env, std::move(bytes_).value()));
  }

 private:
  CaptureReference handle_;
  std::size_t bytes_max_;
  Result<std::vector<std::byte>> bytes_ = std::vector<std::byte>();
};

/// Loads frames that lie in JavaScript's memory, which is referenced until the job has settled; without any it finishes.
class LoadJob final : public Job {
 public:
  LoadJob(Napi::Env env, ShardReference handle) : Job(env), handle_(std::move(handle)) {}
  LoadJob(Napi::Env env, ShardReference handle, std::span<const std::byte> frames, Napi::Object owner)
      : Job(env), handle_(std::move(handle)), frames_(frames), owner_(Napi::Persistent(owner)) {}

  void work() noexcept override {
    auto loaded = guard([this]() -> Result<std::optional<Error>> {
      return frames_ ? load(*frames_) : handle_->shard->finish_load();
    });
    error_ = loaded ? std::move(loaded).value() : std::optional(loaded.error());
    handle_->is_applying = false;
  }
  void settle(Napi::Env env) override {
    if (error_) return deferred.Reject(error_object(env, *error_));
    deferred.Resolve(env.Undefined());
  }

 private:
  std::optional<Error> load(std::span<const std::byte> frames) const {
    if (reinterpret_cast<std::uintptr_t>(frames.data()) % 8 == 0) return handle_->shard->load(frames);
    std::vector<std::uint64_t> aligned((frames.size() + 7) / 8);
    std::memcpy(aligned.data(), frames.data(), frames.size());
    return handle_->shard->load(std::as_bytes(std::span(aligned)).first(frames.size()));
  }

  ShardReference handle_;
  std::optional<std::span<const std::byte>> frames_;
  Napi::ObjectReference owner_;
  std::optional<Error> error_;
};

/// The same for a graph file.
class LoadGraphsJob final : public Job {
 public:
  LoadGraphsJob(Napi::Env env, ShardReference handle) : Job(env), handle_(std::move(handle)) {}
  LoadGraphsJob(Napi::Env env, ShardReference handle, std::span<const std::byte> bytes, Napi::Object owner)
      : Job(env), handle_(std::move(handle)), bytes_(bytes), owner_(Napi::Persistent(owner)) {}

  void work() noexcept override {
    if (!bytes_) {
      nodes_ = handle_->shard->finish_graphs();
    } else if (auto error = handle_->shard->load_graphs(*bytes_)) {
      nodes_ = std::move(*error);
    }
    handle_->is_applying = false;
  }
  void settle(Napi::Env env) override {
    if (!nodes_) return deferred.Reject(error_object(env, nodes_.error()));
    deferred.Resolve(Napi::Number::New(env, static_cast<double>(nodes_.value())));
  }

 private:
  ShardReference handle_;
  std::optional<std::span<const std::byte>> bytes_;
  Napi::ObjectReference owner_;
  Result<std::uint64_t> nodes_ = std::uint64_t{0};
};

template <typename Load>
Napi::Value run_load(Napi::Env env, const ShardReference& handle, std::unique_ptr<Load> job) {
  const auto promise = Completions::of(env).run(env, std::move(job));
  if (env.IsExceptionPending()) handle->is_applying = false;
  return promise;
}

// captureCheckpoint(shard, since: bigint): NativeCapture
Napi::Value capture_checkpoint(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  const auto since = as_u64(info[1]);
  if (!handle || !since) return fail_argument(env, "captureCheckpoint(shard, since)");
  if ((*handle)->is_applying.exchange(true)) return fail_argument(env, "an apply of this shard is under way");
  auto captured = (*handle)->shard->capture(*since);
  (*handle)->is_applying = false;
  if (!captured) return fail(env, captured.error());
  const auto& capture = *captured.value();
  auto object = Napi::Object::New(env);
  object.Set("since", to_bigint(env, capture.since()));
  set_number(object, "rows", capture.rows());
  object.Set("state", state_object(env, capture.state()));
  auto reference = std::make_shared<CaptureHandle>();
  reference->capture = std::move(captured).value();
  object.Set("handle", to_external(env, std::move(reference)));
  return object;
}

/// Waits for insertions under way, so not on the JavaScript thread.
class CaptureGraphsJob final : public Job {
 public:
  CaptureGraphsJob(Napi::Env env, ShardReference handle) : Job(env), handle_(std::move(handle)) {}

  void work() noexcept override { captured_ = handle_->shard->capture_graphs(); }
  void settle(Napi::Env env) override {
    if (!captured_) return deferred.Reject(error_object(env, captured_.error()));
    if (captured_.value() == nullptr) return deferred.Resolve(env.Null());
    auto object = Napi::Object::New(env);
    object.Set("nextOffset", to_bigint(env, captured_.value()->next_offset()));
    set_number(object, "nodes", captured_.value()->nodes());
    auto reference = std::make_shared<CaptureHandle>();
    reference->capture = std::move(captured_).value();
    object.Set("handle", to_external(env, std::move(reference)));
    deferred.Resolve(object);
  }

 private:
  ShardReference handle_;
  Result<std::unique_ptr<GraphCapture>> captured_ = std::unique_ptr<GraphCapture>();
};

// captureGraphs(shard): Promise<NativeGraphCapture | null>
Napi::Value capture_graphs(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(env, "captureGraphs(shard)");
  auto job = std::make_unique<CaptureGraphsJob>(env, *handle);
  return Completions::of(env).run(env, std::move(job), ThreadPool::Lane::background);
}

/// Frees what a buffer of its own holds now, and not at some garbage collection.
void free_bytes(const Napi::Value& value) {
  if (!value.IsTypedArray()) return;
  const auto bytes = value.As<Napi::TypedArray>();
  auto memory = bytes.ArrayBuffer();
  if (memory.ByteLength() == bytes.ByteLength()) memory.Detach();
}

// nextCheckpointBytes(capture, bytesMax: number, spent?: Uint8Array): Promise<Buffer | null>
Napi::Value next_checkpoint_bytes(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_capture(info[0]);
  const auto bytes_max = as_u64(info[1]);
  if (!handle || !bytes_max) return fail_argument(env, "nextCheckpointBytes(capture, bytesMax, spent)");
  if ((*handle)->is_encoding) return fail_argument(env, "this capture is being encoded already");
  free_bytes(info[2]);
  (*handle)->is_encoding = true;
  auto job = std::make_unique<EncodeJob>(env, *handle, *bytes_max);
  const auto promise = Completions::of(env).run(env, std::move(job), ThreadPool::Lane::background);
  if (env.IsExceptionPending()) (*handle)->is_encoding = false;
  return promise;
}

// loadCheckpointBytes(shard, bytes: Uint8Array): Promise<void>
Napi::Value load_checkpoint_bytes(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  const auto bytes = as_span<const std::byte>(info[1]);
  if (!handle || !bytes) return fail_argument(env, "loadCheckpointBytes(shard, bytes)");
  if ((*handle)->is_applying.exchange(true)) return fail_argument(env, "an apply of this shard is under way");
  return run_load(env, *handle, std::make_unique<LoadJob>(env, *handle, *bytes, info[1].As<Napi::Object>()));
}

// finishCheckpointLoad(shard): Promise<void>
Napi::Value finish_checkpoint_load(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(env, "finishCheckpointLoad(shard)");
  if ((*handle)->is_applying.exchange(true)) return fail_argument(env, "an apply of this shard is under way");
  return run_load(env, *handle, std::make_unique<LoadJob>(env, *handle));
}

// loadGraphBytes(shard, bytes: Uint8Array): Promise<number>
Napi::Value load_graph_bytes(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  const auto bytes = as_span<const std::byte>(info[1]);
  if (!handle || !bytes) return fail_argument(env, "loadGraphBytes(shard, bytes)");
  if ((*handle)->is_applying.exchange(true)) return fail_argument(env, "an apply of this shard is under way");
  return run_load(env, *handle, std::make_unique<LoadGraphsJob>(env, *handle, *bytes, info[1].As<Napi::Object>()));
}

// finishGraphLoad(shard): Promise<number>
Napi::Value finish_graph_load(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(env, "finishGraphLoad(shard)");
  if ((*handle)->is_applying.exchange(true)) return fail_argument(env, "an apply of this shard is under way");
  return run_load(env, *handle, std::make_unique<LoadGraphsJob>(env, *handle));
}

}  // namespace

void export_checkpoint(Napi::Env env, Napi::Object exports) {
  exports.Set("captureCheckpoint", Napi::Function::New(env, capture_checkpoint));
  exports.Set("nextCheckpointBytes", Napi::Function::New(env, next_checkpoint_bytes));
  exports.Set("loadCheckpointBytes", Napi::Function::New(env, load_checkpoint_bytes));
  exports.Set("finishCheckpointLoad", Napi::Function::New(env, finish_checkpoint_load));
  exports.Set("captureGraphs", Napi::Function::New(env, capture_graphs));
  exports.Set("loadGraphBytes", Napi::Function::New(env, load_graph_bytes));
  exports.Set("finishGraphLoad", Napi::Function::New(env, finish_graph_load));
}

}  // namespace millrace::binding
