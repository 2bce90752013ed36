#include <algorithm>
#include <unordered_map>

#include "convert.h"
#include "families.h"
#include "inline_work.h"
#include "millrace/guard.h"
#include "millrace/point_id_text.h"
#include "point_reader.h"
#include "render_job.h"

namespace millrace::binding {
namespace {

Hit hit_at(std::span<const std::byte> entries, std::size_t index) {
  const auto* at = entries.data() + index * kHitEntryBytes;
  return {get_id(at + 16, get<std::uint32_t>(at) != 0), get<std::uint64_t>(at + 8), get<float>(at + 4)};
}

// renderHits(shards, hits: Uint8Array[], order: Uint32Array, shape: NativeShape, inObject: boolean):
//   Buffer | null | Promise<Buffer | null>   null: a shard was replaced since, and does not know what a hit saw
Napi::Value render_hits_call(const Napi::CallbackInfo& info) {
  auto shards = as_shards(info[0]);
  const auto order = as_span<const std::uint32_t>(info[2]);
  if (!shards || !info[1].IsArray() || !order) return fail_argument(info.Env(), "renderHits(shards, hits, order, shape, inObject)");
  const auto array = info[1].As<Napi::Array>();
  std::vector<std::span<const std::byte>> hits;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const auto entries = as_span<const std::byte>(array[i]);
    if (!entries) return fail_argument(info.Env(), "hits are byte arrays");
    hits.push_back(*entries);
  }
  std::vector<ShardHit> ordered;
  ordered.reserve(order->size() / 2);
  for (std::size_t i = 0; i + 1 < order->size(); i += 2) {
    const auto shard = (*order)[i];
    if (shard >= shards->size() || shard >= hits.size() || (*order)[i + 1] >= hits[shard].size() / kHitEntryBytes) {
      return fail_argument(info.Env(), "an order entry names no hit");
    }
    ordered.push_back({shard, hit_at(hits[shard], (*order)[i + 1])});
  }
  auto request = read_request(info[3], *shards);
  if (!request) return fail(info.Env(), request.error());
  const auto estimate = ordered.size() * estimate_point(request.value());
  return render(info.Env(), estimate,
                [shards = std::move(*shards), ordered = std::move(ordered), request = std::move(request.value()),
                 in_object = info[4].ToBoolean().Value()] { return render_hits(shards, ordered, request, in_object); });
}

std::vector<PointId> read_ids(std::span<const std::byte> entries) {
  std::vector<PointId> ids;
  for (std::size_t i = 0; i < entries.size() / kIdEntryBytes; ++i) {
    const auto* at = entries.data() + i * kIdEntryBytes;
    ids.push_back(get_id(at + 8, get<std::uint32_t>(at) != 0));
  }
  return ids;
}

/// @return empty when a single point was wanted and does not exist
Result<std::string> render_points(std::span<const ShardReference> shards, std::span<const PointId> ids,
                                  std::span<const std::uint32_t> shard_of, const ReadRequest& request, bool is_single) {
  PointReader<PointId> reader(shards, request.selector);
  std::unordered_map<PointId, bool, IdHash> seen;
  std::vector<PointId> wanted;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!seen.emplace(ids[i], true).second) continue;
    wanted.push_back(ids[i]);
    reader.want(shard_of[i], ids[i]);
  }
  if (auto error = reader.read()) return *error;
  std::string out;
  begin_response(out);
  if (!is_single) out.push_back('[');
  bool is_first = true;
  for (const auto& id : wanted) {
    const auto* point = reader.find(id);
    if (point == nullptr) continue;
    if (!is_first) out.push_back(',');
    is_first = false;
    append_record(out, *point, request.shape);
  }
  if (is_single && is_first) return std::string();
  if (!is_single) out.push_back(']');
  end_response(out, request.start_ns);
  return out;
}

// renderPoints(shards, ids: Uint8Array, shardOf: Uint32Array, shape: NativeShape, isSingle: boolean):
//   Buffer | null | Promise<Buffer>        null: a single point that does not exist; a single one is never a promise
Napi::Value render_points_call(const Napi::CallbackInfo& info) {
  auto shards = as_shards(info[0]);
  const auto entries = as_span<const std::byte>(info[1]);
  const auto shard_of = as_span<const std::uint32_t>(info[2]);
  if (!shards || !entries || !shard_of || shard_of->size() != entries->size() / kIdEntryBytes) {
    return fail_argument(info.Env(), "renderPoints(shards, ids, shardOf, shape, isSingle)");
  }
  for (const auto shard : *shard_of)
    if (shard >= shards->size()) return fail_argument(info.Env(), "an id's shard is not among the shards");
  auto request = read_request(info[3], *shards);
  if (!request) return fail(info.Env(), request.error());
  auto ids = read_ids(*entries);
  if (!info[4].ToBoolean()) {
    const auto estimate = ids.size() * estimate_point(request.value());
    return render(info.Env(), estimate,
                  [shards = std::move(*shards), ids = std::move(ids), request = std::move(request.value()),
                   shard_of = std::vector(shard_of->begin(), shard_of->end())] {
                    return render_points(shards, ids, shard_of, request, false);
                  });
  }
  auto text = guard([&] { return render_points(*shards, ids, *shard_of, request.value(), true); });
  if (!text) return fail(info.Env(), text.error());
  return to_answer(info.Env(), std::move(text.value()));
}

/// Merges the pages of the shards by id: each holds enough to fill the answer alone.
/// @param hits_from  the point from which on they are shown, as the hits of a query that has nothing to compare with;
///                   nothing: a page of records, and where the next one begins
Result<std::string> render_scroll(std::span<const ShardReference> shards, std::optional<PointId> from, std::uint32_t limit,
                                  const ReadRequest& request, const Matching& matching, std::optional<std::size_t> hits_from) {
  std::vector<PointPage> pages;
  std::vector<std::pair<const PointView*, PointId>> points;
  std::optional<PointId> next;
  const auto consider_next = [&next](const PointId& id) {
    if (!next || id < *next) next = id;
  };
  for (const auto& handle : shards) {
    auto page = handle->shard->scroll(from, limit, request.selector, matching);
    if (!page) return page.error();
    if (page.value().next) consider_next(*page.value().next);
    pages.push_back(std::move(page.value()));
  }
  for (const auto& page : pages)
    for (const auto& point : page.points) points.emplace_back(&point, point.id);
  std::ranges::sort(points, {}, &std::pair<const PointView*, PointId>::second);
  if (points.size() > limit) {
    consider_next(points[limit].second);
    points.resize(limit);
  }
  std::string out;
  begin_response(out);
  out += "{\"points\":[";
  const auto first = hits_from.value_or(0);
  for (auto i = first; i < points.size(); ++i) {
    if (i > first) out.push_back(',');
    if (hits_from) {
      append_hit(out, {points[i].second, 0, 1}, points[i].first, request.shape);
    } else {
      append_record(out, *points[i].first, request.shape);
    }
  }
  out.push_back(']');
  if (!hits_from) {
    out += ",\"next_page_offset\":";
    if (next) {
      append_point_id(out, *next);
    } else {
      out += "null";
    }
  }
  out.push_back('}');
  end_response(out, request.start_ns);
  return out;
}

// renderScroll(shards, from: Uint8Array | null, limit: number, shape: NativeShape, filter: Uint8Array | null,
//              hitsFrom: number | null): Buffer | Promise<Buffer>
Napi::Value render_scroll_call(const Napi::CallbackInfo& info) {
  auto shards = as_shards(info[0]);
  const auto limit = as_u64(info[2]);
  if (!shards || !limit || *limit == 0 || *limit > UINT32_MAX) return fail_argument(info.Env(), "renderScroll(shards, from, limit, shape, filter, hitsFrom)");
  std::optional<PointId> from;
  if (const auto entry = as_span<const std::byte>(info[1])) {
    if (entry->size() != kIdEntryBytes) return fail_argument(info.Env(), "a scroll starts from one id");
    from = read_ids(*entry).front();
  }
  auto request = read_request(info[3], *shards);
  if (!request) return fail(info.Env(), request.error());
  auto filter = as_filter(info[4]);
  if (!filter) return fail(info.Env(), filter.error());
  std::uint64_t points = 0;
  std::uint64_t estimate = 0;
  for (const auto& handle : *shards) {
    points += handle->shard->state().points;
    estimate += handle->shard->estimate_scroll();
    // From the unit of a search to that of a response.
    if (filter.value()) estimate += handle->shard->estimate_filter(*filter.value()) * kInlineRenderMax / kInlineWorkMax;
  }
  estimate += std::min(points, *limit) * estimate_point(request.value());
  return render(info.Env(), estimate,
                [shards = std::move(*shards), from, limit = static_cast<std::uint32_t>(*limit), hits_from = as_u64(info[5]),
                 request = std::move(request.value()), filter = std::move(filter.value())] {
                  return render_scroll(shards, from, limit, request,
                                       {filter ? &*filter : nullptr, nullptr, &engine_pool()}, hits_from);
                });
}

}  // namespace

void export_points(Napi::Env env, Napi::Object exports) {
  exports.Set("renderHits", Napi::Function::New(env, render_hits_call));
  exports.Set("renderPoints", Napi::Function::New(env, render_points_call));
  exports.Set("renderScroll", Napi::Function::New(env, render_scroll_call));
}

}  // namespace millrace::binding
