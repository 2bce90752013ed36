#include "shard/memory_shard.h"

#include <algorithm>
#include <string>

#include "base/file_storage.h"
#include "checkpoint/checkpoint_loader.h"
#include "checkpoint/graph_loader.h"
#include "shard/schema_codec.h"

namespace millrace {
namespace {

Error record_error(Errc code, std::uint64_t offset, const char* reason) {
  return {code, "\"offset\":" + std::to_string(offset) + ",\"reason\":\"" + reason + "\""};
}

std::shared_ptr<const Generation> empty_generation() {
  auto generation = std::make_shared<Generation>();
  generation->schema = std::make_shared<const Schema>();
  generation->columns = std::make_shared<const ColumnList>();
  generation->ids = std::make_shared<IdTable>(0);
  return generation;
}

}  // namespace

Result<std::shared_ptr<Shard>> Shard::open(Options options) {
  return guard([&]() -> Result<std::shared_ptr<Shard>> {
    return std::shared_ptr<Shard>(std::make_shared<MemoryShard>(options));
  });
}

MemoryShard::MemoryShard(Options options)
    : options_(std::move(options)),
      cold_storage_(options_.scratch_folder.empty() ? nullptr : std::make_shared<FileStorage>(options_.scratch_folder)),
      generation_(empty_generation()) {
  publish(0);
}

MemoryShard::~MemoryShard() = default;

ApplyResult MemoryShard::apply(std::span<const RecordView> records) {
  ApplyResult result;
  if (loader_ != nullptr) {
    result.stop = Error{Errc::argument_invalid, "\"reason\":\"a checkpoint is being loaded\""};
    return result;
  }
  auto reserved = guard([&]() -> Result<bool> {
    result.outcomes.reserve(records.size());
    return true;
  });
  if (!reserved) {
    result.stop = reserved.error();
    return result;
  }
  for (const auto& record : records) {
    if (record.offset < next_offset_) continue;
    auto verdict = guard([&]() -> Result<Verdict> { return apply_one(record); });
    if (!verdict) {
      result.stop = verdict.error();
    } else if (verdict.value().stop) {
      result.stop = std::move(verdict.value().stop);
    } else {
      result.outcomes.push_back(std::move(verdict.value().outcome));
      continue;
    }
    break;
  }
  return result;
}

/// Everything that can fail comes first: checks, then allocations. What follows cannot, so a record is applied as a whole
/// or leaves no trace. A batch does so operation by operation, and nothing of it is published before it is done: when memory
/// fails between two of them, readers see none, and the record goes on where it was when it comes again.
MemoryShard::Verdict MemoryShard::apply_one(const RecordView& record) {
  const auto decoded = decode_record(record.frame, record.offset);
  if (!decoded) return {{}, decoded.error()};
  const auto& frame = decoded.value();
  if (auto stop = admit(frame, record.offset)) return {{}, std::move(stop)};
  WriteOperations operations;
  if (is_write(frame.kind))
    if (auto stop = read_operations(frame, record.offset, operations)) return {{}, std::move(stop)};

  Outcome outcome{record.offset, frame.producer_id, frame.sequence, Errc::ok, 0, {}};
  if (auto rejection = reject(frame)) {
    outcome.code = rejection->code;
    outcome.details = std::move(rejection->details);
  }
  const bool is_fenced = outcome.code == Errc::writer_fenced;
  const bool is_duplicate = outcome.code == Errc::record_duplicate || outcome.code == Errc::source_applied;
  if (!is_fenced) producers_.prepare(frame.producer_id);
  if (outcome.code == Errc::ok) {
    if (frame.kind == layout::RecordKind::schema)
      if (auto stop = change_schema(frame, record.offset)) return {{}, std::move(stop)};
    if (frame.source) {
      apply_sourced(*frame.source, operations, outcome);
    } else if (is_write(frame.kind)) {
      apply_operations(operations, outcome);
    }
  }
  // A record that names points that do not exist has done its work on the others.
  if (outcome.code == Errc::ok || outcome.code == Errc::point_not_found) {
    ++counters_.records_applied;
  } else {
    ++(is_duplicate ? counters_.records_duplicate : counters_.records_rejected);
  }
  // A fenced writer's sequences do not count: the same frames may come again under a newer epoch.
  if (!is_fenced) {
    newest_epoch_ = std::max(newest_epoch_, frame.writer_epoch);
    if (outcome.code != Errc::record_duplicate) producers_.remember(frame.producer_id, frame.sequence, record.offset, producer_sum_);
  }
  publish(record.offset + 1);
  return {std::move(outcome), std::nullopt};
}

/// What stops the shard: a record that it cannot have been meant to apply, or that this build does not know.
std::optional<Error> MemoryShard::admit(const RecordFrame& frame, std::uint64_t offset) const {
  if (frame.collection_id != options_.collection_id)
    return record_error(Errc::record_corrupt, offset, "a record of another collection");
  if (is_write(frame.kind) || frame.kind == layout::RecordKind::barrier) return std::nullopt;
  if (frame.kind != layout::RecordKind::schema) return record_error(Errc::record_format_newer, offset, "record kind");
  if (frame.meta.empty()) return record_error(Errc::record_corrupt, offset, "no schema");
  return std::nullopt;
}

/// The rules that reject a record as a whole, on every replica alike; apply_operation has those of its operations.
std::optional<Error> MemoryShard::reject(const RecordFrame& frame) const {
  if (frame.writer_epoch < newest_epoch_)
    return Error{Errc::writer_fenced, "\"epoch\":" + std::to_string(frame.writer_epoch) +
                                          ",\"newest\":" + std::to_string(newest_epoch_)};
  if (producers_.has_applied(frame.producer_id, frame.sequence))
    return Error{Errc::record_duplicate, "\"sequence\":" + std::to_string(frame.sequence) +
                                             ",\"producer\":" + std::to_string(frame.producer_id)};
  if (frame.kind == layout::RecordKind::schema || frame.kind == layout::RecordKind::barrier) return std::nullopt;
  if (generation_->schema->version == 0)
    return Error{Errc::schema_missing, "\"shard\":" + std::to_string(options_.shard)};
  return frame.source ? check_source(*frame.source) : std::nullopt;
}

std::optional<Error> MemoryShard::check_source(const SourceRange& source) const {
  const auto* const position = sources_.position_of(source);
  if (position == nullptr || *position == source.first) return std::nullopt;
  // A name of Kafka needs no escapes; another one must not break the details.
  const bool is_plain = std::ranges::all_of(source.topic, [](char c) { return c >= ' ' && c != '"' && c != '\\' && c < 127; });
  return Error{source.first < *position ? Errc::source_applied : Errc::source_gap,
               "\"topic\":\"" + std::string(is_plain ? source.topic : "") + "\",\"partition\":" +
                   std::to_string(source.partition) + ",\"first\":" + std::to_string(source.first) + ",\"position\":" +
                   std::to_string(*position)};
}

/// The writer's tables as a state.
ShardState MemoryShard::state_at(std::uint64_t next_offset) const noexcept {
  const auto& schema = *generation_->schema;
  const std::uint64_t epoch[] = {newest_epoch_};
  ShardState state = counters_;
  state.next_offset = next_offset;
  state.digest = (stored_sum_ + version_sum_ + producer_sum_ + source_sum_ + schema_hash(schema) +
                  component_hash(Component::epoch, epoch)).digest();
  state.content_digest = (stored_sum_ + point_sum_ + schema_content_hash(schema)).digest();
  state.points = points_;
  state.rows = rows_;
  state.schema_version = schema.version;
  state.memory.rows = rows_ * (sizeof(Row) + sizeof(std::uint64_t));
  state.memory.ids = generation_->ids->bytes();
  state.memory.payloads = store_.payloads.total_bytes();
  state.memory.vectors = vector_bytes_;
  return state;
}

void MemoryShard::publish(std::uint64_t next_offset) noexcept {
  next_offset_ = next_offset;
  pending_ = {};
  const auto state = state_at(next_offset);
  std::shared_ptr<const Generation> replaced = generation_;
  {
    const std::scoped_lock lock(published_mutex_);
    published_.state = state;
    published_.generation.swap(replaced);
    if (deferral_.is_on()) deferral_.note(published_);
  }
  // The old generation is let go here, outside the lock.
  cover_sparse();
  wake_builder();
}

Snapshot MemoryShard::newest_published() const {
  const std::scoped_lock lock(published_mutex_);
  return published_;
}

Snapshot MemoryShard::snapshot() const {
  const std::scoped_lock lock(published_mutex_);
  return deferral_.is_on() ? deferral_.visible() : published_;
}

ShardState MemoryShard::state() const {
  Snapshot at;
  {
    const std::scoped_lock lock(published_mutex_);
    at = published_;
    const auto& visible = deferral_.is_on() ? deferral_.visible().state : published_.state;
    at.state.visible_offset = visible.next_offset;
    at.state.visible_points = visible.points;
  }
  auto& memory = at.state.memory;
  for (const auto& column : *at.generation->columns) {
    // Of a column that is being written more may be there already than the state tells of.
    const auto cold = std::min(column->cold_bytes(), memory.vectors);
    memory.cold += cold;
    memory.vectors -= cold;
    // What is not in the index yet is looked at, a few vectors.
    if (column->sparse != nullptr) {
      at.state.indexed_vectors += column->sparse->counts().vectors();
      memory.sparse += column->sparse->index_bytes();
    }
    if (column->index == nullptr) continue;
    const auto graph = column->index->bytes(*column);
    memory.codes += graph.codes;
    memory.graphs += graph.links;
    memory.coming += graph.coming;
    at.state.indexed_vectors += std::min<std::uint64_t>(column->index->covered(), at.state.points);
    at.state.graph_changes += column->index->changes();
    auto waiting = column->index->waiting(*column);
    if (column->quantized != nullptr) {
      const auto codes = column->quantized->codes();
      const auto without = column->quantized->waiting(*column);
      memory.quantized += codes.bytes();
      memory.coming += codes.bytes_of_each * without;
      waiting = std::max(waiting, without);
    }
    at.state.waiting_vectors += waiting;
  }
  return at.state;
}

std::vector<SlotSearches> MemoryShard::searches() const {
  const auto at = newest_published();
  std::vector<SlotSearches> all;
  for (const auto& column : *at.generation->columns) all.push_back(column->searches.of_slot(column->slot.slot));
  return all;
}

std::vector<SlotCodes> MemoryShard::quantized() const {
  const auto at = newest_published();
  std::vector<SlotCodes> all;
  for (const auto& column : *at.generation->columns)
    if (column->quantized != nullptr) all.push_back({column->slot.slot, column->quantized->codes()});
  return all;
}

std::vector<SourcePosition> MemoryShard::sources() const {
  const std::scoped_lock lock(sources_mutex_);
  return sources_.positions();
}

std::shared_ptr<const Schema> MemoryShard::schema() const { return newest_published().generation->schema; }

}  // namespace millrace
