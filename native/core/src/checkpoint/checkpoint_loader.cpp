#include "checkpoint/checkpoint_loader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "checkpoint/graph_loader.h"
#include "record/field.h"
#include "shard/schema_codec.h"

namespace millrace {

using layout::RecordKind;

namespace {

/// The text of `"reason":"…"`, which stands last in a decoder's details.
std::string reason_of(const Error& error) {
  constexpr std::string_view kKey = "\"reason\":\"";
  const auto at = error.details.find(kKey);
  if (at == std::string::npos) return "frame";
  const auto start = at + kKey.size();
  return error.details.substr(start, error.details.size() - start - 1);
}

Error already_used() { return {Errc::argument_invalid, "\"reason\":\"records were applied to the shard\""}; }

}  // namespace

std::optional<Error> MemoryShard::load(std::span<const std::byte> frames) {
  auto failure = guard([&]() -> Result<std::optional<Error>> {
    if (next_offset_ != 0) return std::optional(already_used());
    if (loader_ == nullptr) begin_load();
    return loader_->take(frames);
  });
  auto error = failure ? std::move(failure).value() : std::optional(failure.error());
  if (error && loader_ != nullptr) forget_everything();
  return error;
}

void MemoryShard::begin_load() {
  auto loader = std::make_unique<CheckpointLoader>(*this);
  // Readers hold the table of ids that was published, and must not find what may be taken away again.
  auto unpublished = std::make_shared<Generation>(*generation_);
  unpublished->ids = std::make_shared<IdTable>(0);
  generation_ = std::move(unpublished);
  loader_ = std::move(loader);
}

std::optional<Error> MemoryShard::finish_load() {
  auto failure = guard([&]() -> Result<std::optional<Error>> {
    if (next_offset_ != 0) return std::optional(already_used());
    if (loader_ == nullptr) begin_load();
    return loader_->finish();
  });
  auto error = failure ? std::move(failure).value() : std::optional(failure.error());
  if (error && loader_ != nullptr) forget_everything();
  loader_.reset();
  graph_loader_.reset();
  return error;
}

/// Nothing was published, so no reader has learned of a row.
void MemoryShard::forget_everything() noexcept {
  loader_.reset();
  graph_loader_.reset();
  generation_ = published_.generation;
  store_.clear();
  producers_ = {};
  sources_ = {};
  history_ = {};
  counters_ = {};
  newest_epoch_ = 0;
  rows_ = points_ = vector_bytes_ = 0;
  stored_sum_ = version_sum_ = point_sum_ = producer_sum_ = source_sum_ = {};
}

Error CheckpointLoader::corrupt(const std::string& reason) const {
  return {Errc::checkpoint_corrupt, "\"position\":" + std::to_string(position_) + ",\"reason\":\"" + reason + "\""};
}

std::optional<Error> CheckpointLoader::take(std::span<const std::byte> frames) {
  while (!frames.empty()) {
    if (frames_ == 0) position_ = 0;
    if (frames.size() < layout::kHeaderBytes) return corrupt("the file ends in the middle of a frame");
    // A length that is not the frame's own fails its checksum.
    const std::size_t bytes = read_field<layout::header::frame_bytes>(frames);
    if (bytes < layout::kHeaderBytes || bytes % 8 != 0) return corrupt("frame length");
    if (bytes > frames.size()) return corrupt("the file ends in the middle of a frame");
    if (auto error = take_frame(frames.first(bytes))) return error;
    position_ += bytes;
    frames = frames.subspan(bytes);
  }
  return std::nullopt;
}

std::optional<Error> CheckpointLoader::take_frame(std::span<const std::byte> bytes) {
  const auto decoded = decode_record(bytes, position_);
  if (!decoded) {
    const auto code = decoded.error().code;
    if (code == Errc::record_corrupt || code == Errc::record_format_newer) return corrupt(reason_of(decoded.error()));
    return decoded.error();
  }
  const auto& frame = decoded.value();
  if (!frame.is_checkpoint()) return corrupt("no frame of a checkpoint");
  auto meta = decode_meta(frame.meta, frame.kind == RecordKind::checkpoint_state);
  if (!meta) return corrupt("frame META");
  if (const auto reason = check_head(frame, meta->head)) return corrupt(reason);
  if (frames_ == 0)
    if (const auto reason = begin_file(meta->head)) return corrupt(reason);
  ++frames_;
  kind_ = frame.kind;
  Reason reason = nullptr;
  if (frame.kind == RecordKind::checkpoint_rows) reason = take_rows(frame);
  if (frame.kind == RecordKind::checkpoint_deletes) reason = take_deletes(frame);
  if (frame.kind == RecordKind::checkpoint_state) reason = end_file(std::move(*meta->state));
  if (reason != nullptr) return corrupt(reason);
  return std::nullopt;
}

CheckpointLoader::Reason CheckpointLoader::check_head(const RecordFrame& frame, const FileHead& head) const noexcept {
  if (head.format > kCheckpointFormat) return "written by a newer version";
  if (frame.collection_id != shard_.options_.collection_id) return "a frame of another collection";
  if (head.shard != shard_.options_.shard) return "a frame of another shard";
  if (head.next_offset < head.since) return "offsets of the file";
  if (frame.sequence != frames_ + 1) return "a frame is missing or stands in the wrong place";
  if (frames_ == 0) return head.since == head_.next_offset ? nullptr : "the file does not go on from the one before";
  if (head.since != head_.since || head.next_offset != head_.next_offset) return "a frame of another file";
  return frame.kind < kind_ ? "frames in the wrong order" : nullptr;
}

CheckpointLoader::Reason CheckpointLoader::begin_file(const FileHead& head) {
  if (!head.schema.empty())
    if (const auto reason = take_schema(head.schema)) return reason;
  head_ = head;
  head_.schema = {};  // lies in the caller's memory
  first_row_ = static_cast<std::uint32_t>(shard_.rows_);
  return nullptr;
}

/// A slot that stays keeps its column, as when a schema record is applied.
CheckpointLoader::Reason CheckpointLoader::take_schema(std::span<const std::byte> meta) {
  auto decoded = decode_schema(meta);
  if (const auto* reason = std::get_if<const char*>(&decoded)) return *reason;
  auto& schema = std::get<Schema>(decoded);
  if (schema.shard != shard_.options_.shard) return "a schema of another shard";
  if (schema.version < shard_.generation_->schema->version) return "an older schema than the file before has";
  auto columns = shard_.columns_for(schema);
  if (columns == nullptr) return "a vector slot changes its shape";
  auto next = std::make_shared<Generation>(*shard_.generation_);
  next->schema = std::make_shared<const Schema>(std::move(schema));
  next->columns = std::move(columns);
  shard_.generation_ = std::move(next);
  return nullptr;
}

CheckpointLoader::Reason CheckpointLoader::end_file(FileState state) {
  if (state.state.points != shard_.points_) return "the number of points";
  for (const auto& source : state.sources)
    if (source.offset >= head_.next_offset) return "sources";
  if (!state.producers.empty() && state.producers.back().offset >= head_.next_offset) return "producers";
  state_ = std::move(state);
  shard_.history_.files.push_back({head_.next_offset, static_cast<std::uint32_t>(shard_.rows_)});
  frames_ = 0;
  kind_ = {};
  return nullptr;
}

std::optional<Error> CheckpointLoader::finish() {
  if (frames_ != 0) return corrupt("the last file has no end");
  if (!state_) return corrupt("there is no file");
  for (const auto& [producer, sequence, offset] : state_->producers) {
    shard_.producers_.prepare(producer);
    shard_.producers_.remember(producer, sequence, offset, shard_.producer_sum_);
  }
  for (const auto& [ingest, topic, partition, next, offset] : state_->sources) {
    const SourceRange range{ingest, next, next, partition, topic};
    shard_.sources_.prepare(range);
    shard_.sources_.remember(range, offset, shard_.source_sum_);
  }
  sum_rows();
  shard_.newest_epoch_ = state_->newest_epoch;
  shard_.counters_ = {};
  shard_.counters_.records_applied = state_->state.records_applied;
  shard_.counters_.records_rejected = state_->state.records_rejected;
  shard_.counters_.records_duplicate = state_->state.records_duplicate;
  const auto loaded = shard_.state_at(head_.next_offset);
  if (loaded.digest != state_->state.digest || loaded.content_digest != state_->state.content_digest)
    return corrupt("what was loaded has another digest than the checkpoint tells");
  shard_.history_.known_from = shard_.history_.files.back();
  shard_.publish(head_.next_offset);
  return std::nullopt;
}

void CheckpointLoader::sum_rows() noexcept {
  for (std::uint32_t row = 0; row < shard_.rows_; ++row)
    if (shard_.store_.death(row) == 0) shard_.add_row(row);
  for (const auto& column : *shard_.generation_->columns)
    shard_.vector_bytes_ += column->stored_bytes();
}

}  // namespace millrace
