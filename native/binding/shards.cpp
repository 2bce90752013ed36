#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "async.h"
#include "convert.h"
#include "families.h"
#include "inline_work.h"
#include "millrace/guard.h"
#include "shard_handle.h"

namespace millrace::binding {
namespace {

/// Chosen once for this addon: tells a shard's external from any other.
constexpr napi_type_tag kShardTag = {0x6d696c6c72616365ULL, 0x73686172642e7631ULL};

/// Shards by key, shared by all JavaScript threads.
class Registry {
 public:
  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  Result<ShardReference> open(const std::string& key, Shard::Options options) {
    const std::lock_guard lock(mutex_);
    auto& entry = shards_[key];
    if (entry != nullptr) return entry;
    auto opened = Shard::open(options);
    if (!opened) {
      shards_.erase(key);
      return opened.error();
    }
    entry = std::make_shared<ShardHandle>(opened.value());
    version_.fetch_add(1, std::memory_order_release);
    return entry;
  }

  ShardReference find(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = shards_.find(key);
    return found == shards_.end() ? nullptr : found->second;
  }

  /// What was found before stays usable; it goes with the last of its handles.
  bool replace(const std::string& key, ShardReference shard) {
    const std::lock_guard lock(mutex_);
    const auto found = shards_.find(key);
    if (found == shards_.end()) return false;
    version_.fetch_add(1, std::memory_order_release);
    found->second = std::move(shard);
    return true;
  }

  /// Handles that are kept lead to an empty shard from now on.
  bool close(const std::string& key) {
    const auto empty = Shard::open({});
    const std::lock_guard lock(mutex_);
    version_.fetch_add(1, std::memory_order_release);
    const auto found = shards_.find(key);
    if (found == shards_.end()) return false;
    const auto closed = std::move(found->second);
    shards_.erase(found);
    // One that took the place of another is known under two keys.
    const bool is_open = std::ranges::any_of(shards_, [&](const auto& entry) { return entry.second == closed; });
    if (!is_open && empty) closed->shard.put(empty.value());
    return true;
  }

  /// Rises with every change, so that a caller knows whether the handles that it kept are still the open ones.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

 private:
  std::mutex mutex_;
  std::atomic<std::uint64_t> version_{0};
  std::map<std::string, ShardReference> shards_;
};

Napi::Value to_external(Napi::Env env, ShardReference shard) {
  auto owner = std::make_unique<ShardReference>(std::move(shard));
  const auto external = Napi::External<ShardReference>::New(
      env, owner.get(), [](Napi::Env, ShardReference* kept) { std::unique_ptr<ShardReference>{kept}; });
  static_cast<void>(owner.release());
  napi_type_tag_object(env, external, &kShardTag);
  return external;
}

std::string to_hex(const Digest& digest) {
  std::string text;
  for (const auto half : {digest.high, digest.low})
    for (unsigned shift = 64; shift > 0; shift -= 4) text.push_back("0123456789abcdef"[(half >> (shift - 4)) & 0xFU]);
  return text;
}

/// Twelve numbers for each slot: its own, links, ef_construct, the bytes from which on it is indexed and searched by a graph,
/// its VectorPlacement, the members of QuantizationSettings, and the ElementType of weights.
std::vector<SlotIndex> as_indexes(const Napi::Value& value) {
  constexpr std::size_t kNumbers = 12;
  const auto numbers = as_span<const double>(value);
  std::vector<SlotIndex> indexes;
  for (std::size_t at = 0; numbers && at + kNumbers <= numbers->size(); at += kNumbers) {
    const auto whole = [&](std::size_t i) { return static_cast<std::uint64_t>((*numbers)[at + i]); };
    const auto narrow = [&](std::size_t i) { return static_cast<std::uint32_t>(whole(i)); };
    const QuantizationSettings quantization{static_cast<QuantizationKind>(narrow(6)), static_cast<float>((*numbers)[at + 7]),
                                            narrow(8), narrow(9), narrow(10)};
    indexes.push_back({narrow(0), {narrow(1), narrow(2), whole(3), whole(4), quantization}, static_cast<VectorPlacement>(narrow(5)),
                       static_cast<ElementType>(narrow(11))});
  }
  return indexes;
}

// openShard(key: string, collectionId: bigint, shard: number, indexes?: Float64Array, scratchFolder?: string): ShardHandle
Napi::Value open_shard(const Napi::CallbackInfo& info) {
  const auto key = as_string(info[0]);
  const auto collection_id = as_u64(info[1]);
  const auto shard = as_u64(info[2]);
  if (!key || !collection_id || !shard) return fail_argument(info.Env(), "openShard(key, collectionId, shard)");
  const auto opened = guard([&] {
    return Registry::instance().open(*key, {.collection_id = *collection_id,
                                            .shard = static_cast<std::uint32_t>(*shard),
                                            .builder = &index_builder(),
                                            .index_of_slots = as_indexes(info[3]),
                                            .scratch_folder = as_string(info[4]).value_or("")});
  });
  return opened ? to_external(info.Env(), opened.value()) : fail(info.Env(), opened.error());
}

// setGrowth(shard: ShardHandle, builders: number, isPaused: boolean, defers: boolean): void
Napi::Value set_growth(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  const auto builders = as_u64(info[1]);
  if (!handle || !builders || *builders > UINT32_MAX) return fail_argument(env, "setGrowth(shard, builders, isPaused, defers)");
  const auto set = guard([&]() -> Result<bool> {
    (*handle)->shard->set_growth({static_cast<std::uint32_t>(*builders), info[2].ToBoolean(), info[3].ToBoolean()});
    return true;
  });
  return set ? env.Undefined() : fail(env, set.error());
}

// findShard(key: string): ShardHandle | null
Napi::Value find_shard(const Napi::CallbackInfo& info) {
  const auto key = as_string(info[0]);
  if (!key) return fail_argument(info.Env(), "findShard(key)");
  const auto found = Registry::instance().find(*key);
  return found == nullptr ? info.Env().Null() : to_external(info.Env(), found);
}

// replaceShard(key: string, shard: ShardHandle): boolean
Napi::Value replace_shard(const Napi::CallbackInfo& info) {
  const auto key = as_string(info[0]);
  const auto shard = as_shard(info[1]);
  if (!key || !shard) return fail_argument(info.Env(), "replaceShard(key, shard)");
  return Napi::Boolean::New(info.Env(), Registry::instance().replace(*key, *shard));
}

// retireShard(replaced: ShardHandle, successor: ShardHandle): void
Napi::Value retire_shard(const Napi::CallbackInfo& info) {
  const auto replaced = as_shard(info[0]);
  const auto successor = as_shard(info[1]);
  if (!replaced || !successor) return fail_argument(info.Env(), "retireShard(replaced, successor)");
  (*replaced)->shard.put((*successor)->shard.get());
  return info.Env().Undefined();
}

// registryVersion(): number
Napi::Value registry_version(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(Registry::instance().version()));
}

// closeShard(key: string): boolean
Napi::Value close_shard(const Napi::CallbackInfo& info) {
  const auto key = as_string(info[0]);
  if (!key) return fail_argument(info.Env(), "closeShard(key)");
  return Napi::Boolean::New(info.Env(), Registry::instance().close(*key));
}

Result<std::uint64_t> count_all(std::span<const ShardReference> shards, const Matching& matching) {
  std::uint64_t points = 0;
  for (const auto& handle : shards) {
    const auto counted = handle->shard->count(matching);
    if (!counted) return counted.error();
    points += counted.value();
  }
  return points;
}

class CountJob final : public Job {
 public:
  CountJob(Napi::Env env, std::vector<ShardReference> shards, Filter filter)
      : Job(env), shards_(std::move(shards)), filter_(std::move(filter)) {}

  void work() noexcept override {
    points_ = guard([this] { return count_all(shards_, {&filter_, nullptr, &engine_pool()}); });
  }
  void settle(Napi::Env env) override {
    if (!points_) return deferred.Reject(error_object(env, points_.error()));
    deferred.Resolve(Napi::Number::New(env, static_cast<double>(points_.value())));
  }

 private:
  std::vector<ShardReference> shards_;
  Filter filter_;
  Result<std::uint64_t> points_ = std::uint64_t{0};
};

// count(shards: ShardHandle[], filter: Uint8Array | null): number | Promise<number>        without a filter: number
Napi::Value count(const Napi::CallbackInfo& info) {
  auto shards = as_shards(info[0]);
  if (!shards) return fail_argument(info.Env(), "count(shards, filter)");
  auto filter = as_filter(info[1]);
  if (!filter) return fail(info.Env(), filter.error());
  Matching matching;
  std::uint64_t estimate = 0;
  if (filter.value()) {
    matching.filter = &*filter.value();
    for (const auto& handle : *shards) estimate += handle->shard->estimate_filter(*filter.value());
  }
  if (estimate > kInlineWorkMax) {
    auto job = std::make_unique<CountJob>(info.Env(), std::move(*shards), std::move(*filter.value()));
    return Completions::of(info.Env()).run(info.Env(), std::move(job));
  }
  const auto points = guard([&] { return count_all(*shards, matching); });
  if (!points) return fail(info.Env(), points.error());
  return Napi::Number::New(info.Env(), static_cast<double>(points.value()));
}

// state(shard: ShardHandle): NativeShardState
Napi::Value state(const Napi::CallbackInfo& info) {
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(info.Env(), "state(shard)");
  return state_object(info.Env(), (*handle)->shard->state());
}

/// The list of what a shard knows, by one of its functions.
/// @param put  (object, one): sets an object's properties
template <typename One, typename Put>
Napi::Value list_of(const Napi::CallbackInfo& info, const char* call, std::vector<One> (Shard::*known_of)() const, Put put) {
  const auto env = info.Env();
  const auto handle = as_shard(info[0]);
  if (!handle) return fail_argument(env, call);
  const auto known = guard([&]() -> Result<std::vector<One>> { return std::invoke(known_of, *(*handle)->shard.get()); });
  if (!known) return fail(env, known.error());
  auto list = Napi::Array::New(env, known.value().size());
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    auto object = Napi::Object::New(env);
    put(object, known.value()[i]);
    list.Set(i, object);
  }
  return list;
}

// quantized(shard: ShardHandle): { slot: number, vectors: number, bytesOfEach: number }[]
Napi::Value quantized(const Napi::CallbackInfo& info) {
  return list_of(info, "quantized(shard)", &Shard::quantized, [](Napi::Object& object, const SlotCodes& one) {
    set_number(object, "slot", one.slot);
    set_number(object, "vectors", one.codes.vectors);
    set_number(object, "bytesOfEach", one.codes.bytes_of_each);
  });
}

/// By name: of each kind of search that there was, how many there were and what they took.
Napi::Object searches_object(Napi::Env env, const SlotSearches::Kinds& kinds) {
  auto object = Napi::Object::New(env);
  const auto set = [&](const char* name, const SearchesTaken& taken) {
    if (taken.count == 0) return;
    auto entry = Napi::Object::New(env);
    set_number(entry, "count", taken.count);
    set_number(entry, "micros", taken.nanoseconds / 1000);
    object.Set(name, entry);
  };
  set("exact", kinds.exact);
  set("sparse", kinds.sparse);
  // In the order of SearchPath.
  const char* const paths[] = {"scan", "codeScan", "graph", "filteredGraph", "graphGaveUp"};
  static_assert(std::size(paths) == std::extent_v<decltype(kinds.paths)>);
  for (std::size_t path = 0; path < std::size(paths); ++path) set(paths[path], kinds.paths[path]);
  return object;
}

// searches(shard: ShardHandle): SlotSearches[]
Napi::Value searches(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return list_of(info, "searches(shard)", &Shard::searches, [env](Napi::Object& object, const SlotSearches& one) {
    set_number(object, "slot", one.slot);
    object.Set("unfiltered", searches_object(env, one.unfiltered));
    object.Set("filtered", searches_object(env, one.filtered));
  });
}

// sources(shard: ShardHandle): { ingest: bigint, topic: string, partition: number, next: bigint }[]
Napi::Value sources(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  return list_of(info, "sources(shard)", &Shard::sources, [env](Napi::Object& object, const SourcePosition& one) {
    object.Set("ingest", to_bigint(env, one.ingest));
    object.Set("topic", Napi::String::New(env, one.topic));
    set_number(object, "partition", one.partition);
    object.Set("next", to_bigint(env, one.next));
  });
}

}  // namespace

Napi::Object state_object(Napi::Env env, const ShardState& state) {
  auto object = Napi::Object::New(env);
  object.Set("nextOffset", to_bigint(env, state.next_offset));
  object.Set("digest", Napi::String::New(env, to_hex(state.digest)));
  object.Set("contentDigest", Napi::String::New(env, to_hex(state.content_digest)));
  set_number(object, "points", state.points);
  set_number(object, "rows", state.rows);
  object.Set("visibleOffset", to_bigint(env, state.visible_offset));
  set_number(object, "visiblePoints", state.visible_points);
  set_number(object, "schemaVersion", state.schema_version);
  set_number(object, "recordsApplied", state.records_applied);
  set_number(object, "recordsRejected", state.records_rejected);
  set_number(object, "recordsDuplicate", state.records_duplicate);
  set_number(object, "memoryBytes", state.memory.total());
  set_number(object, "diskBytes", state.memory.cold);
  set_number(object, "indexedVectors", state.indexed_vectors);
  set_number(object, "graphChanges", state.graph_changes);
  set_number(object, "waitingVectors", state.waiting_vectors);
  return object;
}

std::optional<ShardReference> as_shard(const Napi::Value& value) {
  bool is_shard = false;
  if (!value.IsExternal()) return std::nullopt;
  napi_check_object_type_tag(value.Env(), value, &kShardTag, &is_shard);
  if (!is_shard) return std::nullopt;
  return *value.As<Napi::External<ShardReference>>().Data();
}

std::optional<std::vector<ShardReference>> as_shards(const Napi::Value& value) {
  if (!value.IsArray()) return std::nullopt;
  const auto array = value.As<Napi::Array>();
  std::vector<ShardReference> shards;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    auto shard = as_shard(array[i]);
    if (!shard) return std::nullopt;
    shards.push_back(std::move(*shard));
  }
  return shards;
}

void export_shards(Napi::Env env, Napi::Object exports) {
  exports.Set("openShard", Napi::Function::New(env, open_shard));
  exports.Set("setGrowth", Napi::Function::New(env, set_growth));
  exports.Set("findShard", Napi::Function::New(env, find_shard));
  exports.Set("replaceShard", Napi::Function::New(env, replace_shard));
  exports.Set("retireShard", Napi::Function::New(env, retire_shard));
  exports.Set("registryVersion", Napi::Function::New(env, registry_version));
  exports.Set("closeShard", Napi::Function::New(env, close_shard));
  exports.Set("count", Napi::Function::New(env, count));
  exports.Set("state", Napi::Function::New(env, state));
  exports.Set("sources", Napi::Function::New(env, sources));
  exports.Set("searches", Napi::Function::New(env, searches));
  exports.Set("quantized", Napi::Function::New(env, quantized));
}

}  // namespace millrace::binding
