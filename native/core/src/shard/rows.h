#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "graph/column_index.h"
#include "millrace/normalize.h"
#include "millrace/point_id.h"
#include "millrace/schema.h"
#include "quantization/quantized_column.h"
#include "shard/payload_arena.h"
#include "shard/search_counts.h"
#include "sparse/sparse_vectors.h"
#include "vectors/dense_vectors.h"
#include "vectors/multi_vectors.h"

namespace millrace {

inline constexpr std::uint32_t kNoRow = 0xffffffffU;

/// One version of one point; written once, before anyone can see it.
struct Row {
  static constexpr std::uint32_t kUuidBit = 0x80000000U;

  std::uint64_t high;
  std::uint64_t low;
  std::uint64_t version;
  const char* payload;
  std::uint32_t previous;               ///< the row that this one replaced, or kNoRow
  std::uint32_t payload_bytes_and_kind;  ///< payload length; kUuidBit: the id is a UUID

  [[nodiscard]] PointId id() const noexcept { return {(payload_bytes_and_kind & kUuidBit) != 0, high, low}; }
  [[nodiscard]] std::string_view payload_text() const noexcept {
    return {payload, payload_bytes_and_kind & ~kUuidBit};
  }
};

/// The rows of a shard, in the order they were written; none moves or goes while the shard lives.
struct RowStore {
  BlockColumn<Row> rows;
  BlockColumn<std::uint64_t> deleted_at;  ///< offset + 1 of the record that ended the row; 0: live
  PayloadArena payloads;

  /// Gives all memory back. Only while no reader can have learned of a row.
  void clear() noexcept {
    rows.clear();
    deleted_at.clear();
    payloads.clear();
  }

  [[nodiscard]] std::uint64_t death(std::uint32_t row) const noexcept {
    return std::atomic_ref(*deleted_at.at(row)).load(std::memory_order_relaxed);
  }
  void bury(std::uint32_t row, std::uint64_t offset) const noexcept {
    // Relaxed: a reader's snapshot, taken under a mutex, orders it; a reader that sees it early ignores it.
    std::atomic_ref(*deleted_at.at(row)).store(offset + 1, std::memory_order_relaxed);
  }
  /// Whether a row below the snapshot's row count is part of the state after every record below `next_offset`.
  [[nodiscard]] bool is_visible(std::uint32_t row, std::uint64_t next_offset) const noexcept {
    const auto died = death(row);
    return died == 0 || died > next_offset;
  }
};

/// The vectors of one slot, densely: position p belongs to row row_of[p], the newest of the rows that share it, which is
/// set with an atomic store when it changes. Each of them replaced the one before, `Row::previous`, without a new vector.
/// Positions rise with the rows that brought them. A column is dense, with `dense` and perhaps `norms`, or `multi`, or `sparse`.
struct VectorColumn {
  /// @param cold     of the vectors as they were given, dense ones or multivectors; null: memory
  /// @param weights  what an inverted index keeps of sparse ones
  VectorColumn(VectorSlot described, std::shared_ptr<const Storage> cold, ElementType weights = ElementType::f32)
      : slot(std::move(described)),
        cold_storage(std::move(cold)),
        dense(slot.element, slot.dimension, storage()),
        sparse(slot.is_sparse ? std::make_unique<SparseVectors>(weights) : nullptr),
        multi(slot.is_multi ? std::make_unique<MultiVectors>(slot, storage()) : nullptr) {}

  VectorSlot slot;
  std::shared_ptr<const Storage> cold_storage;
  DenseVectors dense;
  std::unique_ptr<SparseVectors> sparse;   ///< null: another column
  std::unique_ptr<MultiVectors> multi;     ///< null: another column
  BlockColumn<float> norms;                ///< length before normalisation; 0: not told. Cosine only.
  BlockColumn<std::uint32_t> row_of;
  BlockColumn<std::uint32_t> position_of;  ///< by row: position + 1, or 0
  std::atomic<std::uint32_t> count{0};
  std::unique_ptr<ColumnIndex> index;      ///< null when nobody builds indexes
  std::unique_ptr<QuantizedColumn> quantized;  ///< null when the user asked for no codes, or nobody would make them
  mutable SearchCounts searches;

  /// Makes room for the vectors of a block, from position `count` on.
  /// @throws std::bad_alloc; nothing that counts has changed then
  void reserve(const VectorBlock& block) {
    const auto from = count.load(std::memory_order_relaxed);
    row_of.reserve(from, block.present);
    if (sparse != nullptr) return sparse->reserve(from, block);
    if (multi != nullptr) return multi->reserve(from, block);
    dense.reserve(from, block.present);
    if (keeps_norms()) norms.reserve(from, block.present);
  }
  /// What is stored takes so many bytes, but for the table of rows.
  [[nodiscard]] std::uint64_t stored_bytes() const noexcept {
    const std::uint64_t positions = count.load(std::memory_order_relaxed);
    if (multi != nullptr) return multi->total_bytes() + positions * sizeof(std::uint32_t);
    return sparse != nullptr ? sparse->total_bytes() + positions * sizeof(std::uint32_t)
                             : positions * (dense.row_bytes() + sizeof(float) + sizeof(std::uint32_t));
  }
  /// What of that lies in files.
  [[nodiscard]] std::uint64_t cold_bytes() const noexcept {
    if (cold_storage == nullptr || sparse != nullptr) return 0;
    if (multi != nullptr) return multi->run_bytes();
    return std::uint64_t{count.load(std::memory_order_relaxed)} * dense.row_bytes();
  }
  [[nodiscard]] const Storage& storage() const noexcept { return cold_storage ? *cold_storage : memory_storage(); }
  /// The vector's position + 1, or 0. @param row  whose vectors may be read
  [[nodiscard]] std::uint32_t position(std::uint32_t row) const noexcept {
    const auto* const found = position_of.find(row);
    return found == nullptr ? 0 : *found;
  }
  /// Lets `row`, which replaces one with the same vector, share it: row and entry become visible together.
  void share(std::uint32_t row, std::uint32_t position) noexcept {
    *position_of.at(row) = position;
    std::atomic_ref(*row_of.at(position - 1)).store(row, std::memory_order_release);
  }
  /// The row below `rows` that has or had the position's vector. A record that is being applied, or was since a snapshot,
  /// may have made newer ones that share it; they lead back. When all are newer, so is the vector, and every one after it.
  /// @param row  that row_of says now
  /// @return     kNoRow when there is none
  [[nodiscard]] std::uint32_t row_before(std::uint64_t at, std::uint32_t row, std::uint64_t rows,
                                         const RowStore& store) const noexcept {
    if (row < rows) return row;
    while (row != kNoRow && row >= rows) row = store.rows.at(row)->previous;
    if (row == kNoRow) return kNoRow;
    const auto* const shared = position_of.find(row);
    return shared != nullptr && *shared == at + 1 ? row : kNoRow;
  }
  [[nodiscard]] std::uint32_t newest_row(std::uint64_t at) const noexcept {
    return std::atomic_ref(*row_of.at(at)).load(std::memory_order_acquire);
  }
  /// Of vectors, dense ones or those of multivectors, without what is kept beside them; of dead rows too.
  [[nodiscard]] std::uint64_t vector_bytes() const noexcept {
    return (multi != nullptr ? multi->vectors() : count.load(std::memory_order_acquire)) * dense.row_bytes();
  }
  /// In `norms`: multivectors have theirs beside them.
  [[nodiscard]] bool keeps_norms() const noexcept { return slot.keeps_unit_length() && multi == nullptr; }
  /// What is stored of a vector: what the digest counts.
  [[nodiscard]] std::span<const std::byte> bytes_of(std::uint64_t at) const noexcept {
    if (multi != nullptr) return multi->bytes_of(at);
    return sparse != nullptr ? sparse->bytes_of(at) : dense.bytes_of(at);
  }
  /// Writes the vector of a block's row at a position, reserved before.
  /// @param number  of the row among those of the block that have a vector
  void put(std::uint64_t at, const VectorBlock& block, std::uint32_t number) noexcept {
    if (sparse != nullptr) return sparse->put(at, block.sparse(number));
    if (multi != nullptr) return multi->put(at, block.multi(number));
    std::ranges::copy(block.dense(number), dense.at(at));
    if (keeps_norms()) *norms.at(at) = block.norms.empty() ? 0.0F : block.norms[number];
  }
  /// What a graph's codes are made from: components as floats, with a length of 1 where only the direction counts.
  /// @param scratch  f32[dimension], which they may be written to
  [[nodiscard]] const float* components(std::uint64_t at, std::span<float> scratch) const noexcept {
    if (slot.element == ElementType::f32) return reinterpret_cast<const float*>(dense.at(at));
    dense.read(at, scratch);
    if (slot.distance == Distance::cosine && !slot.keeps_unit_length()) normalize(scratch, square_sum_of(scratch));
    return scratch.data();
  }
  /// The same of a multivector: its vectors one after the other.
  [[nodiscard]] std::span<const float> multi_components(std::uint64_t at, std::vector<float>& scratch) const {
    const auto vectors = multi->at(at);
    const auto components = std::size_t{vectors.count} * slot.dimension;
    if (slot.element == ElementType::f32) return {reinterpret_cast<const float*>(vectors.stored.data()), components};
    scratch.resize(std::max(scratch.size(), components));
    const auto values = std::span(scratch).first(components);
    read_elements(slot.element, vectors.stored.data(), values);
    if (slot.distance == Distance::cosine && !slot.keeps_unit_length()) normalize_rows(values, slot.dimension);
    return values;
  }
};

}  // namespace millrace
