#include <algorithm>
#include <cstring>
#include <string>

#include "shard/memory_shard.h"
#include "shard/row_matcher.h"

namespace millrace {
namespace {

using layout::RecordKind;

/// The longest payload text that a point may get by merging: what a record could bring as a whole.
constexpr std::size_t kPayloadBytesMax = std::size_t{8} << 20U;

/// Takes texts out of the arena again unless they were wanted.
class ArenaGuard {
 public:
  explicit ArenaGuard(PayloadArena& arena) noexcept : arena_(arena), mark_(arena.mark()) {}
  ArenaGuard(const ArenaGuard&) = delete;
  ArenaGuard& operator=(const ArenaGuard&) = delete;
  ~ArenaGuard() {
    if (!is_kept_) arena_.rewind(mark_);
  }
  void keep() noexcept { is_kept_ = true; }

 private:
  PayloadArena& arena_;
  PayloadArena::Mark mark_;
  bool is_kept_ = false;
};

Error too_large(const PointId& id, std::size_t bytes) {
  return {Errc::payload_too_large, id_detail(id) + ",\"bytes\":" + std::to_string(bytes) +
                                       ",\"limit\":" + std::to_string(kPayloadBytesMax)};
}

/// Writes what an operation makes of one payload.
class PayloadChange {
 public:
  explicit PayloadChange(const WriteOperation& operation) : kind_(operation.frame.kind), meta_(operation.meta) {}

  /// @return the new text, valid until the next call; it may be the old one
  [[nodiscard]] std::string_view of(std::string_view before) {
    if (kind_ == RecordKind::set_payload) {
      text_.clear();
      editor_.set(text_, before, meta_.key, *meta_.payload);
      return text_;
    }
    std::string_view now = before;
    for (const auto& path : *meta_.keys) {
      other_.clear();
      editor_.remove(other_, now, path);
      std::swap(text_, other_);
      now = text_;
    }
    return now;
  }

 private:
  RecordKind kind_;
  const WriteMeta& meta_;
  json::PayloadEditor editor_;
  std::string text_;
  std::string other_;
};

}  // namespace

std::optional<Error> MemoryShard::edit_payloads(const WriteOperation& operation, const Selection& selection,
                                                std::vector<NewPayload>& into) {
  if (operation.meta.is_payload_too_deep)
    return Error{Errc::payload_too_deep, "\"limit\":" + std::to_string(json::kNestingMax)};
  auto& arena = store_.payloads;
  ArenaGuard guarded(arena);
  into.reserve(selection.rows.size());
  const auto kind = operation.frame.kind;
  if (kind == RecordKind::overwrite_payload || kind == RecordKind::clear_payload) {
    // One text for all of them.
    std::string_view text = kind == RecordKind::clear_payload ? std::string_view() : operation.meta.payload->text();
    arena.reserve(text.size());
    text = {arena.append(text), text.size()};
    for (const auto row : selection.rows) into.push_back({row, text});
    guarded.keep();
    return std::nullopt;
  }
  PayloadChange change(operation);
  for (const auto row : selection.rows) {
    const auto before = store_.rows.at(row)->payload_text();
    const auto now = change.of(before);
    if (now.size() > kPayloadBytesMax) return too_large(store_.rows.at(row)->id(), now.size());
    if (now == before) {
      into.push_back({row, before});
      continue;
    }
    arena.reserve(now.size());
    into.push_back({row, {arena.append(now), now.size()}});
  }
  guarded.keep();
  return std::nullopt;
}

MemoryShard::Kept MemoryShard::keep_for_update(const WriteOperation& operation) const {
  const auto& [frame, meta] = operation;
  Kept kept(frame.count);
  std::optional<RowMatcher> matcher;
  if (meta.filter) matcher.emplace(store_, *generation_->columns, meta.filter->tree());
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto row = find_live(frame.id(i));
    kept[i] = row != kNoRow && (!matcher || matcher->matches(row)) ? 1 : 0;
  }
  return kept;
}

/// @throws OutOfMemory; nothing that counts has changed then
void MemoryShard::reserve_rows(std::uint64_t rows) {
  if (rows_ + rows >= kNoRow) throw OutOfMemory(sizeof(Row));
  store_.rows.reserve(rows_, rows);
  store_.deleted_at.reserve(rows_, rows);
  for (const auto& column : *generation_->columns)
    if (column->count.load(std::memory_order_relaxed) > 0) column->position_of.reserve(rows_, rows);
}

/// @param frame  whose vectors were checked
void MemoryShard::reserve_vectors(const RecordFrame& frame) {
  for (const auto& block : frame.vectors) {
    if (block.present == 0) continue;
    auto& column = *column_of(block.slot);
    column.reserve(block);
    column.position_of.reserve(rows_, frame.count);
  }
}

/// Writes the row that takes the place of `before`, but for its vectors; nobody finds it yet.
std::uint32_t MemoryShard::follow(std::uint32_t before, std::string_view payload, std::uint64_t offset) noexcept {
  const auto row = static_cast<std::uint32_t>(rows_++);
  const auto& old = *store_.rows.at(before);
  const auto id = old.id();
  const auto version = generation_->schema->version_base + offset;
  *store_.rows.at(row) = {id.high, id.low, version, payload.data(), before,
                          static_cast<std::uint32_t>(payload.size()) | (id.is_uuid ? Row::kUuidBit : 0)};
  version_sum_ -= version_hash(id, old.version);
  version_sum_ += version_hash(id, version);
  if (payload.data() != old.payload || payload.size() != old.payload_text().size()) {
    stored_sum_ -= payload_hash(id, old.payload_text());
    stored_sum_ += payload_hash(id, payload);
  }
  return row;
}

/// Makes a row, now complete, its id's newest, and ends the one before.
void MemoryShard::replace(std::uint32_t before, std::uint32_t row, std::uint64_t offset) noexcept {
  generation_->ids->set(store_, store_.rows.at(row)->id(), row);
  store_.bury(before, offset);
}

void MemoryShard::change_payloads(std::span<const NewPayload> payloads, std::uint64_t offset) noexcept {
  for (const auto& [before, text] : payloads) {
    const auto row = follow(before, text, offset);
    for (const auto& column : *generation_->columns)
      if (const auto position = column->position(before); position != 0) column->share(row, position);
    replace(before, row, offset);
  }
}

void MemoryShard::drop_vectors(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> slots,
                               std::uint64_t offset) noexcept {
  for (const auto before : rows) {
    const auto row = follow(before, store_.rows.at(before)->payload_text(), offset);
    for (const auto& column : *generation_->columns) {
      const auto position = column->position(before);
      if (position == 0) continue;
      if (std::ranges::find(slots, column->slot.slot) == slots.end()) {
        column->share(row, position);
      } else {
        subtract_vector(*column, before);
      }
    }
    replace(before, row, offset);
  }
}

/// An id that stands twice gets a row each time: the first is ended by the record that wrote it, and the second shares the
/// vectors that only the first one brought.
std::uint32_t MemoryShard::update_vectors(const RecordFrame& frame, const Kept& kept, std::vector<std::uint32_t>& taken,
                                          std::uint64_t offset) noexcept {
  const auto first = static_cast<std::uint32_t>(rows_);
  std::uint32_t updated = 0;
  for (std::uint32_t i = 0; i < frame.count; ++i) {
    const auto before = kept[i] != 0 ? generation_->ids->find(store_, frame.id(i)) : kNoRow;
    const auto row = before == kNoRow ? kNoRow : follow(before, store_.rows.at(before)->payload_text(), offset);
    if (before != kNoRow)
      for (const auto& column : *generation_->columns) {
        const auto position = column->position(before);
        const auto* const block = frame.block_of(column->slot.slot);
        if (position == 0 || (block != nullptr && block->has(i))) continue;
        column->share(row, position);
      }
    for (std::size_t b = 0; b < frame.vectors.size(); ++b) {
      const auto& block = frame.vectors[b];
      if (!block.has(i)) continue;
      const auto index = taken[b]++;
      if (before == kNoRow) continue;
      auto& column = *column_of(block.slot);
      subtract_vector(column, before);
      put_vector(column, row, block, index);
      add_vector(column, row);
    }
    if (before == kNoRow) continue;
    replace(before, row, offset);
    updated += before < first ? 1 : 0;
  }
  return updated;
}

/// Appends a vector for `row`, which nobody finds yet.
void MemoryShard::put_vector(VectorColumn& column, std::uint32_t row, const VectorBlock& block,
                             std::uint32_t index) noexcept {
  const auto position = column.count.load(std::memory_order_relaxed);
  vector_bytes_ -= column.stored_bytes();
  column.put(position, block, index);
  *column.row_of.at(position) = row;
  *column.position_of.at(row) = position + 1;
  column.count.store(position + 1, std::memory_order_release);
  vector_bytes_ += column.stored_bytes();
}

}  // namespace millrace
