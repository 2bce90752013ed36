#include "sparse/sparse_index.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace millrace {
namespace {

/// So many vectors are looked at one by one in a few tens of microseconds.
constexpr std::uint32_t kSegmentMin = 256;
/// The largest that are made of vectors at once, after a restart: making it takes twice its memory.
constexpr std::uint32_t kFromVectorsMax = 16'384;
constexpr std::size_t kMergedAtOnce = 4;

/// Segments of one class are merged: it rises by one when a segment is four times as large.
int class_of(const SparseSegment& segment) noexcept { return (std::bit_width(segment.documents() / kSegmentMin) + 1) / 2; }

}  // namespace

std::shared_ptr<const SparseIndexView> SparseIndex::view() const {
  const std::scoped_lock lock(mutex_);
  return view_;
}

void SparseIndex::cover(const SparseVectors& vectors, std::uint32_t count, const PositionTest& test) {
  auto kept = view();
  if (count - kept->covered < kSegmentMin) return;
  auto next = std::make_shared<SparseIndexView>(*kept);
  while (count - next->covered >= kSegmentMin) {
    auto size = kFromVectorsMax;
    while (size > count - next->covered) size /= 4;
    next->segments.push_back(SparseSegment::of_vectors(vectors, next->covered, size, weights_, test));
    next->covered += size;
    while (merge(*next, test)) {
    }
  }
  tidy(*next, test);
  const std::scoped_lock lock(mutex_);
  view_ = std::move(next);
}

/// Merges the last segments when they are of one class, and fit into one.
bool SparseIndex::merge(SparseIndexView& next, const PositionTest& test) {
  auto& segments = next.segments;
  if (segments.size() < kMergedAtOnce) return false;
  const auto last = std::span(segments).last(kMergedAtOnce);
  std::uint64_t documents = 0;
  for (const auto& segment : last) documents += segment->documents();
  const auto smaller = [&](const auto& segment) { return class_of(*segment) > class_of(*last.back()); };
  if (documents > SparseSegment::kDocumentsMax || std::ranges::any_of(last, smaller)) return false;
  auto made = SparseSegment::merged(last, test);
  segments.resize(segments.size() - kMergedAtOnce);
  if (made->documents() > 0) segments.push_back(std::move(made));
  return true;
}

/// Looks at one segment each time, and makes it anew without its dead when these are many.
void SparseIndex::tidy(SparseIndexView& next, const PositionTest& test) {
  if (next.segments.empty()) return;
  tidied_ = (tidied_ + 1) % next.segments.size();
  const auto positions = next.segments[tidied_]->positions();
  const auto dead = std::ranges::count_if(positions, [&](std::uint32_t position) { return !test.is_live(position); });
  if (static_cast<std::size_t>(dead) * 2 < positions.size()) return;
  // With the one after it when both are one segment then.
  const auto one = next.segments.begin() + static_cast<std::ptrdiff_t>(tidied_);
  auto end = one + 1;
  const auto left = positions.size() - static_cast<std::size_t>(dead);
  if (end != next.segments.end() && left + (*end)->documents() <= SparseSegment::kDocumentsMax) ++end;
  auto made = SparseSegment::merged(std::span(one, end), test);
  *one = std::move(made);
  next.segments.erase(one + 1, end);
  if ((*one)->documents() == 0) next.segments.erase(one);
}

std::uint64_t SparseIndex::bytes() const {
  std::uint64_t sum = 0;
  // Held while its segments are read: a writer may publish another one meanwhile.
  const auto kept = view();
  for (const auto& segment : kept->segments) sum += segment->bytes();
  return sum;
}

}  // namespace millrace
