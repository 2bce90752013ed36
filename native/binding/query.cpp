#include <algorithm>
#include <memory>

#include "async.h"
#include "convert.h"
#include "families.h"
#include "inline_work.h"
#include "millrace/guard.h"
#include "millrace/normalize.h"
#include "millrace/query_parser.h"
#include "point_reader.h"
#include "render_job.h"

namespace millrace::binding {
namespace {

/// A nearest-points request from its parsed body to the rendered answer: search every shard, merge, read, render.
class NearestCall {
 public:
  NearestCall(std::vector<ShardReference> shards, NearestQuery query, const VectorSlot& slot, const Schema& schema)
      : shards_(std::move(shards)), query_(std::move(query)) {
    if (slot.keeps_unit_length()) normalize(query_.vector, square_sum_of(query_.vector));
    plan_ = {slot.slot, query_.vector, query_.limit + query_.offset, query_.exact, query_.ef, query_.score_threshold, {}};
    plan_.quantization = query_.quantization;
    request_.shape.vectors = schema.vectors;
    request_.shape.has_payload = request_.selector.payload = query_.has_payload;
    request_.shape.has_vectors = request_.selector.all_vectors = query_.has_vector;
  }
  NearestCall(const NearestCall&) = delete;
  NearestCall& operator=(const NearestCall&) = delete;

  void answer_as(QueryForm form, std::uint64_t start_ns, std::uint64_t deadline_ns) noexcept {
    in_object_ = form == QueryForm::query;
    request_.start_ns = start_ns;
    cancellation_->deadline_ns = deadline_ns;
    plan_.matching.cancellation = cancellation_.get();
  }

  [[nodiscard]] bool is_short() const {
    std::uint64_t work = 0;
    for (const auto& handle : shards_) work += handle->shard->estimate_work(plan_);
    return work <= kInlineWorkMax && plan_.k * estimate_point(request_) <= kInlineRenderMax;
  }

  [[nodiscard]] const std::shared_ptr<Cancellation>& cancellation() const noexcept { return cancellation_; }
  void help_with(ThreadPool& helpers) noexcept { plan_.matching.helpers = &helpers; }

  [[nodiscard]] Result<std::string> run() const {
    std::vector<ShardHit> hits;
    bool larger_is_better = true;
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      auto found = shards_[shard]->shard->search(plan_);
      if (!found) return found.error();
      larger_is_better = found.value().larger_is_better;
      for (const auto& hit : found.value().hits) hits.push_back({shard, hit});
    }
    if (shards_.size() > 1) std::ranges::sort(hits, [&](const ShardHit& a, const ShardHit& b) {
      if (a.hit.score != b.hit.score) return larger_is_better ? a.hit.score > b.hit.score : a.hit.score < b.hit.score;
      return larger_is_better ? a.hit.id > b.hit.id : a.hit.id < b.hit.id;
    });
    const auto first = std::min<std::size_t>(query_.offset, hits.size());
    const auto count = std::min<std::size_t>(query_.limit, hits.size() - first);
    return render_hits(shards_, std::span(hits).subspan(first, count), request_, in_object_);
  }

 private:
  std::vector<ShardReference> shards_;
  NearestQuery query_;
  SearchPlan plan_;
  ReadRequest request_;
  bool in_object_ = true;
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
};

// answerNearest(shards, body: Uint8Array, form: 'query' | 'search', startNs: bigint, deadlineNs: bigint,
//               pointsMax: number, jsonDepthMax: number): Buffer | Promise<Buffer> | null
// null: the schema path has to read the body, or a shard was replaced in the middle of it
Napi::Value answer_nearest(const Napi::CallbackInfo& info) {
  auto shards = as_shards(info[0]);
  const auto body = as_span<const char>(info[1]);
  const auto start_ns = as_u64(info[3]);
  const auto deadline_ns = as_u64(info[4]);
  const auto points_max = as_u64(info[5]);
  const auto depth_max = as_u64(info[6]);
  if (!shards || shards->empty() || !body || !start_ns || !deadline_ns || !points_max || !depth_max) {
    return fail_argument(info.Env(), "answerNearest(shards, body, form, startNs, deadlineNs, pointsMax, jsonDepthMax)");
  }
  const auto form = info[2].ToBoolean() ? QueryForm::query : QueryForm::search;
  auto call = guard([&]() -> Result<std::unique_ptr<NearestCall>> {
    auto query = parse_nearest({body->data(), body->size()}, form, static_cast<std::uint32_t>(*depth_max));
    if (!query || std::uint64_t{query->limit} + query->offset > *points_max) return {nullptr};
    const auto schema = shards->front()->shard->schema();
    const auto slot = std::ranges::find(schema->vectors, query->name, &VectorSlot::name);
    if (slot == schema->vectors.end() || slot->dimension != query->vector.size()) return {nullptr};
    return {std::make_unique<NearestCall>(std::move(*shards), std::move(*query), *slot, *schema)};
  });
  if (!call) return fail(info.Env(), call.error());
  if (call.value() == nullptr) return info.Env().Null();
  auto& nearest = *call.value();
  nearest.answer_as(form, *start_ns, *deadline_ns);
  if (nearest.is_short()) {
    auto text = guard([&] { return nearest.run(); });
    return text ? to_answer(info.Env(), std::move(text.value())) : fail(info.Env(), text.error());
  }
  nearest.help_with(engine_pool());
  const auto cancellation = nearest.cancellation();
  auto work = [kept = std::move(call.value())] { return kept->run(); };
  auto job = std::make_unique<RenderJob<decltype(work)>>(info.Env(), std::move(work));
  return cancellable(info.Env(), Completions::of(info.Env()).run(info.Env(), std::move(job)), cancellation);
}

}  // namespace

void export_query(Napi::Env env, Napi::Object exports) {
  exports.Set("answerNearest", Napi::Function::New(env, answer_nearest));
}

}  // namespace millrace::binding
