#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/interruption.h"
#include "codes/code_space.h"
#include "graph/layer.h"
#include "graph/row_filter.h"
#include "graph/row_orders.h"
#include "graph/scratch.h"

namespace millrace {

struct GraphShape {
  std::uint32_t links = 24;          ///< of a row on upper layers; twice as many on the lowest
  std::uint32_t ef_construct = 200;  ///< candidates that an insertion chooses its links from
  std::uint32_t capacity = 0;        ///< rows; memory is used only for those that come
};

/// Decides in a walk which rows may be found. Called for rows that are near enough only.
class RowTest {
 public:
  RowTest() = default;
  RowTest(const RowTest&) = delete;
  RowTest& operator=(const RowTest&) = delete;
  virtual ~RowTest() = default;
  [[nodiscard]] virtual bool passes(std::uint32_t row) const noexcept = 0;
};

/// Asks for rows that are scanned next.
struct RowAsker {
  const char* first;
  std::size_t stride;
  void operator()(std::uint32_t row) const noexcept { prefetch_row(first + std::size_t{row} * stride, stride); }
};

/// How far a walk under a filter goes.
struct PassingGoal {
  double reach = 0;         ///< rows that it would expand if all passed
  double share = 1;         ///< of all rows that pass
  std::size_t wanted = 0;   ///< rows that pass, at least; so many are left in the order of their codes
  std::size_t breadth = 0;  ///< rows that are kept to go on from
  double hops_of_scan = 0;  ///< expansions that cost as much as scanning what passes
};

/// A graph of near neighbours over the codes of rows, searched while it grows: any number of threads search and none of
/// them ever waits; several threads insert, each row once.
///
/// After Malkov & Yashunin 2018, with these differences: lists are chosen by int8 codes, and walked by them or by their
/// sketches of four bits; a walk is pipelined,
/// so that one member's links, another's codes and a third one's scores are under way together; a row's links on all its
/// layers stand before anything leads to it, so that a walk never meets a half-made row.
class LiveGraph {
 public:
  static constexpr std::uint32_t kCapacityMax = 0x7ffffff0U;
  static constexpr std::uint32_t kLayersMax = 10;

  /// @throws OutOfMemory
  LiveGraph(std::shared_ptr<const CodeSpace> space, GraphShape shape);
  /// A copy with more room. Not while rows are encoded or inserted.
  /// @throws OutOfMemory
  LiveGraph(const LiveGraph& smaller, std::uint32_t capacity);
  LiveGraph(const LiveGraph&) = delete;
  LiveGraph& operator=(const LiveGraph&) = delete;
  ~LiveGraph();

  [[nodiscard]] const CodeSpace& space() const noexcept { return *space_; }
  [[nodiscard]] const GraphShape& shape() const noexcept { return shape_; }
  [[nodiscard]] CodeRows codes() const noexcept {
    return {reinterpret_cast<const std::int8_t*>(codes_.data()), space_->row_bytes()};
  }

  [[nodiscard]] SketchRows sketches() const noexcept {
    return {reinterpret_cast<const std::uint8_t*>(sketches_.data()), sketch_space_->row_bytes()};
  }

  /// Lets walks go by sketches, where they order the sample as codes do. Before the first row is encoded.
  /// @return whether they will
  /// @throws std::bad_alloc
  bool try_sketches(std::span<const float* const> sample);
  /// The same with the rows that are there, while nobody else knows the graph.
  bool try_sketches();
  [[nodiscard]] bool has_sketches() const noexcept { return sketch_space_ != nullptr; }

  /// Stores the codes of the next row, before it may be inserted. One thread at a time.
  /// @return components that did not fit into the scale
  std::uint32_t encode_next(const float* vector) noexcept;
  /// Rows whose codes can be read.
  [[nodiscard]] std::uint32_t encoded() const noexcept { return encoded_.load(std::memory_order_acquire); }

  /// Links an encoded row.
  /// @throws std::bad_alloc before anything has changed
  void insert(std::uint32_t row);

  /// Leaves the nearest rows in scratch.candidates: among those inserted before the call, all but a few.
  /// @param ef    rows that the walk keeps to go on from
  /// @param kept  rows that are to be left, at most `ef`; more may be
  /// @return false when it was interrupted
  /// @throws std::bad_alloc
  bool search(const CodeQuery& query, std::size_t ef, std::size_t kept, Scratch& scratch,
              Interruption* interruption) const;

  /// Walks through every row and keeps the nearest that pass in scratch.passing. Rows that do not pass lead on like others.
  /// @return whether the walk came to its end, so that only few nearer ones can be missing; false when a scan promised to
  ///         cost less than that, the breadth did not suffice for it, or it was interrupted
  /// @throws std::bad_alloc
  bool search_passing(const CodeQuery& query, const PassingGoal& goal, const RowTest& test, Scratch& scratch,
                      Interruption* interruption) const;
  bool search_passing(const CodeQuery& query, const PassingGoal& goal, const RowFilter& filter, Scratch& scratch,
                      Interruption* interruption) const;

  /// Rows that `scan` takes at once, at most.
  static constexpr std::size_t kScanned = 64;
  /// Looks for the nearest among rows that the caller names, as far as they have codes: begin_scan, then scan as often as it
  /// takes, each time for rows that were asked for before; end_scan leaves the `kept` nearest in scratch.candidates.
  /// @throws std::bad_alloc
  void begin_scan(const CodeQuery& query, std::size_t kept, Scratch& scratch) const;
  [[nodiscard]] RowAsker asker() const noexcept;
  /// @param test  null: they all pass
  void scan(const CodeQuery& query, std::span<const std::uint32_t> rows, const RowTest* test, Scratch& scratch) const noexcept;
  void end_scan(const CodeQuery& query, std::size_t kept, Scratch& scratch) const;

  /// Makes every inserted row reachable on the lowest layer again; pruning may have cut some off. Not while rows are
  /// inserted; searches go on.
  /// @return rows that were not reachable
  /// @throws std::bad_alloc
  std::size_t attach_unreachable();

  /// Rows that no path leads to.
  /// @throws std::bad_alloc
  [[nodiscard]] std::size_t count_unreachable() const;

  [[nodiscard]] bool has_entry() const noexcept { return entry().has_value(); }
  /// Members of a layer that may be incomplete while rows are inserted; of the lowest layer rows with codes.
  [[nodiscard]] std::uint32_t layer_size(std::uint32_t layer) const noexcept {
    return layer == 0 ? encoded() : layer_size_[layer].load(std::memory_order_acquire);
  }
  [[nodiscard]] const Layer& layer(std::uint32_t layer) const noexcept { return layers_[layer]; }

  /// Bytes that are in use, of codes and of links.
  [[nodiscard]] std::uint64_t code_bytes() const noexcept {
    const auto sketched = sketch_space_ == nullptr ? 0 : sketch_space_->row_bytes();
    return std::uint64_t{encoded()} * (space_->row_bytes() + sketched);
  }
  [[nodiscard]] std::uint64_t link_bytes() const noexcept;

  /// Bytes that are in use for each row, on average.
  [[nodiscard]] std::size_t bytes_per_row() const noexcept;

 private:
  friend class GraphAssembly;
  static constexpr std::uint64_t kNoEntry = ~std::uint64_t{0};

  struct Entry {
    std::uint32_t layer;
    std::uint32_t member;
  };
  struct Found {
    std::int32_t key;
    std::uint32_t member;
  };
  class Selector;
  class Reach;

  [[nodiscard]] std::optional<Entry> entry() const noexcept;
  [[nodiscard]] std::uint32_t row_of(std::uint32_t layer, std::uint32_t member) const noexcept {
    return layer == 0 ? member : layers_[layer].member(member).row;
  }
  [[nodiscard]] std::int8_t* codes_at(std::uint32_t row) const noexcept {
    return reinterpret_cast<std::int8_t*>(codes_.data()) + std::size_t{row} * space_->row_bytes();
  }
  void learn_sketches(CodeRows sample, std::size_t count);
  void sketch(std::uint32_t row) noexcept;

  // walk.h, walk.cpp and filtered_walk.cpp
  template <typename Use>
  auto with_order(const CodeQuery& query, Scratch& scratch, Use use) const;
  template <typename Order>
  [[nodiscard]] Found descend(const Order& order, Entry from, std::uint32_t layer, Scratch& scratch) const;
  template <bool IsLowest, typename Order, typename Collect>
  bool walk(const Order& order, const Layer& layer, Scratch& scratch, Interruption* interruption, Collect&& collect) const;
  template <bool IsLowest, typename Order>
  void gather(const Order& order, const Layer& layer, std::uint32_t member, VisitedSet& visited,
              Group& into) const noexcept;
  template <typename Test>
  bool collect_passing(const CodeQuery& query, const PassingGoal& goal, const Test& test, Scratch& scratch,
                       Interruption* interruption) const;
  void rank_all_by_codes(const CodeQuery& query, CandidateBuffer& found, std::size_t kept, Scratch& scratch) const;
  void rank_by_codes(const CodeQuery& query, CandidateBuffer& found, std::size_t kept, Scratch& scratch) const;

  // insertion.cpp
  [[nodiscard]] std::uint32_t layer_for(std::uint32_t row) const noexcept;
  void enter_first(std::uint32_t row, std::uint32_t layers);
  [[nodiscard]] std::uint32_t add_members(std::uint32_t row, std::uint32_t layers, std::uint32_t* members) noexcept;
  void link_back(std::uint32_t layer, std::uint32_t member, std::uint32_t added, Selector& selector) noexcept;
  void raise_entry(Entry to) noexcept;

  std::shared_ptr<const CodeSpace> space_;
  GraphShape shape_;
  Block codes_;
  std::shared_ptr<const SketchSpace> sketch_space_;  ///< null: walks go by codes
  Block sketches_;
  std::array<Layer, kLayersMax> layers_;
  std::array<std::uint32_t, kLayersMax> layer_capacity_{};
  std::array<std::atomic<std::uint32_t>, kLayersMax> layer_size_{};
  std::atomic<std::uint32_t> encoded_{0};
  std::atomic<std::uint64_t> entry_{kNoEntry};
  std::mutex entry_mutex_;
};

}  // namespace millrace
