#include <algorithm>

#include "convert.h"
#include "families.h"
#include "millrace/guard.h"
#include "millrace/json_check.h"
#include "millrace/json_children.h"
#include "millrace/points_parser.h"

namespace millrace::binding {
namespace {

constexpr napi_type_tag kTargetTag = {0x6d696c6c72616365ULL, 0x7461726765742e31ULL};

struct Encoder {
  EncodeTarget target;
  EncodeLimits limits;
};

std::optional<Distance> distance_of(const std::string& name) {
  if (name == "Cosine") return Distance::cosine;
  if (name == "Dot") return Distance::dot;
  if (name == "Euclid") return Distance::euclid;
  if (name == "Manhattan") return Distance::manhattan;
  return std::nullopt;
}

std::optional<ElementType> element_of(const Napi::Value& name) {
  if (name.IsUndefined()) return ElementType::f32;
  const auto text = as_string(name).value_or("");
  if (text == "float16") return ElementType::f16;
  if (text == "uint8") return ElementType::u8;
  return std::nullopt;
}

bool read_vectors(const Napi::Value& value, std::vector<VectorSlot>& vectors) {
  if (!value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array[i];
    if (!item.IsObject()) return false;
    const auto object = item.As<Napi::Object>();
    const auto slot = as_u64(object.Get("slot"));
    const auto name = as_string(object.Get("name"));
    const auto size = as_u64(object.Get("size"));
    const auto distance = distance_of(as_string(object.Get("distance")).value_or(""));
    const auto element = element_of(object.Get("datatype"));
    if (!slot || !name || !size || *size == 0 || !distance || !element) return false;
    vectors.push_back({static_cast<std::uint32_t>(*slot), *name, static_cast<std::uint32_t>(*size), *distance, false, *element,
                       object.Get("multi").ToBoolean()});
  }
  return true;
}

bool read_sparse(const Napi::Value& value, std::vector<VectorSlot>& vectors) {
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array[i];
    if (!item.IsObject()) return false;
    const auto slot = as_u64(item.As<Napi::Object>().Get("slot"));
    auto name = as_string(item.As<Napi::Object>().Get("name"));
    if (!slot || !name || name->empty()) return false;
    vectors.push_back(sparse_slot(static_cast<std::uint32_t>(*slot), std::move(*name)));
  }
  return true;
}

// makeEncodeTarget(target: { collectionId, schemaVersion, vectors, sparse?, shardOfBucket: Uint16Array, shards,
//                  recordBytesTarget?, recordBytesMax?, jsonDepthMax? }): EncodeTarget
Napi::Value make_encode_target(const Napi::CallbackInfo& info) {
  const auto refuse = [&] { return fail_argument(info.Env(), "makeEncodeTarget(target)"); };
  if (!info[0].IsObject()) return refuse();
  const auto object = info[0].As<Napi::Object>();
  const auto collection_id = as_u64(object.Get("collectionId"));
  const auto schema_version = as_u64(object.Get("schemaVersion"));
  const auto shard_of_bucket = as_span<const std::uint16_t>(object.Get("shardOfBucket"));
  const auto shards = as_u64(object.Get("shards"));
  auto encoder = std::make_unique<Encoder>();
  auto& target = encoder->target;
  if (!collection_id || !schema_version || !shards || !shard_of_bucket || shard_of_bucket->size() != kBucketCount ||
      !read_vectors(object.Get("vectors"), target.vectors) || !read_sparse(object.Get("sparse"), target.vectors)) {
    return refuse();
  }
  target.collection_id = *collection_id;
  target.schema_version = static_cast<std::uint32_t>(*schema_version);
  target.shards = static_cast<std::uint32_t>(*shards);
  target.shard_of_bucket.assign(shard_of_bucket->begin(), shard_of_bucket->end());
  for (const auto shard : target.shard_of_bucket)
    if (shard >= target.shards) return refuse();
  const auto set_limit = [&](const char* name, std::uint32_t& limit) {
    if (const auto value = as_u64(object.Get(name))) limit = static_cast<std::uint32_t>(*value);
  };
  set_limit("recordBytesTarget", encoder->limits.record_bytes_target);
  set_limit("recordBytesMax", encoder->limits.record_bytes_max);
  set_limit("jsonDepthMax", encoder->limits.json_depth_max);
  const auto external = Napi::External<Encoder>::New(info.Env(), encoder.get(),
                                                     [](Napi::Env, Encoder* kept) { std::unique_ptr<Encoder>{kept}; });
  static_cast<void>(encoder.release());
  napi_type_tag_object(info.Env(), external, &kTargetTag);
  return external;
}

const char* name_of(ParseVerdict verdict) {
  switch (verdict) {
    case ParseVerdict::accepted: return "accepted";
    case ParseVerdict::too_large: return "tooLarge";
    case ParseVerdict::irregular: break;
  }
  return "irregular";
}

// NativeEncodeOperation: { kind: 'upsert' | 'updateVectors', meta: Uint8Array } | undefined
std::optional<EncodeOperation> read_operation(const Napi::Value& value) {
  if (value.IsUndefined()) return EncodeOperation{};
  if (!value.IsObject()) return std::nullopt;
  const auto object = value.As<Napi::Object>();
  const auto kind = as_string(object.Get("kind"));
  const auto meta = as_span<const std::byte>(object.Get("meta"));
  if (!meta || (kind != "upsert" && kind != "updateVectors")) return std::nullopt;
  return EncodeOperation{kind == "upsert" ? layout::RecordKind::upsert : layout::RecordKind::update_vectors, *meta, true};
}

Napi::Array record_list(Napi::Env env, const std::vector<EncodedRecord>& records) {
  auto list = Napi::Array::New(env, records.size());
  for (std::uint32_t i = 0; i < records.size(); ++i) {
    auto object = Napi::Object::New(env);
    object.Set("shard", Napi::Number::New(env, records[i].shard));
    object.Set("points", Napi::Number::New(env, records[i].points));
    object.Set("frame", to_transferable(env, records[i].frame));
    list.Set(i, object);
  }
  return list;
}

// parseUpsert(body: Uint8Array, target: EncodeTarget, operation?: NativeEncodeOperation): ParsedUpsert
Napi::Value parse_upsert_call(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto body = as_span<const char>(info[0]);
  bool is_target = false;
  if (info[1].IsExternal()) napi_check_object_type_tag(env, info[1], &kTargetTag, &is_target);
  const auto operation = read_operation(info[2]);
  if (!body || !is_target || !operation) return fail_argument(env, "parseUpsert(body, target, operation)");
  const auto& encoder = *info[1].As<Napi::External<Encoder>>().Data();
  auto parsed = guard([&]() -> Result<ParsedPoints> {
    return parse_upsert({body->data(), body->size()}, encoder.target, encoder.limits, *operation);
  });
  if (!parsed) return fail(env, parsed.error());
  const auto& points = parsed.value();
  auto object = Napi::Object::New(env);
  object.Set("verdict", Napi::String::New(env, name_of(points.verdict)));
  set_number(object, "points", points.points);
  set_number(object, "recordBytes", points.record_bytes);
  object.Set("records", record_list(env, points.records));
  return object;
}

// parsePointMessages(messages: Uint8Array[], target: EncodeTarget): ParsedMessages
Napi::Value parse_point_messages_call(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  bool is_target = false;
  if (info[1].IsExternal()) napi_check_object_type_tag(env, info[1], &kTargetTag, &is_target);
  const auto refuse = [&] { return fail_argument(env, "parsePointMessages(messages, target)"); };
  if (!info[0].IsArray() || !is_target) return refuse();
  const auto array = info[0].As<Napi::Array>();
  std::vector<std::string_view> messages;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto message = as_span<const char>(array[i]);
    if (!message) return refuse();
    messages.emplace_back(message->data(), message->size());
  }
  const auto& encoder = *info[1].As<Napi::External<Encoder>>().Data();
  auto parsed = guard([&]() -> Result<ParsedMessages> {
    return parse_point_messages(messages, encoder.target, encoder.limits);
  });
  if (!parsed) return fail(env, parsed.error());
  const auto& points = parsed.value();
  auto refused = Napi::Uint32Array::New(env, points.refused.size());
  std::ranges::copy(points.refused, refused.Data());
  auto object = Napi::Object::New(env);
  set_number(object, "points", points.points);
  object.Set("refused", refused);
  object.Set("records", record_list(env, points.records));
  return object;
}

// jsonCheck(body: Uint8Array, depthMax: number): JsonFault | null
Napi::Value json_check_call(const Napi::CallbackInfo& info) {
  const auto body = as_span<const char>(info[0]);
  const auto depth_max = as_u64(info[1]);
  if (!body || !depth_max) return fail_argument(info.Env(), "jsonCheck(body, depthMax)");
  const auto check = json_check({body->data(), body->size()}, static_cast<std::uint32_t>(*depth_max));
  if (check.verdict == JsonVerdict::valid) return info.Env().Null();
  auto object = Napi::Object::New(info.Env());
  object.Set("isTooDeep", Napi::Boolean::New(info.Env(), check.verdict == JsonVerdict::too_deep));
  object.Set("position", Napi::Number::New(info.Env(), static_cast<double>(check.position)));
  object.Set("reason", Napi::String::New(info.Env(), check.reason.data(), check.reason.size()));
  return object;
}

// jsonChildren(text: Uint8Array, depthMax: number): { keys: string[] | null, spans: Uint32Array } | null
Napi::Value json_children_call(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto text = as_span<const char>(info[0]);
  const auto depth_max = as_u64(info[1]);
  if (!text || text->size() > UINT32_MAX || !depth_max) return fail_argument(env, "jsonChildren(text, depthMax)");
  const auto children = json_children({text->data(), text->size()}, static_cast<std::uint32_t>(*depth_max));
  if (!children) return env.Null();
  auto keys = Napi::Array::New(env, children->keys.size());
  for (std::uint32_t i = 0; i < children->keys.size(); ++i) keys.Set(i, Napi::String::New(env, children->keys[i]));
  auto spans = Napi::Uint32Array::New(env, children->spans.size());
  std::ranges::copy(children->spans, spans.Data());
  auto object = Napi::Object::New(env);
  object.Set("keys", children->is_object ? Napi::Value(keys) : env.Null());
  object.Set("spans", spans);
  return object;
}

// payloadText(text: Uint8Array, depthMax: number): string | null
Napi::Value payload_text_call(const Napi::CallbackInfo& info) {
  const auto text = as_span<const char>(info[0]);
  const auto depth_max = as_u64(info[1]);
  if (!text || !depth_max) return fail_argument(info.Env(), "payloadText(text, depthMax)");
  const auto payload = payload_text({text->data(), text->size()}, static_cast<std::uint32_t>(*depth_max));
  return payload ? Napi::String::New(info.Env(), *payload) : info.Env().Null();
}

}  // namespace

void export_parser(Napi::Env env, Napi::Object exports) {
  exports.Set("makeEncodeTarget", Napi::Function::New(env, make_encode_target));
  exports.Set("parseUpsert", Napi::Function::New(env, parse_upsert_call));
  exports.Set("parsePointMessages", Napi::Function::New(env, parse_point_messages_call));
  exports.Set("jsonCheck", Napi::Function::New(env, json_check_call));
  exports.Set("jsonChildren", Napi::Function::New(env, json_children_call));
  exports.Set("payloadText", Napi::Function::New(env, payload_text_call));
}

}  // namespace millrace::binding
