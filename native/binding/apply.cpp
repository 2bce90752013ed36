#include <deque>

#include "async.h"
#include "convert.h"
#include "families.h"
#include "inline_work.h"
#include "millrace/guard.h"
#include "millrace/record_layout.generated.h"
#include "shard_handle.h"

namespace millrace::binding {
namespace {

/// Applies records that lie in JavaScript's memory, which is referenced until the job has settled.
class ApplyJob final : public Job {
 public:
  ApplyJob(Napi::Env env, ShardReference handle, std::vector<RecordView> records, Napi::Object bytes)
      : Job(env), handle_(std::move(handle)), records_(std::move(records)), bytes_(Napi::Persistent(bytes)) {}

  void work() noexcept override {
    result_ = guard([this]() -> Result<ApplyResult> {
      std::deque<std::vector<std::uint64_t>> aligned;
      for (auto& record : records_)
        if (reinterpret_cast<std::uintptr_t>(record.frame.data()) % 8 != 0) align(record, aligned.emplace_back());
      return handle_->shard->apply(records_);
    });
    if (result_) state_ = handle_->shard->state();
    handle_->is_applying = false;
  }

  void settle(Napi::Env env) override {
    if (!result_) return deferred.Reject(error_object(env, result_.error()));
    deferred.Resolve(to_object(env, result_.value()));
  }

 private:
  static void align(RecordView& record, std::vector<std::uint64_t>& copy) {
    copy.resize((record.frame.size() + 7) / 8);
    std::memcpy(copy.data(), record.frame.data(), record.frame.size());
    record.frame = std::as_bytes(std::span(copy)).first(record.frame.size());
  }

  Napi::Object to_object(Napi::Env env, const ApplyResult& result) const {
    const auto count = result.outcomes.size();
    auto offsets = Napi::BigUint64Array::New(env, count);
    auto producers = Napi::BigUint64Array::New(env, count);
    auto sequences = Napi::BigUint64Array::New(env, count);
    auto codes = Napi::Uint16Array::New(env, count);
    auto affected = Napi::Uint32Array::New(env, count);
    auto details = Napi::Object::New(env);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& outcome = result.outcomes[i];
      offsets[i] = outcome.offset;
      producers[i] = outcome.producer_id;
      sequences[i] = outcome.sequence;
      codes[i] = static_cast<std::uint16_t>(outcome.code);
      affected[i] = outcome.affected;
      if (outcome.code != Errc::ok) details.Set(static_cast<std::uint32_t>(i), Napi::String::New(env, outcome.details));
    }
    auto object = Napi::Object::New(env);
    object.Set("offsets", offsets);
    object.Set("producers", producers);
    object.Set("sequences", sequences);
    object.Set("codes", codes);
    object.Set("affected", affected);
    object.Set("details", details);
    object.Set("stop", result.stop ? error_object(env, *result.stop) : env.Null());
    object.Set("state", state_object(env, state_));
    return object;
  }

  ShardReference handle_;
  std::vector<RecordView> records_;
  Napi::ObjectReference bytes_;
  Result<ApplyResult> result_ = ApplyResult{};
  ShardState state_;
};

/// Whether applying takes less time than two threads take to hand it over: what an upsert does is bounded by its bytes.
bool is_short(std::span<const RecordView> records) noexcept {
  std::size_t bytes = 0;
  for (const auto& [offset, time, frame] : records) {
    bytes += frame.size();
    if (bytes > kInlineApplyBytesMax || frame.size() < layout::kHeaderBytes) return false;
    if (frame[layout::header::kind::at] != static_cast<std::byte>(layout::RecordKind::upsert)) return false;
  }
  return true;
}

// apply(shard, bytes: Uint8Array, positions: Uint32Array, lengths: Uint32Array, offsets: BigUint64Array,
//       appendTimesMs: Float64Array, count: number): Promise<NativeApplyResult>
Napi::Value apply(const Napi::CallbackInfo& info) {
  const auto handle = as_shard(info[0]);
  const auto bytes = as_span<const std::byte>(info[1]);
  const auto positions = as_span<const std::uint32_t>(info[2]);
  const auto lengths = as_span<const std::uint32_t>(info[3]);
  const auto offsets = as_span<const std::uint64_t>(info[4]);
  const auto times = as_span<const double>(info[5]);
  const auto count = as_u64(info[6]);
  if (!handle || !bytes || !positions || !lengths || !offsets || !times || !count || *count > positions->size() ||
      *count > lengths->size() || *count > offsets->size() || *count > times->size()) {
    return fail_argument(info.Env(), "apply(shard, bytes, positions, lengths, offsets, appendTimesMs, count)");
  }
  std::vector<RecordView> records(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    const std::uint64_t end = std::uint64_t{(*positions)[i]} + (*lengths)[i];
    if (end > bytes->size()) return fail_argument(info.Env(), "a record lies outside of the bytes");
    records[i] = {(*offsets)[i], static_cast<std::uint64_t>((*times)[i]), bytes->subspan((*positions)[i], (*lengths)[i])};
  }
  if ((*handle)->is_applying.exchange(true)) return fail_argument(info.Env(), "another apply of this shard is under way");
  const bool is_inline = is_short(records);
  auto job = std::make_unique<ApplyJob>(info.Env(), *handle, std::move(records), info[1].As<Napi::Object>());
  if (is_inline) return Completions::run_now(info.Env(), *job);
  const auto promise = Completions::of(info.Env()).run(info.Env(), std::move(job));
  if (info.Env().IsExceptionPending()) (*handle)->is_applying = false;
  return promise;
}

}  // namespace

void export_apply(Napi::Env env, Napi::Object exports) { exports.Set("apply", Napi::Function::New(env, apply)); }

}  // namespace millrace::binding
