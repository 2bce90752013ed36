#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/filter.h"
#include "millrace/index_settings.h"
#include "millrace/point_id.h"
#include "millrace/result.h"
#include "millrace/schema.h"

namespace millrace {

class CheckpointCapture;
class GraphCapture;
class IndexBuilder;
class ThreadPool;

/// One record of the shard's partition, in place.
struct RecordView {
  std::uint64_t offset = 0;
  std::uint64_t append_time_ms = 0;  ///< the only clock that apply may see
  std::span<const std::byte> frame;  ///< 8-byte aligned; see docs/reference/log-format.md
};

/// What became of one record.
struct Outcome {
  std::uint64_t offset = 0;
  std::uint64_t producer_id = 0;
  std::uint64_t sequence = 0;
  Errc code = Errc::ok;       ///< ok, or the rule that rejected it (an unknown id rejects nothing else); on every replica
  std::uint32_t affected = 0; ///< points written, changed or deleted
  std::string details;        ///< of a rejection, as in Error
};

/// Outcomes of the records that were applied or rejected. When the shard had to stop (memory, a damaged or
/// newer record), `stop` says why: that record and all after it are not applied, and state is as before it.
struct ApplyResult {
  std::vector<Outcome> outcomes;
  std::optional<Error> stop;
};

/// Σ mod 2^128 of the component hashes of contract.md §7.
struct Digest {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Digest&, const Digest&) = default;
};

/// Codes of vectors that the user asked for.
struct QuantizedCodes {
  std::uint64_t vectors = 0;
  std::uint64_t bytes_of_each = 0;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return vectors * bytes_of_each; }
};

/// Of one vector slot.
struct SlotCodes {
  std::uint32_t slot = 0;
  QuantizedCodes codes;
};

/// Bytes that a shard uses, by what they hold. Memory that is set aside and was never touched does not count.
struct MemoryUse {
  std::uint64_t rows = 0;      ///< ids, versions, which rows are dead
  std::uint64_t ids = 0;       ///< the table that finds a point by its id
  std::uint64_t payloads = 0;
  std::uint64_t vectors = 0;   ///< dense and sparse as they were given, of live and dead rows; but for those of `cold`
  std::uint64_t cold = 0;      ///< vectors that lie in files
  std::uint64_t codes = 0;     ///< what graphs are walked by
  std::uint64_t graphs = 0;    ///< links
  std::uint64_t sparse = 0;    ///< inverted indexes
  std::uint64_t quantized = 0; ///< codes that the user asked for
  std::uint64_t coming = 0;    ///< more, once what waits for a graph is in it
  /// But for what is still to come, and what is not in memory.
  [[nodiscard]] std::uint64_t total() const noexcept {
    return rows + ids + payloads + vectors + codes + graphs + sparse + quantized;
  }
};

/// How what is kept beside the points of a shard grows, and what of it readers wait for.
struct GrowthSettings {
  std::uint32_t builders_most = 0;  ///< threads of the builder at once; 0: all
  bool is_paused = false;           ///< nothing is built
  /// What no graph leads to is deferred, but for as much as needs none: see docs/guide/deferred-points.md. What
  /// may be read when this is turned on stays so.
  bool defers = false;
  friend bool operator==(const GrowthSettings&, const GrowthSettings&) = default;
};

/// A consistent reading of a shard: what it holds after every record below `next_offset`.
struct ShardState {
  std::uint64_t next_offset = 0;
  Digest digest;           ///< with versions: equal on replicas at one offset
  Digest content_digest;   ///< without versions: equal across generations, restores and upgrades
  std::uint64_t points = 0;
  std::uint64_t rows = 0;  ///< live and dead
  std::uint64_t visible_offset = 0;  ///< what readers see: less than next_offset while points are deferred
  std::uint64_t visible_points = 0;
  std::uint32_t schema_version = 0;
  std::uint64_t records_applied = 0;
  std::uint64_t records_rejected = 0;
  std::uint64_t records_duplicate = 0;
  MemoryUse memory;
  std::uint64_t indexed_vectors = 0;  ///< that searches find through a graph; not part of what replicas share
  std::uint64_t graph_changes = 0;    ///< insertions into graphs since the shard was opened
  std::uint64_t waiting_vectors = 0;  ///< of live and dead rows, that are to get into a graph, or codes, and are not there yet
};

/// How far one partition of a user's topic has been applied.
struct SourcePosition {
  std::uint64_t ingest = 0;
  std::string topic;
  std::uint32_t partition = 0;
  std::uint64_t next = 0;    ///< the position to go on from
  std::uint64_t offset = 0;  ///< of the newest batch
};

/// Rows of a shard: bit r of word r / 64.
struct Bitmap {
  std::vector<std::uint64_t> words;
  std::uint64_t count = 0;  ///< bits that are set
  [[nodiscard]] bool contains(std::uint32_t row) const noexcept {
    return (row >> 6) < words.size() && ((words[row >> 6] >> (row & 63U)) & 1U) != 0;
  }
};

/// Ends a long call: checked every few thousand vectors.
struct Cancellation {
  std::atomic<bool> cancelled{false};
  std::uint64_t deadline_ns = 0;  ///< steady clock; 0: none
};

/// How points are looked for.
struct Matching {
  const Filter* filter = nullptr;              ///< only points that match; null: all
  const Cancellation* cancellation = nullptr;
  ThreadPool* helpers = nullptr;  ///< whose idle threads may take part in a long evaluation; the result is the same
};

/// How a search uses the codes that the user asked for, where there are any.
struct QuantizationUse {
  bool is_ignored = false;           ///< search as if there were none
  std::optional<bool> rescores;      ///< score hits by their vectors; nothing: as the quantization's settings say
  double oversampling = 1;           ///< ≥ 1; so many times k of the best by their codes are scored by their vectors
};

struct SearchPlan {
  std::uint32_t slot = 0;
  std::span<const float> query;  ///< f32[dimension], of multivectors f32[n × dimension]; unit length when the slot keeps it
  std::uint32_t k = 10;          ///< hits wanted, ≥ 1
  bool exact = false;
  std::uint32_t ef = 0;          ///< size of the candidate list; 0: the engine's choice
  std::optional<float> score_threshold;  ///< strict, on the reported score
  Matching matching;             ///< its helpers take part in the search as well
  const Bitmap* passing = nullptr;  ///< what `match` told for a filter: then it is not evaluated again
  bool is_sparse = false;        ///< then `query` holds the values of these indices, which rise
  std::span<const std::uint32_t> indices = {};
  bool idf = false;              ///< a sparse query's values are multiplied by how rare their indices are
  QuantizationUse quantization = {};
};

struct Hit {
  PointId id;
  std::uint64_t version = 0;
  float score = 0;  ///< as reported: similarity (cosine, dot) or distance (euclid, manhattan)
};

/// How a search found its hits: the planner's decision.
enum class SearchPath : std::uint8_t {
  scan,           ///< every vector that may be a hit was scored
  code_scan,      ///< every code was, and the best by their vectors
  graph,          ///< a walk, and a scan of what is not in the graph yet
  filtered_graph, ///< a walk through everything that collects what passes
  graph_gave_up,  ///< such a walk met too little that passes, and codes were scanned after it; of multivectors a walk that
                  ///< saw that it would miss some, and every one that may be a hit was scored after it
};

/// What searches of one kind took. Those that an error ended are not among them.
struct SearchesTaken {
  std::uint64_t count = 0;
  std::uint64_t nanoseconds = 0;  ///< in all, with what their filters took
};

/// The searches of a slot since the shard was opened, with and without a filter.
struct SlotSearches {
  std::uint32_t slot = 0;
  struct Kinds {
    SearchesTaken exact;    ///< that were asked to be
    SearchesTaken sparse;   ///< of sparse vectors
    SearchesTaken paths[5]; ///< the others, by SearchPath
  };
  Kinds unfiltered;
  Kinds filtered;
};

/// Hits, best first; equal scores by id (descending for similarities, ascending for distances).
struct SearchResult {
  std::vector<Hit> hits;
  bool larger_is_better = true;
  std::uint64_t next_offset = 0;  ///< the state that was searched
  SearchPath path = SearchPath::scan;
};

/// Which parts of a point are wanted.
struct PointSelector {
  bool payload = false;
  bool all_vectors = false;
  std::vector<std::uint32_t> slots;  ///< with all_vectors false: just these
};

struct StoredVector {
  std::uint32_t slot = 0;
  std::span<const float> values;  ///< valid as long as the PointView
  std::span<const std::uint32_t> indices = {};  ///< of a sparse vector
  bool is_sparse = false;
  std::uint32_t row_dimension = 0;  ///< of a multivector: `values` are vectors of this length
};

/// One point as stored. Views stay valid as long as `keep_alive`.
struct PointView {
  PointId id;
  std::uint64_t version = 0;
  std::string_view payload;            ///< JSON object text; empty: no payload
  std::vector<StoredVector> vectors;   ///< present ones, in schema order
};

struct PointPage {
  std::vector<PointView> points;
  std::optional<PointId> next;  ///< scroll: where the next page starts
  std::shared_ptr<const void> keep_alive;
};

/// A shard of a collection: one writer (`apply`), any number of readers, no reader ever waits for the writer.
class Shard {
 public:
  struct Options {
    std::uint64_t collection_id = 0;
    std::uint32_t shard = 0;
    IndexBuilder* builder = nullptr;  ///< outlives the shard; null: no indexes, searches scan
    IndexSettings index = {};         ///< of all slots that are not among `index_of_slots`
    std::vector<SlotIndex> index_of_slots = {};
    VectorPlacement placement = VectorPlacement::cached;  ///< of all slots that are not among `index_of_slots`
    std::string scratch_folder = {};  ///< that exists, of files for cold vectors; empty: they are kept in memory
  };

  [[nodiscard]] static Result<std::shared_ptr<Shard>> open(Options options);
  virtual ~Shard() = default;

  /// Applies records in offset order; those below `state().next_offset` are skipped without an outcome.
  /// Reads no clock and no random number. One call at a time.
  [[nodiscard]] virtual ApplyResult apply(std::span<const RecordView> records) = 0;

  /// @throws (as Error) VECTOR_NAME_UNKNOWN, VECTOR_KIND_MISMATCH, VECTOR_DIMENSION_MISMATCH, DEADLINE_PASSED, CANCELLED, OUT_OF_MEMORY
  [[nodiscard]] virtual Result<SearchResult> search(const SearchPlan& plan) const = 0;

  /// Estimated work of a search in multiply-adds: decides whether the caller runs it inline.
  [[nodiscard]] virtual std::uint64_t estimate_work(const SearchPlan& plan) const noexcept = 0;

  /// @return the live points among `ids`, in the order of `ids`; unknown ones are missing
  [[nodiscard]] virtual Result<PointPage> retrieve(std::span<const PointId> ids, const PointSelector& selector) const = 0;

  /// The points of hits as the search saw them, whatever became of them since. Those whose version this shard never had
  /// are missing: another one was searched, which this replaced, and the point was written in between.
  [[nodiscard]] virtual Result<PointPage> retrieve_hits(std::span<const Hit> hits, const PointSelector& selector) const = 0;

  /// @param from   first id wanted, or nothing for the beginning
  /// @return       up to `limit` live points in id order, and where the next page starts
  [[nodiscard]] virtual Result<PointPage> scroll(std::optional<PointId> from, std::uint32_t limit,
                                                 const PointSelector& selector,
                                                 const Matching& matching = {}) const = 0;

  /// Rows that a scroll looks at or sorts besides those of its page: many after a large ingest.
  [[nodiscard]] virtual std::uint64_t estimate_scroll() const noexcept = 0;

  /// Live points that match.
  [[nodiscard]] virtual Result<std::uint64_t> count(const Matching& matching = {}) const = 0;

  /// The rows of the live points that match, at one snapshot. Rows are this shard's own numbers and mean nothing after a restart.
  [[nodiscard]] virtual Result<Bitmap> match(const Matching& matching) const = 0;

  /// Estimated work of evaluating a filter, in the unit of `estimate_work`.
  [[nodiscard]] virtual std::uint64_t estimate_filter(const Filter& filter) const noexcept = 0;

  /// Takes hold of what changed since an offset, to be written to a file of a checkpoint. Not during `apply`.
  /// @param since  0: everything; else where the file begins that this one goes on from: any offset that this shard itself
  ///               has passed, or the end of a file that it was loaded from
  /// @return       ARGUMENT_INVALID for another `since`
  [[nodiscard]] virtual Result<std::unique_ptr<CheckpointCapture>> capture(std::uint64_t since) const = 0;

  /// Takes over whole frames of a checkpoint's files, in order, into a shard to which nothing was applied. Readers see
  /// nothing of it, and nothing can be applied, before finish_load.
  /// @param frames  8-byte aligned
  /// @return CHECKPOINT_CORRUPT with the byte of the file and the reason, OUT_OF_MEMORY; the shard is empty again then
  [[nodiscard]] virtual std::optional<Error> load(std::span<const std::byte> frames) = 0;

  /// Compares the digest of what was loaded with the one that the checkpoint tells, and makes it the shard's state.
  /// @return as load
  [[nodiscard]] virtual std::optional<Error> finish_load() = 0;

  /// Takes hold of the graphs as they are, to be written to a file. At any time; waits until insertions under way have
  /// ended, some milliseconds.
  /// @return null when there is no graph, or what the file would hold is being moved to a larger one
  [[nodiscard]] virtual Result<std::unique_ptr<GraphCapture>> capture_graphs() = 0;

  /// Takes a graph file, in pieces of any size, for the rows that `load` has taken; before finish_load.
  /// @return GRAPH_CORRUPT with the byte of the file and the reason, OUT_OF_MEMORY; nothing of the file is used then, and
  ///         finish_load goes on without
  [[nodiscard]] virtual std::optional<Error> load_graphs(std::span<const std::byte> bytes) = 0;
  /// Ends the file: the columns whose settings are those of the file go on from its graphs.
  /// @return vectors that these lead to, or as load_graphs
  [[nodiscard]] virtual Result<std::uint64_t> finish_graphs() = 0;

  [[nodiscard]] virtual Digest digest() const = 0;
  [[nodiscard]] virtual ShardState state() const = 0;
  /// At any time.
  /// @throws std::bad_alloc; what it defers is as before then
  virtual void set_growth(const GrowthSettings& settings) = 0;
  /// By ingest, topic and partition; of the last applied record, which readers may not see yet. At any time.
  /// @throws std::bad_alloc
  [[nodiscard]] virtual std::vector<SourcePosition> sources() const = 0;
  /// What there is of the codes that the user asked for, by slot; of slots that are to have some. At any time.
  /// @throws std::bad_alloc
  [[nodiscard]] virtual std::vector<SlotSearches> searches() const = 0;
  [[nodiscard]] virtual std::vector<SlotCodes> quantized() const = 0;
  [[nodiscard]] virtual std::shared_ptr<const Schema> schema() const = 0;
};

}  // namespace millrace
