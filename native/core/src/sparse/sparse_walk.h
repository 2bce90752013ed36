#pragma once

#include <cstdint>
#include <vector>

#include "base/interruption.h"
#include "sparse/sparse_index.h"
#include "sparse/sparse_query.h"

namespace millrace {

/// Takes what a search finds.
class SparseSink {
 public:
  virtual ~SparseSink() = default;
  /// What does not reach this score is not wanted. It only ever rises.
  [[nodiscard]] virtual float wanted() const noexcept = 0;
  /// @return whether the position may be found at all
  [[nodiscard]] virtual bool admits(std::uint32_t position) const noexcept = 0;
  virtual void offer(std::uint32_t position, float score) noexcept = 0;
};

/// Scores the documents of an index: all that may be wanted, and of the others as few as it can.
///
/// It goes through each segment in windows of 64 blocks. At first it adds up every list of the query, by rising index, so
/// that sums are the scores. Once something is wanted that some lists cannot reach together, however well they match, these
/// are left out (long lists that reach little go first): documents that stand in them alone need not be looked at. Then
/// short lists are added up, and of the long ones the weights of a block only when the block can reach what is wanted: by
/// its sums, and by the largest weight that each long list has in it, or the smallest when the query's is below 0. What a
/// document may reach is compared with room for roundings, and where one may reach enough its block is added up by rising
/// index. Where an index keeps rounded weights, there is room for these as well, and what may reach enough is scored by its
/// vector: scores are always those of the vectors as they were given.
class SparseWalk {
 public:
  /// @param vectors  that the index is of
  /// @param view, query  outlive the walk, as the vectors do
  /// @throws std::bad_alloc
  SparseWalk(const SparseVectors& vectors, const SparseIndexView& view, const SparseQuery& query);

  /// Entries of all lists of the query.
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }

  void run(SparseSink& sink, Interruption& interruption) noexcept;

 private:
  static constexpr std::uint32_t kBlocks = 64;
  static constexpr std::uint32_t kWindow = kBlocks * SparseSegment::kBlock;

  struct Term {
    float weight;         ///< of the query
    float unit;           ///< what a code of 1 in the list brings to a score
    float reach;          ///< the most that it can bring to a score, never below 0
    SparseSegment::List list;
    std::uint32_t at = 0; ///< the first entry behind the windows so far
    bool is_left_out = false;
  };
  /// The lists that a segment has, by rising index.
  struct Part {
    const SparseSegment* segment;
    std::vector<Term> terms;
    std::vector<std::uint32_t> order;  ///< terms, in the order in which they are left out
    double room = 0;                   ///< for roundings, of sums and of weights
    bool is_exact = true;              ///< weights are as they were given
    std::uint32_t left_out = 0;
    std::uint64_t entries = 0;
    std::uint64_t essential = 0;       ///< entries of what is not left out
  };

  [[nodiscard]] Part part_of(const SparseSegment& segment) const;
  void take(Part& part, SparseSink& sink, Interruption& interruption) noexcept;
  static void leave_out(Part& part, double limit) noexcept;
  void add_all(Part& part, std::uint32_t first, SparseSink& sink) noexcept;
  void judge(const Part& part, std::uint32_t taken) noexcept;
  static void take_back(Part& part, std::uint32_t first) noexcept;
  std::uint32_t add_some(Part& part, std::uint32_t first, SparseSink& sink) noexcept;
  void add_short(Part& part, std::uint32_t first) noexcept;
  void bound(const Part& part, std::uint32_t first) noexcept;
  void take_block(const Part& part, std::uint32_t first, std::uint32_t block, SparseSink& sink) noexcept;
  void check(const Part& part, std::uint32_t block, std::span<const float> sums, float rest, SparseSink& sink) const noexcept;

  const SparseVectors& vectors_;
  const SparseQuery& query_;
  std::vector<Part> parts_;
  std::uint64_t entries_ = 0;
  std::vector<float> sums_;       ///< of a window; zero between two
  float rest_[kBlocks]{};         ///< what lists that are left out can bring in a block
  float potential_[kBlocks]{};    ///< what long lists that are not can bring
  std::uint64_t touched_ = 0;     ///< blocks whose sums are not zero
  double spared_ = 0;             ///< nanoseconds, by leaving lists out
  bool takes_all_ = false;        ///< it was given up
};

}  // namespace millrace
