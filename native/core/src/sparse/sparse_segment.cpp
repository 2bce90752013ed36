#include "sparse/sparse_segment.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "sparse/sparse_vectors.h"

namespace millrace {
namespace {

std::size_t hash_of(std::uint32_t index) noexcept {
  return static_cast<std::size_t>((index * 0x9E3779B97F4A7C15ULL) >> 32U);
}

struct Entry {
  std::uint32_t index;
  std::uint16_t document;
  float weight;
};

/// Sorts by index and leaves entries of one index in their order.
void sort_by_index(std::vector<Entry>& entries) {
  constexpr unsigned kBits = 11;
  std::uint32_t all = 0;
  for (const auto& entry : entries) all |= entry.index;
  std::vector<Entry> other(entries.size());
  for (unsigned shift = 0; shift < 32 && (all >> shift) != 0; shift += kBits) {
    std::array<std::uint32_t, (1U << kBits) + 1> begins{};
    const auto digit = [&](const Entry& entry) { return (entry.index >> shift) & ((1U << kBits) - 1); };
    for (const auto& entry : entries) ++begins[digit(entry) + 1];
    for (std::size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
    for (const auto& entry : entries) other[begins[digit(entry)]++] = entry;
    entries.swap(other);
  }
}

}  // namespace

/// Writes lists by rising index.
class SparseSegment::Builder {
 public:
  Builder(ElementType weights, std::size_t entries) {
    made_->weights_ = SparseWeights(weights);
    made_->weights_.reserve(entries);
    made_->documents_.reserve(entries);
  }

  void add_document(std::uint32_t position) { made_->positions_.push_back(position); }

  /// @param index  not below the last one
  /// @param error  the weight is not farther than this from the one that was given
  void add(std::uint32_t index, std::uint16_t document, float weight, float error = 0) {
    if (made_->indices_.empty() || made_->indices_.back() != index) begin(index);
    made_->documents_.push_back(document);
    list_.push_back(weight);
    error_ = std::max(error_, error);
  }

  [[nodiscard]] std::shared_ptr<const SparseSegment> finish() {
    end();
    made_->starts_.push_back(static_cast<std::uint32_t>(made_->documents_.size()));
    made_->starts_.shrink_to_fit();
    made_->indices_.shrink_to_fit();
    made_->weights_.fit();
    made_->finish();
    return std::move(made_);
  }

 private:
  void begin(std::uint32_t index) {
    end();
    made_->indices_.push_back(index);
    made_->starts_.push_back(static_cast<std::uint32_t>(made_->documents_.size()));
  }

  void end() {
    if (!list_.empty()) made_->weights_.add(list_, error_);
    list_.clear();
    error_ = 0;
  }

  std::shared_ptr<SparseSegment> made_ = std::make_shared<SparseSegment>();
  std::vector<float> list_;  ///< weights of the last list
  float error_ = 0;          ///< the largest of its entries
};

std::shared_ptr<const SparseSegment> SparseSegment::of_vectors(const SparseVectors& vectors, std::uint32_t first,
                                                               std::uint32_t count, ElementType weights,
                                                               const PositionTest& test) {
  std::vector<std::uint32_t> live;
  std::size_t total = 0;
  for (auto position = first; position < first + count; ++position) {
    if (!test.is_live(position)) continue;
    live.push_back(position);
    total += vectors.at(position).indices.size();
  }
  std::vector<Entry> entries;
  entries.reserve(total);
  Builder builder(weights, total);
  for (std::size_t document = 0; document < live.size(); ++document) {
    const auto vector = vectors.at(live[document]);
    builder.add_document(live[document]);
    for (std::size_t i = 0; i < vector.indices.size(); ++i)
      entries.push_back({vector.indices[i], static_cast<std::uint16_t>(document), vector.values[i]});
  }
  sort_by_index(entries);
  for (const auto& [index, document, weight] : entries) builder.add(index, document, weight);
  return builder.finish();
}

std::shared_ptr<const SparseSegment> SparseSegment::merged(std::span<const std::shared_ptr<const SparseSegment>> parts,
                                                           const PositionTest& test) {
  constexpr std::uint32_t kGone = kDocumentsMax;
  std::size_t total = 0;
  for (const auto& part : parts) total += part->documents_.size();
  Builder builder(parts.front()->weight_type(), total);
  std::vector<std::vector<std::uint32_t>> numbers(parts.size());  // by document of each part: the new one
  std::uint32_t documents = 0;
  for (std::size_t p = 0; p < parts.size(); ++p)
    for (const auto position : parts[p]->positions_) {
      const bool is_live = test.is_live(position);
      numbers[p].push_back(is_live ? documents++ : kGone);
      if (is_live) builder.add_document(position);
    }
  std::vector<std::size_t> places(parts.size());
  for (;;) {
    std::uint64_t index = std::numeric_limits<std::uint64_t>::max();
    for (std::size_t p = 0; p < parts.size(); ++p)
      if (places[p] < parts[p]->indices_.size()) index = std::min<std::uint64_t>(index, parts[p]->indices_[places[p]]);
    if (index == std::numeric_limits<std::uint64_t>::max()) return builder.finish();
    for (std::size_t p = 0; p < parts.size(); ++p) {
      const auto& part = *parts[p];
      if (places[p] == part.indices_.size() || part.indices_[places[p]] != index) continue;
      const auto weights = part.weights_of(static_cast<std::uint32_t>(places[p]));
      const auto begin = part.starts_[places[p]];
      weights.visit([&](auto code) {
        for (std::uint32_t i = 0; begin + i < part.starts_[places[p] + 1]; ++i)
          if (const auto number = numbers[p][part.documents_[begin + i]]; number != kGone)
            builder.add(static_cast<std::uint32_t>(index), static_cast<std::uint16_t>(number), code(i) * weights.scale.step,
                        weights.scale.error);
      });
      ++places[p];
    }
  }
}

void SparseSegment::finish() {
  long_of_.resize(indices_.size());
  most_.resize(indices_.size());
  least_.resize(indices_.size());
  for (std::uint32_t list = 0; list < indices_.size(); ++list) measure(list);
  has_negatives_ = std::ranges::any_of(least_, [](float least) { return least < 0; });
  if (!has_negatives_) least_ = {};
  // A list with fewer entries than there are blocks is as quickly read itself.
  for (std::uint32_t list = 0; list < indices_.size(); ++list)
    if (starts_[list + 1] - starts_[list] >= blocks()) describe(list);
  fill_table();
}

void SparseSegment::measure(std::uint32_t list) {
  const auto weights = weights_of(list);
  weights.visit([&](auto code) {
    for (std::uint32_t i = 0; i < starts_[list + 1] - starts_[list]; ++i) {
      most_[list] = std::max(most_[list], code(i) * weights.scale.step);
      least_[list] = std::min(least_[list], code(i) * weights.scale.step);
    }
  });
}

void SparseSegment::describe(std::uint32_t list) {
  const auto first = largest_.size();
  long_of_[list] = static_cast<std::uint32_t>(first / blocks()) + 1;
  largest_.resize(first + blocks());
  if (has_negatives_) smallest_.resize(first + blocks());
  const auto weights = weights_of(list);
  const auto begin = starts_[list];
  auto at = begin;
  weights.visit([&](auto code) {
    for (std::uint32_t block = 0; block < blocks(); ++block) {
      ends_.push_back(at);
      for (; at < starts_[list + 1] && documents_[at] / kBlock == block; ++at) {
        const float weight = code(at - begin) * weights.scale.step;
        largest_[first + block] = std::max(largest_[first + block], weight);
        if (has_negatives_) smallest_[first + block] = std::min(smallest_[first + block], weight);
      }
    }
  });
  ends_.push_back(at);
}

void SparseSegment::fill_table() {
  table_.resize(std::bit_ceil(2 * indices_.size() + 1));
  const auto mask = table_.size() - 1;
  for (std::uint32_t list = 0; list < indices_.size(); ++list) {
    auto at = hash_of(indices_[list]) & mask;
    while (table_[at] != 0) at = (at + 1) & mask;
    table_[at] = list + 1;
  }
}

SparseSegment::List SparseSegment::list_of(std::uint32_t index) const noexcept {
  const auto mask = table_.size() - 1;
  for (auto at = hash_of(index) & mask; table_[at] != 0; at = (at + 1) & mask) {
    const auto list = table_[at] - 1;
    if (indices_[list] != index) continue;
    const auto begin = starts_[list];
    const auto count = starts_[list + 1] - begin;
    List found{std::span(documents_).subspan(begin, count), weights_of(list)};
    found.most = most_[list];
    if (has_negatives_) found.least = least_[list];
    if (long_of_[list] == 0) return found;
    const std::size_t number = long_of_[list] - 1;
    found.ends = ends_.data() + number * (blocks() + 1);
    found.largest = largest_.data() + number * blocks();
    if (has_negatives_) found.smallest = smallest_.data() + number * blocks();
    return found;
  }
  return {};
}

std::uint64_t SparseSegment::bytes() const noexcept {
  const auto words = positions_.capacity() + indices_.capacity() + starts_.capacity() + table_.capacity() + long_of_.capacity() +
                     most_.capacity() + least_.capacity() + ends_.capacity() + largest_.capacity() + smallest_.capacity();
  return words * sizeof(std::uint32_t) + documents_.capacity() * sizeof(std::uint16_t) + weights_.bytes();
}

}  // namespace millrace
