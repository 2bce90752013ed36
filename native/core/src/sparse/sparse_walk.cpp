#include "sparse/sparse_walk.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sparse/sparse_vectors.h"

namespace millrace {
namespace {

constexpr auto kBlock = SparseSegment::kBlock;
/// Nanoseconds, measured; only their proportions matter: an entry that is added, a sum that is looked at, a bound of a list
/// in a block, a block that is taken by itself, and each list in it.
constexpr double kEntryCost = 0.9;
constexpr double kSumCost = 0.25;
constexpr double kBoundCost = 0.4;
constexpr double kBlockCost = 60;
constexpr double kListCost = 15;
/// So much is lost before leaving lists out is given up.
constexpr double kPatience = 10'000;

/// Whether one of the sums, and what else comes to it, reaches the limit. NaN does.
bool reaches(std::span<const float> sums, float rest, float limit) noexcept {
  unsigned some = 0;
  for (const float sum : sums) some |= static_cast<unsigned>(!(sum + rest < limit));
  return some != 0;
}

/// @param positions  of the block's documents, or of more
void offer(std::span<const float> sums, std::span<const std::uint32_t> positions, SparseSink& sink) noexcept {
  // Mostly none is wanted, which is seen without a branch for each.
  if (!reaches(sums, 0, sink.wanted())) return;
  const auto count = std::min(sums.size(), positions.size());
  for (std::size_t i = 0; i < count; ++i)
    if (sums[i] != 0 && !(sums[i] < sink.wanted())) sink.offer(positions[i], sums[i]);
}

float limit_of(const SparseSink& sink, double room) noexcept {
  return static_cast<float>(double{sink.wanted()} - room);
}

/// Calls `use(entry)` for the entries of a list that are in a block.
template <typename Use>
void for_block(const SparseSegment::List& list, std::uint32_t block, Use use) noexcept {
  const auto first_of_short = [&] { return std::ranges::lower_bound(list.documents, block * kBlock) - list.documents.begin(); };
  auto entry = list.ends != nullptr ? list.ends[block] - list.ends[0] : static_cast<std::size_t>(first_of_short());
  for (; entry < list.documents.size() && list.documents[entry] / kBlock == block; ++entry) use(entry);
}

void add_block(const SparseSegment::List& list, float unit, std::uint32_t block, std::span<float> sums) noexcept {
  list.weights.visit([&](auto code) {
    for_block(list, block, [&](std::size_t entry) { sums[list.documents[entry] % kBlock] += unit * code(entry); });
  });
}

}  // namespace

SparseWalk::SparseWalk(const SparseVectors& vectors, const SparseIndexView& view, const SparseQuery& query)
    : vectors_(vectors), query_(query), sums_(kWindow) {
  for (const auto& segment : view.segments) {
    auto part = part_of(*segment);
    if (part.terms.empty()) continue;
    for (const auto& term : part.terms) part.entries += term.list.documents.size();
    part.essential = part.entries;
    entries_ += part.entries;
    parts_.push_back(std::move(part));
  }
}

SparseWalk::Part SparseWalk::part_of(const SparseSegment& segment) const {
  Part part{&segment, {}, {}};
  part.is_exact = segment.weight_type() == ElementType::f32;
  double sum = 0;
  double error = 0;
  for (std::size_t i = 0; i < query_.indices().size(); ++i) {
    const auto list = segment.list_of(query_.indices()[i]);
    if (list.documents.empty()) continue;
    const auto weight = query_.weights()[i];
    part.order.push_back(static_cast<std::uint32_t>(part.terms.size()));
    const auto& scale = list.weights.scale;
    part.terms.push_back({weight, weight * scale.step, weight < 0 ? weight * list.least : weight * list.most, list});
    sum += std::fabs(double{weight}) * std::max(double{list.most}, -double{list.least});
    error += std::fabs(double{weight}) * double{scale.error};
  }
  // Two sums of n products in different orders differ by less than 2 (n + 1) roundings of the sum of their sizes, and so do
  // bounds; eight times that is still little. When a product may leave the range of floats there is no such room.
  const auto terms = static_cast<double>(part.terms.size());
  const bool is_tame = sum + error < double{std::numeric_limits<float>::max()} / 4;
  part.room = is_tame ? error + (terms + 4) * ((sum + error) * 0x1p-20 + double{std::numeric_limits<float>::min()})
                      : std::numeric_limits<double>::infinity();
  const auto worth = [&](std::uint32_t term) {
    return part.terms[term].reach / static_cast<float>(part.terms[term].list.documents.size());
  };
  if (is_tame) std::ranges::sort(part.order, {}, worth);
  return part;
}

void SparseWalk::run(SparseSink& sink, Interruption& interruption) noexcept {
  for (auto& part : parts_) take(part, sink, interruption);
}

void SparseWalk::take(Part& part, SparseSink& sink, Interruption& interruption) noexcept {
  for (std::uint32_t first = 0; first < part.segment->documents(); first += kWindow) {
    if (interruption.is_due()) return;
    if (!takes_all_) leave_out(part, double{sink.wanted()} - part.room);
    if (part.left_out == part.terms.size()) return;
    if (part.left_out == 0) {
      add_all(part, first, sink);
    } else {
      judge(part, add_some(part, first, sink));
      if (takes_all_) take_back(part, first + kWindow);
    }
  }
}

/// What is left out stays so: the limit only rises.
void SparseWalk::leave_out(Part& part, double limit) noexcept {
  double reach = 0;
  for (std::uint32_t i = 0; i < part.order.size(); ++i) {
    auto& term = part.terms[part.order[i]];
    reach += double{term.reach};
    if (!(reach < limit)) return;
    if (term.is_left_out) continue;
    term.is_left_out = true;
    part.essential -= term.list.documents.size();
    part.left_out = i + 1;
  }
}

/// Where most blocks may hold something wanted, it is quicker not to ask.
/// @param taken  blocks of a window
void SparseWalk::judge(const Part& part, std::uint32_t taken) noexcept {
  const auto lists = static_cast<double>(part.terms.size());
  const auto windows = (part.segment->documents() + kWindow - 1) / kWindow;
  const auto some = static_cast<double>(part.essential) / windows * kEntryCost + kBlocks * lists * kBoundCost +
                    taken * (kBlockCost + lists * kListCost);
  const auto all = static_cast<double>(part.entries) / windows * kEntryCost + kWindow * kSumCost;
  spared_ += all - some;
  takes_all_ = spared_ < -kPatience;
}

/// Adds every list again, from a window on.
void SparseWalk::take_back(Part& part, std::uint32_t first) noexcept {
  part.left_out = 0;
  for (auto& term : part.terms) {
    term.is_left_out = false;
    const auto& documents = term.list.documents;
    term.at = static_cast<std::uint32_t>(std::ranges::lower_bound(documents, first) - documents.begin());
  }
}

/// Lists by rising index: the sums are the scores.
void SparseWalk::add_all(Part& part, std::uint32_t first, SparseSink& sink) noexcept {
  for (auto& term : part.terms) {
    // Copies, because the compiler cannot know that the sums are none of them.
    const auto* const documents = term.list.documents.data();
    const auto count = static_cast<std::uint32_t>(term.list.documents.size());
    const auto unit = term.unit;
    float* const sums = sums_.data();
    term.at = term.list.weights.visit([=, at = term.at](auto code) mutable {
      for (; at < count && documents[at] < first + kWindow; ++at) sums[documents[at] - first] += unit * code(at);
      return at;
    });
  }
  const auto positions = part.segment->positions().subspan(first);
  const auto count = std::min<std::size_t>(positions.size(), kWindow);
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const auto sums = std::span(sums_).subspan(begin, kBlock);
    if (part.is_exact) offer(sums, positions.subspan(begin), sink);
    else check(part, (first + static_cast<std::uint32_t>(begin)) / kBlock, sums, 0, sink);
  }
  std::ranges::fill(sums_, 0.0F);
}

/// @return blocks that could not be passed over
std::uint32_t SparseWalk::add_some(Part& part, std::uint32_t first, SparseSink& sink) noexcept {
  std::uint32_t taken = 0;
  add_short(part, first);
  bound(part, first);
  const auto blocks = std::min(kBlocks, part.segment->blocks() - first / kBlock);
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const bool is_touched = ((touched_ >> block) & 1U) != 0;
    const auto sums = std::span(sums_).subspan(std::size_t{block} * kBlock, kBlock);
    const auto limit = limit_of(sink, part.room);
    const auto rest = rest_[block] + potential_[block];
    const bool may_reach = is_touched ? !(rest < limit) || reaches(sums, rest, limit) : !(rest < limit);
    if (may_reach) take_block(part, first, block, sink);
    taken += may_reach ? 1 : 0;
    if (may_reach || is_touched) std::ranges::fill(sums, 0.0F);
  }
  touched_ = 0;
  return taken;
}

void SparseWalk::add_short(Part& part, std::uint32_t first) noexcept {
  for (auto& term : part.terms) {
    const auto& list = term.list;
    if (term.is_left_out || list.ends != nullptr) continue;
    term.at = list.weights.visit([&, at = term.at](auto code) mutable {
      for (; at < list.documents.size() && list.documents[at] < first + kWindow; ++at) {
        const auto document = list.documents[at] - first;
        sums_[document] += term.unit * code(at);
        touched_ |= std::uint64_t{1} << (document / kBlock);
      }
      return at;
    });
  }
}

void SparseWalk::bound(const Part& part, std::uint32_t first) noexcept {
  std::ranges::fill(rest_, 0.0F);
  std::ranges::fill(potential_, 0.0F);
  const auto first_block = first / kBlock;
  const auto blocks = std::min(kBlocks, part.segment->blocks() - first_block);
  for (const auto& term : part.terms) {
    const auto& list = term.list;
    if (list.ends == nullptr) {
      for (std::uint32_t block = 0; term.is_left_out && block < blocks; ++block) rest_[block] += term.reach;
      continue;
    }
    const float* const extremes = term.weight < 0 ? list.smallest : list.largest;
    if (extremes == nullptr) continue;
    float* const into = term.is_left_out ? rest_ : potential_;
    for (std::uint32_t block = 0; block < blocks; ++block) into[block] += term.weight * extremes[first_block + block];
  }
}

/// Adds the long lists, and when a document may reach what is wanted, scores the block.
void SparseWalk::take_block(const Part& part, std::uint32_t first, std::uint32_t block, SparseSink& sink) noexcept {
  const auto number = first / kBlock + block;
  const auto sums = std::span(sums_).subspan(std::size_t{block} * kBlock, kBlock);
  for (const auto& term : part.terms)
    if (!term.is_left_out && term.list.ends != nullptr) add_block(term.list, term.unit, number, sums);
  if (!part.is_exact) return check(part, number, sums, rest_[block], sink);
  if (!reaches(sums, rest_[block], limit_of(sink, part.room))) return;
  // Once more by rising index, so that the sums are the scores.
  std::ranges::fill(sums, 0.0F);
  for (const auto& term : part.terms) add_block(term.list, term.unit, number, sums);
  offer(sums, part.segment->positions().subspan(std::size_t{number} * kBlock), sink);
}

/// Scores by their vectors the documents of a block that may reach what is wanted.
/// @param sums  within the part's room of what lists that are not left out bring
/// @param rest  what the others can bring
void SparseWalk::check(const Part& part, std::uint32_t block, std::span<const float> sums, float rest,
                       SparseSink& sink) const noexcept {
  if (!reaches(sums, rest, limit_of(sink, part.room))) return;
  const auto positions = part.segment->positions().subspan(std::size_t{block} * kBlock);
  const auto count = std::min(sums.size(), positions.size());
  // Where a sum of nothing is near enough, documents that no list has must be told from those whose sum is so small.
  std::uint64_t present = 0;
  for (const auto& term : part.terms)
    for_block(term.list, block, [&](std::size_t entry) { present |= std::uint64_t{1} << (term.list.documents[entry] % kBlock); });
  for (std::size_t i = 0; i < count; ++i) {
    const bool may_reach = !(sums[i] + rest < limit_of(sink, part.room));
    if (!may_reach || ((present >> i) & 1U) == 0 || !sink.admits(positions[i])) continue;
    const auto score = query_.score(vectors_.at(positions[i]));
    if (score != 0 && !(score < sink.wanted())) sink.offer(positions[i], score);
  }
}

}  // namespace millrace
