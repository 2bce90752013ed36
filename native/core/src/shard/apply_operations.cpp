#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "shard/memory_shard.h"

namespace millrace {
namespace {

using layout::RecordKind;

Error unknown_slot(std::uint32_t slot, std::uint32_t schema_version) {
  return {Errc::schema_changed,
          "\"slot\":" + std::to_string(slot) + ",\"schemaVersion\":" + std::to_string(schema_version)};
}

}  // namespace

void MemoryShard::apply_operations(const WriteOperations& operations, Outcome& outcome) {
  const bool goes_on = pending_.operations > 0 && pending_.offset == outcome.offset;
  if (!goes_on) pending_ = {outcome.offset, 0, 0};
  while (pending_.operations < operations.list.size()) {
    const auto index = pending_.operations;
    auto place = operations.is_batch ? "\"operation\":" + std::to_string(index) : std::string();
    auto effect = apply_operation(operations.list[index], outcome.offset, std::move(place));
    pending_.affected += effect.affected;
    ++pending_.operations;
    outcome.affected = pending_.affected;
    if (effect.code == Errc::ok) continue;
    outcome.code = effect.code;
    outcome.details = std::move(effect.details);
    return;
  }
}

/// Once the slots fit, an upsert or a delete of ids cannot be rejected any more.
void MemoryShard::apply_sourced(const SourceRange& source, const WriteOperations& operations, Outcome& outcome) {
  for (const auto& operation : operations.list) {
    auto rejection = check_slots(operation);
    if (!rejection) continue;
    outcome.code = rejection->code;
    outcome.details = std::move(rejection->details);
    return;
  }
  {
    const std::scoped_lock lock(sources_mutex_);
    sources_.prepare(source);
  }
  apply_operations(operations, outcome);
  const std::scoped_lock lock(sources_mutex_);
  sources_.remember(source, outcome.offset, source_sum_);
}

std::optional<Error> MemoryShard::check_slots(const WriteOperation& operation) const {
  if (operation.frame.kind == RecordKind::upsert || operation.frame.kind == RecordKind::update_vectors)
    return check_vectors(operation.frame);
  if (operation.frame.kind != RecordKind::delete_vectors) return std::nullopt;
  for (const auto slot : *operation.meta.slots)
    if (column_of(slot) == nullptr) return unknown_slot(slot, generation_->schema->version);
  return std::nullopt;
}

/// Checks and allocates first; then nothing can fail.
MemoryShard::Effect MemoryShard::apply_operation(const WriteOperation& operation, std::uint64_t offset,
                                                 std::string place) {
  const auto& [frame, meta] = operation;
  const auto details = [&](std::string text) { return place.empty() || text.empty() ? place + text : place + ',' + text; };
  if (auto rejection = check_slots(operation)) return {rejection->code, details(std::move(rejection->details)), 0};
  if (frame.kind == RecordKind::upsert) {
    const auto kept = keep_for_upsert(operation);
    reserve_upsert(frame);
    return {Errc::ok, {}, upsert(frame, kept, offset)};
  }
  if (frame.kind == RecordKind::delete_points) return {Errc::ok, {}, delete_points(frame, offset)};

  const auto selection = select(operation);
  Effect effect;
  if (selection.missing) effect = {Errc::point_not_found, details(id_detail(*selection.missing)), 0};
  effect.affected = static_cast<std::uint32_t>(selection.rows.size());
  if (frame.kind == RecordKind::delete_by_filter) {
    for (const auto row : selection.rows) end_row(row, offset);
  } else if (frame.kind == RecordKind::update_vectors) {
    const auto kept = keep_for_update(operation);
    std::vector<std::uint32_t> taken(frame.vectors.size());
    reserve_rows(frame.count);
    reserve_vectors(frame);
    effect.affected = update_vectors(frame, kept, taken, offset);
  } else if (frame.kind == RecordKind::delete_vectors) {
    reserve_rows(selection.rows.size());
    drop_vectors(selection.rows, *meta.slots, offset);
  } else {
    std::vector<NewPayload> payloads;
    reserve_rows(selection.rows.size());
    if (auto rejection = edit_payloads(operation, selection, payloads))
      return {rejection->code, details(std::move(rejection->details)), 0};
    change_payloads(payloads, offset);
  }
  return effect;
}

MemoryShard::Selection MemoryShard::select(const WriteOperation& operation) const {
  const auto& [frame, meta] = operation;
  const bool uses_both = frame.kind == RecordKind::delete_vectors;
  const bool uses_ids = frame.has_id_section() && frame.kind != RecordKind::delete_by_filter;
  Selection selection;
  if (uses_ids) select_by_ids(frame, selection);
  if (meta.filter && (uses_both || !uses_ids)) select_by_filter(*meta.filter, selection);
  std::ranges::sort(selection.rows);
  selection.rows.erase(std::ranges::unique(selection.rows).begin(), selection.rows.end());
  return selection;
}

void MemoryShard::select_by_ids(const RecordFrame& frame, Selection& into) const {
  into.rows.reserve(frame.count);
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto row = find_live(frame.id(i));
    if (row != kNoRow) into.rows.push_back(row);
    if (row == kNoRow && !into.missing) into.missing = frame.id(i);
  }
}

void MemoryShard::select_by_filter(const Filter& filter, Selection& into) const {
  Matching matching;
  matching.filter = &filter;
  const auto passing = match_at(newest(), matching, "apply");
  // Without a deadline only memory can fail.
  if (!passing) throw OutOfMemory(0);
  into.rows.reserve(into.rows.size() + passing.value().count);
  const auto& words = passing.value().words;
  for (std::size_t word = 0; word < words.size(); ++word)
    for (auto bits = words[word]; bits != 0; bits &= bits - 1)
      into.rows.push_back(static_cast<std::uint32_t>(word * 64) + static_cast<std::uint32_t>(std::countr_zero(bits)));
}

Snapshot MemoryShard::newest() const {
  Snapshot at;
  at.state.rows = rows_;
  at.state.next_offset = std::numeric_limits<std::uint64_t>::max();
  at.generation = generation_;
  return at;
}

}  // namespace millrace
