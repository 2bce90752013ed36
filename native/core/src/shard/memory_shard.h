#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "millrace/checkpoint.h"
#include "millrace/guard.h"
#include "millrace/index_builder.h"
#include "millrace/record.h"
#include "millrace/shard.h"
#include "shard/deferral.h"
#include "shard/digest_sum.h"
#include "shard/id_order.h"
#include "shard/id_table.h"
#include "shard/producers.h"
#include "shard/rows.h"
#include "shard/sources.h"
#include "shard/write_operation.h"

namespace millrace {

/// What the shard can still tell of its past, for captures: rows with offsets from `from` on begin at `first_row` and say
/// their offsets by their versions. Of the time before it knows where the files ended that it was loaded from.
struct History {
  struct Mark {
    std::uint64_t offset = 0;
    std::uint32_t row = 0;  ///< the first one written at this offset or later
  };
  Mark known_from;
  std::vector<Mark> files;
};

class CheckpointLoader;
class GraphLoader;

/// A shard that keeps its state in memory. Rows are appended and never changed; a row is part of the state at
/// `next_offset` when it was written before and not buried before. So readers work on a snapshot without locks: the one
/// mutex that they share with the writer guards the copying of a Snapshot.
class MemoryShard final : public Shard, public Growing, public std::enable_shared_from_this<MemoryShard> {
 public:
  explicit MemoryShard(Options options);
  ~MemoryShard() override;

  [[nodiscard]] ApplyResult apply(std::span<const RecordView> records) override;
  [[nodiscard]] Result<SearchResult> search(const SearchPlan& plan) const override;
  [[nodiscard]] std::uint64_t estimate_work(const SearchPlan& plan) const noexcept override;
  [[nodiscard]] Result<PointPage> retrieve(std::span<const PointId> ids, const PointSelector& selector) const override;
  [[nodiscard]] Result<PointPage> retrieve_hits(std::span<const Hit> hits, const PointSelector& selector) const override;
  [[nodiscard]] Result<PointPage> scroll(std::optional<PointId> from, std::uint32_t limit,
                                         const PointSelector& selector, const Matching& matching) const override;
  [[nodiscard]] std::uint64_t estimate_scroll() const noexcept override { return order_.estimate(state()); }
  [[nodiscard]] Result<std::uint64_t> count(const Matching& matching) const override;
  [[nodiscard]] Result<Bitmap> match(const Matching& matching) const override;
  [[nodiscard]] std::uint64_t estimate_filter(const Filter& filter) const noexcept override;
  [[nodiscard]] Result<std::unique_ptr<CheckpointCapture>> capture(std::uint64_t since) const override;
  [[nodiscard]] std::optional<Error> load(std::span<const std::byte> frames) override;
  [[nodiscard]] std::optional<Error> finish_load() override;
  [[nodiscard]] Result<std::unique_ptr<GraphCapture>> capture_graphs() override;
  [[nodiscard]] std::optional<Error> load_graphs(std::span<const std::byte> bytes) override;
  [[nodiscard]] Result<std::uint64_t> finish_graphs() override;
  [[nodiscard]] Digest digest() const override { return state().digest; }
  [[nodiscard]] ShardState state() const override;
  [[nodiscard]] std::vector<SourcePosition> sources() const override;
  [[nodiscard]] std::vector<SlotSearches> searches() const override;
  [[nodiscard]] std::vector<SlotCodes> quantized() const override;
  [[nodiscard]] std::shared_ptr<const Schema> schema() const override;

  // growth.cpp: the columns' graphs, on the builder's threads
  bool grow(std::uint64_t until_ns) noexcept override;
  void set_growth(const GrowthSettings& settings) override;
  [[nodiscard]] bool has_growth() const noexcept override;

 private:
  struct Verdict {
    Outcome outcome;
    std::optional<Error> stop;
  };

  // memory_shard.cpp: one record after the other
  Verdict apply_one(const RecordView& record);
  [[nodiscard]] std::optional<Error> admit(const RecordFrame& frame, std::uint64_t offset) const;
  [[nodiscard]] std::optional<Error> reject(const RecordFrame& frame) const;
  /// Whether a batch of an ingest comes in its turn. Nothing: it does.
  [[nodiscard]] std::optional<Error> check_source(const SourceRange& source) const;
  [[nodiscard]] ShardState state_at(std::uint64_t next_offset) const noexcept;
  void publish(std::uint64_t next_offset) noexcept;

  // apply_operations.cpp
  /// What an operation did, or the rule that rejects it. Unknown ids are told although the others were changed.
  struct Effect {
    Errc code = Errc::ok;
    std::string details;
    std::uint32_t affected = 0;
  };
  /// Rows to change, each the newest of a live point, and the first id that no point has.
  struct Selection {
    std::vector<std::uint32_t> rows;
    std::optional<PointId> missing;
  };
  void apply_operations(const WriteOperations& operations, Outcome& outcome);
  /// A batch of an ingest: all of it or nothing, and then its position.
  void apply_sourced(const SourceRange& source, const WriteOperations& operations, Outcome& outcome);
  /// @param place  details that say which operation of a batch it is, or empty
  [[nodiscard]] Effect apply_operation(const WriteOperation& operation, std::uint64_t offset, std::string place);
  [[nodiscard]] std::optional<Error> check_slots(const WriteOperation& operation) const;
  [[nodiscard]] Selection select(const WriteOperation& operation) const;
  void select_by_ids(const RecordFrame& frame, Selection& into) const;
  void select_by_filter(const Filter& filter, Selection& into) const;
  /// What the writer sees: every row, those of the record that is being applied included.
  [[nodiscard]] Snapshot newest() const;

  // write_points.cpp: upsert and delete
  /// By row of the record: which are written. Nothing: all.
  using Kept = std::vector<char>;
  [[nodiscard]] std::optional<Error> check_vectors(const RecordFrame& frame) const;
  [[nodiscard]] Kept keep_for_upsert(const WriteOperation& operation) const;
  [[nodiscard]] Kept keep_for_update(const WriteOperation& operation) const;
  /// @param frame  whose vectors were checked
  void reserve_upsert(const RecordFrame& frame);
  void make_room_for_ids(std::uint64_t more);
  std::uint32_t upsert(const RecordFrame& frame, const Kept& kept, std::uint64_t offset) noexcept;
  std::uint32_t delete_points(const RecordFrame& frame, std::uint64_t offset) noexcept;
  void end_row(std::uint32_t row, std::uint64_t offset) noexcept;
  [[nodiscard]] std::uint32_t find_live(const PointId& id) const noexcept;
  [[nodiscard]] VectorColumn* column_of(std::uint32_t slot) const noexcept;

  // touch_points.cpp: new rows that share what does not change
  struct NewPayload {
    std::uint32_t row;
    std::string_view text;
  };
  /// @param into  the texts, in the arena
  [[nodiscard]] std::optional<Error> edit_payloads(const WriteOperation& operation, const Selection& selection,
                                                   std::vector<NewPayload>& into);
  void reserve_rows(std::uint64_t rows);
  void reserve_vectors(const RecordFrame& frame);
  void change_payloads(std::span<const NewPayload> payloads, std::uint64_t offset) noexcept;
  void drop_vectors(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> slots,
                    std::uint64_t offset) noexcept;
  /// @param taken  a zero for each of the record's vector blocks
  std::uint32_t update_vectors(const RecordFrame& frame, const Kept& kept, std::vector<std::uint32_t>& taken,
                               std::uint64_t offset) noexcept;
  std::uint32_t follow(std::uint32_t before, std::string_view payload, std::uint64_t offset) noexcept;
  void replace(std::uint32_t before, std::uint32_t row, std::uint64_t offset) noexcept;
  void put_vector(VectorColumn& column, std::uint32_t row, const VectorBlock& block, std::uint32_t index) noexcept;

  /// The two sums' components of a row, recomputed from what is stored.
  void add_row(std::uint32_t row) noexcept;
  void subtract_row(std::uint32_t row) noexcept;
  /// What a live row brings to, and takes from, the sums over its column.
  void add_vector(const VectorColumn& column, std::uint32_t row) noexcept;
  void subtract_vector(const VectorColumn& column, std::uint32_t row) noexcept;
  [[nodiscard]] static DigestSum stored_vector_hash(const VectorColumn& column, std::uint32_t row,
                                                    const PointId& id) noexcept;

  // write_schema.cpp
  std::optional<Error> change_schema(const RecordFrame& frame, std::uint64_t offset);
  [[nodiscard]] std::shared_ptr<const ColumnList> columns_for(const Schema& schema) const;
  void forget_column(const VectorColumn& column) noexcept;
  [[nodiscard]] std::shared_ptr<VectorColumn> make_column(const VectorSlot& slot) const;

  // growth.cpp
  void wake_builder() noexcept;
  void cover_sparse() noexcept;

  // readers
  /// Everything that was applied.
  [[nodiscard]] Snapshot newest_published() const;
  /// What may be read: all of that, or less while it is deferred.
  [[nodiscard]] Snapshot snapshot() const;
  /// @param passing  null: all points
  [[nodiscard]] Result<SearchResult> search_sparse(const Snapshot& at, const VectorColumn& column,
                                                   const SparseIndexView& view, const SearchPlan& plan,
                                                   const Bitmap* passing) const;
  [[nodiscard]] static std::uint64_t estimate_sparse(const VectorColumn& column, const SearchPlan& plan) noexcept;
  /// Evaluates a filter, which there is. @param operation  for the error of a passed deadline
  [[nodiscard]] Result<Bitmap> match_at(const Snapshot& at, const Matching& matching, const char* operation) const;
  [[nodiscard]] std::uint32_t visible_row(const Snapshot& at, const PointId& id) const noexcept;
  [[nodiscard]] std::uint32_t row_of_version(const Snapshot& at, const PointId& id, std::uint64_t version) const noexcept;
  /// Vectors of an answer that are not stored as floats, which are there as long as it is.
  using WidenedVectors = std::deque<std::vector<float>>;
  [[nodiscard]] PointView view_of(const Snapshot& at, std::uint32_t row, const PointSelector& selector,
                                  WidenedVectors& widened) const;
  [[nodiscard]] PointPage page_of(const Snapshot& at, std::span<const std::uint32_t> rows,
                                  const PointSelector& selector) const;

  // checkpoint/: encoders read as other readers do; the loader fills an empty shard before it publishes anything.
  friend class ShardCapture;
  friend class CheckpointLoader;
  friend class GraphEncoder;
  friend class GraphLoader;
  [[nodiscard]] std::optional<std::uint32_t> first_row_since(const Snapshot& at, std::uint64_t since) const noexcept;
  void begin_load();
  void forget_everything() noexcept;

  const Options options_;
  const std::shared_ptr<const Storage> cold_storage_;  ///< null where there is no folder for it
  RowStore store_;

  // The writer's own.
  std::shared_ptr<const Generation> generation_;
  Producers producers_;
  std::uint32_t newest_epoch_ = 0;
  std::uint64_t next_offset_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t points_ = 0;
  std::uint64_t vector_bytes_ = 0;
  DigestSum stored_sum_;    ///< vectors and payloads
  DigestSum version_sum_;   ///< (id, version)
  DigestSum point_sum_;     ///< (id)
  DigestSum producer_sum_;
  DigestSum source_sum_;
  ShardState counters_;     ///< records_applied, _rejected, _duplicate
  /// How far a batch came that ran out of memory. Nothing of it is published; when its record comes again, it goes on.
  struct Pending {
    std::uint64_t offset = 0;
    std::uint32_t operations = 0;  ///< 0: none
    std::uint32_t affected = 0;
  };
  Pending pending_;
  History history_;
  std::unique_ptr<CheckpointLoader> loader_;  ///< while a checkpoint is being loaded
  std::unique_ptr<GraphLoader> graph_loader_;  ///< while its graphs are

  mutable std::mutex sources_mutex_;
  Sources sources_;  ///< written by the writer, read by anyone

  std::atomic<bool> may_grow_{true};
  mutable std::mutex published_mutex_;  ///< of both
  Snapshot published_;
  mutable Deferral deferral_{store_};
  mutable IdOrder order_;
};

}  // namespace millrace
