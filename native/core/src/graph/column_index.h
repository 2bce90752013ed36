#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "codes/multi_encoding.h"
#include "graph/live_graph.h"
#include "millrace/index_settings.h"

namespace millrace {

struct VectorColumn;
struct RowStore;

/// The graph of one column at one size: codes of its first positions, and of those the graph has the first `covered`.
struct GraphStage {
  GraphStage(std::shared_ptr<const CodeSpace> space, GraphShape shape) : graph(std::move(space), shape) {}
  GraphStage(const GraphStage& smaller, std::uint32_t capacity)
      : graph(smaller.graph, capacity), encoding(smaller.encoding), covered(smaller.covered.load()) {}

  [[nodiscard]] bool has_loaded(std::uint32_t position) const noexcept {
    return position < loaded.size() && loaded[position];
  }

  LiveGraph graph;
  std::shared_ptr<const MultiEncoding> encoding;  ///< of multivectors; null: the codes are of the column's vectors
  std::atomic<std::uint32_t> covered{0};  ///< every position below was inserted, or was dead to all who can still ask
  std::vector<bool> loaded;  ///< positions that a graph file brought; not changed once the stage is used
};

/// Memory of a graph.
struct IndexBytes {
  std::uint64_t codes = 0;
  std::uint64_t links = 0;
  std::uint64_t coming = 0;  ///< more of both, once what waits is in it
};

/// A graph at a moment at which nobody inserted: what is written to a file.
struct GraphCut {
  std::shared_ptr<const GraphStage> stage;
  std::uint32_t nodes = 0;  ///< positions that the graph covers
  /// By layer, from 1 on.
  std::vector<std::vector<Layer::Member>> members;
};

/// Keeps a graph beside a column of vectors, and lets it grow with it. A cache: it can be dropped and built again, and
/// nothing that the shard stores or answers for depends on it.
class ColumnIndex {
 public:
  explicit ColumnIndex(IndexSettings settings) noexcept : settings_(settings) {}

  /// What searches use now; null when there is no graph.
  [[nodiscard]] std::shared_ptr<const GraphStage> stage() const;
  [[nodiscard]] const IndexSettings& settings() const noexcept { return settings_; }

  /// Vectors that a search finds through the graph.
  [[nodiscard]] std::uint32_t covered() const;

  /// Vectors of the column that are to get into the graph and are not there yet; 0 where no graph is wanted.
  [[nodiscard]] std::uint32_t waiting(const VectorColumn& column) const;

  /// Vectors that a column may have outside of its graph: from so many on there is one. Nothing: it will never have one.
  [[nodiscard]] std::optional<std::uint64_t> without_graph_max(const VectorColumn& column) const noexcept;

  [[nodiscard]] IndexBytes bytes(const VectorColumn& column) const;

  /// Inserts positions until `until_ns`. Any number of threads.
  /// @param next_offset  a published state: rows that are dead in it are left out
  /// @return whether there may be more to do
  /// @throws std::bad_alloc; what exists stays usable
  bool grow(const VectorColumn& column, const RowStore& store, std::uint64_t next_offset, std::uint64_t until_ns);

  /// Whether the builder should be told of the column. Never waits for a thread that builds.
  [[nodiscard]] bool wants_growth(const VectorColumn& column) const;

  /// Whether positions wait that nobody has taken, or something else is to be done for the graph.
  [[nodiscard]] bool has_growth(const VectorColumn& column) const;

  /// Insertions since the index was made.
  [[nodiscard]] std::uint64_t changes() const;

  /// Waits for the insertions under way, mostly less than a millisecond; others wait until it is done.
  /// @return nothing when there is no graph, it is being copied or tidied, not all that it holds is covered yet, or an
  ///         insertion does not come to its end
  /// @throws std::bad_alloc
  [[nodiscard]] std::optional<GraphCut> cut();

  /// Whether a graph of this shape would be made for the column as it is now.
  [[nodiscard]] bool would_take(const VectorColumn& column, std::uint32_t links, std::uint32_t ef_construct) const noexcept;

  /// Rows that a graph of the column has room for.
  [[nodiscard]] static std::uint32_t capacity_for(std::uint32_t count) noexcept;

  /// Goes on from a graph that was read from a file, before anyone uses the index.
  void adopt(std::shared_ptr<GraphStage> stage) noexcept;

 private:
  static constexpr std::size_t kThreadsMax = 64;
  static constexpr std::uint32_t kNobody = 0xffffffffU;

  [[nodiscard]] bool is_wanted(const VectorColumn& column) const noexcept;
  [[nodiscard]] std::shared_ptr<GraphStage> prepare(const VectorColumn& column);
  void encode(GraphStage& stage, const VectorColumn& column, std::uint64_t until_ns);
  struct Claim {
    std::uint32_t position = kNobody;
    std::size_t place = 0;
  };
  [[nodiscard]] Claim claim(const GraphStage& stage) noexcept;
  void finish(GraphStage& stage, const Claim& claimed) noexcept;
  [[nodiscard]] bool is_inserting() const noexcept;
  void tidy(GraphStage& stage);

  const IndexSettings settings_;
  void publish(std::shared_ptr<GraphStage> stage) noexcept;

  mutable std::mutex mutex_;  ///< of stage_ and what is under way; held by builders, which may be put aside for long
  mutable std::mutex visible_mutex_;  ///< of visible_: those who search and apply wait for each other only
  std::shared_ptr<const GraphStage> visible_;  ///< stage_, for them
  std::shared_ptr<GraphStage> stage_;
  std::uint32_t next_ = 0;  ///< the first position that nobody has taken
  std::array<std::uint32_t, kThreadsMax> taken_ = filled_with_nobody();
  std::array<bool, kThreadsMax> has_failed_{};  ///< for want of memory
  std::uint32_t failed_ = 0;
  std::uint32_t tidied_ = 0;  ///< positions that were there when all could last be reached
  std::uint64_t inserted_ = 0;
  std::atomic<bool> is_untidy_{false};  ///< a graph was loaded whose rows may not all be reached
  bool is_resting_ = false;   ///< nothing is taken while the graph is copied, cut or tidied
  std::mutex encode_mutex_;

  [[nodiscard]] static constexpr std::array<std::uint32_t, kThreadsMax> filled_with_nobody() noexcept {
    std::array<std::uint32_t, kThreadsMax> places{};
    places.fill(kNobody);
    return places;
  }
};

}  // namespace millrace
