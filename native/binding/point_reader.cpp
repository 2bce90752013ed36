#include "point_reader.h"

#include <algorithm>

#include "convert.h"

namespace millrace::binding {
namespace {

Error bad_argument(const char* reason) { return {Errc::argument_invalid, std::string("\"reason\":\"") + reason + "\""}; }

Result<std::vector<JsonPath>> read_paths(const Napi::Value& value) {
  if (!value.IsArray()) return bad_argument("paths are a list of strings");
  const auto array = value.As<Napi::Array>();
  std::vector<JsonPath> paths;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto text = as_string(array[i]);
    auto path = text ? parse_json_path(*text) : std::nullopt;
    if (!path) return bad_argument("not a JSON path");
    paths.push_back(std::move(*path));
  }
  return paths;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) >= 0x20) out.push_back(c);
  }
  return out + '"';
}

std::optional<Error> read_vector_names(const Napi::Value& value, ReadRequest& request) {
  if (!value.IsArray()) {
    request.shape.has_vectors = request.selector.all_vectors = value.ToBoolean();
    return std::nullopt;
  }
  request.shape.has_vectors = true;
  const auto array = value.As<Napi::Array>();
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto name = as_string(array[i]);
    if (!name) return bad_argument("vector names are strings");
    const auto found = std::ranges::find(request.shape.vectors, *name, &VectorSlot::name);
    if (found == request.shape.vectors.end()) return Error{Errc::vector_name_unknown, "\"name\":" + quoted(*name)};
    request.selector.slots.push_back(found->slot);
  }
  return std::nullopt;
}

}  // namespace

Result<ReadRequest> read_request(const Napi::Value& value, std::span<const ShardReference> shards) {
  if (!value.IsObject() || shards.empty()) return bad_argument("shards and what to show of points are needed");
  const auto object = value.As<Napi::Object>();
  ReadRequest request;
  request.start_ns = as_u64(object.Get("startNs")).value_or(steady_now_ns());
  if (const auto schema = shards.front()->shard->schema()) request.shape.vectors = schema->vectors;
  request.shape.has_payload = request.selector.payload = object.Get("payload").ToBoolean();
  for (const auto& [name, mode] : {std::pair{"include", PayloadSelector::Mode::include},
                                   std::pair{"exclude", PayloadSelector::Mode::exclude}}) {
    if (!object.Has(name)) continue;
    auto paths = read_paths(object.Get(name));
    if (!paths) return paths.error();
    request.shape.payload = {mode, paths.value()};
  }
  if (const auto error = read_vector_names(object.Get("vectors"), request)) return *error;
  return request;
}

std::uint64_t estimate_point(const ReadRequest& request) {
  constexpr std::uint64_t kPlainWork = 4;
  constexpr std::uint64_t kPayloadWork = 16;
  // How many entries there are is not known before: indices and values of some hundred.
  constexpr std::uint64_t kSparseWork = 256;
  // Nor how many vectors a multivector has.
  constexpr std::uint64_t kVectorsOfMulti = 16;
  std::uint64_t work = kPlainWork + (request.shape.has_payload ? kPayloadWork : 0);
  for (const auto& vector : request.shape.vectors) {
    const auto& slots = request.selector.slots;
    if (request.selector.all_vectors || std::ranges::find(slots, vector.slot) != slots.end()) work += vector.is_sparse ? kSparseWork : vector.dimension * (vector.is_multi ? kVectorsOfMulti : 1);
  }
  return work;
}

Result<std::string> render_hits(std::span<const ShardReference> shards, std::span<const ShardHit> hits,
                                const ReadRequest& request, bool in_object) {
  const bool reads_points = request.shape.has_payload || request.shape.has_vectors;
  PointReader<Hit> reader(shards, request.selector);
  if (reads_points) {
    for (const auto& [shard, hit] : hits) reader.want(shard, hit);
    if (auto error = reader.read()) return *error;
  }
  std::string out;
  begin_response(out);
  out += in_object ? "{\"points\":[" : "[";
  bool is_first = true;
  for (const auto& [shard, hit] : hits) {
    const auto* point = reads_points ? reader.find(hit.id) : nullptr;
    if (reads_points && point == nullptr) return std::string();
    if (!is_first) out.push_back(',');
    is_first = false;
    append_hit(out, hit, point, request.shape);
  }
  out += in_object ? "]}" : "]";
  end_response(out, request.start_ns);
  return out;
}

}  // namespace millrace::binding
