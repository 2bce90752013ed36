#include "async.h"
#include "convert.h"
#include "families.h"
#include "inline_work.h"
#include "millrace/guard.h"
#include "millrace/normalize.h"
#include "shard_handle.h"

namespace millrace::binding {
namespace {

Napi::Value to_object(Napi::Env env, const SearchResult& result) {
  std::vector<std::byte> entries(result.hits.size() * kHitEntryBytes);
  for (std::size_t i = 0; i < result.hits.size(); ++i) {
    const auto& hit = result.hits[i];
    auto* at = entries.data() + i * kHitEntryBytes;
    put(at, static_cast<std::uint32_t>(hit.id.is_uuid));
    put(at + 4, hit.score);
    put(at + 8, hit.version);
    put_id(at + 16, hit.id);
  }
  auto object = Napi::Object::New(env);
  object.Set("entries", to_buffer(env, std::move(entries)));
  object.Set("largerIsBetter", Napi::Boolean::New(env, result.larger_is_better));
  object.Set("nextOffset", to_bigint(env, result.next_offset));
  return object;
}

class SearchJob final : public Job {
 public:
  SearchJob(Napi::Env env, ShardReference handle, SearchPlan plan, std::vector<float> query, std::uint64_t deadline_ns,
            std::vector<std::uint32_t> indices, std::optional<Filter> filter)
      : Job(env),
        handle_(std::move(handle)),
        query_(std::move(query)),
        indices_(std::move(indices)),
        filter_(std::move(filter)),
        plan_(plan) {
    cancellation_->deadline_ns = deadline_ns;
    plan_.query = query_;
    plan_.indices = indices_;
    plan_.matching = {filter_ ? &*filter_ : nullptr, cancellation_.get(), &engine_pool()};
  }

  [[nodiscard]] const std::shared_ptr<Cancellation>& cancellation() const noexcept { return cancellation_; }

  void work() noexcept override {
    result_ = guard([this] { return handle_->shard->search(plan_); });
  }
  void settle(Napi::Env env) override {
    if (!result_) return deferred.Reject(error_object(env, result_.error()));
    deferred.Resolve(to_object(env, result_.value()));
  }

 private:
  ShardReference handle_;
  std::vector<float> query_;
  std::vector<std::uint32_t> indices_;
  std::optional<Filter> filter_;
  std::shared_ptr<Cancellation> cancellation_ = std::make_shared<Cancellation>();
  SearchPlan plan_;
  Result<SearchResult> result_ = SearchResult{};
};

// search(shard, slot: number, query: Float32Array, k: number, exact: boolean, ef: number,
//        scoreThreshold: number | null, deadlineNs: bigint, filter: Uint8Array | null, indices: Uint32Array | null,
//        idf: boolean, ignoreQuantization: boolean, rescore: boolean | null, oversampling: number):
//   NativeSearchResult | Promise<NativeSearchResult>
Napi::Value search(const Napi::CallbackInfo& info) {
  const auto handle = as_shard(info[0]);
  const auto slot = as_u64(info[1]);
  const auto values = as_span<const float>(info[2]);
  const auto k = as_u64(info[3]);
  const auto ef = as_u64(info[5]);
  const auto deadline = as_u64(info[7]);
  if (!handle || !slot || !values || !k || *k == 0 || *k > UINT32_MAX || !ef || !deadline) {
    return fail_argument(info.Env(), "search(shard, slot, query, k, exact, ef, scoreThreshold, deadlineNs, filter)");
  }
  auto filter = as_filter(info[8]);
  if (!filter) return fail(info.Env(), filter.error());
  std::vector<float> query(values->begin(), values->end());
  const auto entries = as_span<const std::uint32_t>(info[9]);
  std::vector<std::uint32_t> indices;
  if (entries) indices.assign(entries->begin(), entries->end());
  const auto schema = (*handle)->shard->schema();
  const auto* vector = schema == nullptr ? nullptr : schema->find_slot(static_cast<std::uint32_t>(*slot));
  if (vector != nullptr && vector->keeps_unit_length()) normalize_rows(query, vector->dimension);
  SearchPlan plan{static_cast<std::uint32_t>(*slot), query, static_cast<std::uint32_t>(*k), info[4].ToBoolean(),
                  static_cast<std::uint32_t>(*ef), std::nullopt, {}};
  plan.is_sparse = entries.has_value();
  plan.indices = indices;
  plan.idf = info[10].ToBoolean();
  plan.quantization.is_ignored = info[11].ToBoolean();
  if (info[12].IsBoolean()) plan.quantization.rescores = info[12].As<Napi::Boolean>().Value();
  if (info[13].IsNumber()) plan.quantization.oversampling = info[13].As<Napi::Number>().DoubleValue();
  if (filter.value()) plan.matching.filter = &*filter.value();
  if (info[6].IsNumber()) plan.score_threshold = info[6].As<Napi::Number>().FloatValue();
  if ((*handle)->shard->estimate_work(plan) > kInlineWorkMax) {
    auto job = std::make_unique<SearchJob>(info.Env(), *handle, plan, std::move(query), *deadline,
                                           std::move(indices), std::move(filter.value()));
    const auto cancellation = job->cancellation();
    return cancellable(info.Env(), Completions::of(info.Env()).run(info.Env(), std::move(job)), cancellation);
  }
  Cancellation cancellation;
  cancellation.deadline_ns = *deadline;
  plan.matching.cancellation = &cancellation;
  const auto result = guard([&] { return (*handle)->shard->search(plan); });
  return result ? to_object(info.Env(), result.value()) : fail(info.Env(), result.error());
}

}  // namespace

void export_search(Napi::Env env, Napi::Object exports) { exports.Set("search", Napi::Function::New(env, search)); }

}  // namespace millrace::binding
