#include "graph/walk.h"

#include <algorithm>

namespace millrace {
namespace {

/// Lines of a row that are asked for at once; the processor goes on by itself with longer ones.
constexpr std::size_t kLinesAhead = 16;

}  // namespace

void LiveGraph::prefetch_codes(std::uint32_t row) const noexcept {
  const auto rows = codes();
  const auto* const start = reinterpret_cast<const char*>(rows.row(row));
  const auto bytes = std::min(rows.stride, kLinesAhead * 64);
  for (std::size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(start + byte);
}

std::int32_t LiveGraph::key_of(const CodeQuery& query, std::uint32_t row) const noexcept {
  std::int32_t key = 0;
  space_->keys()(query, codes(), &row, 1, &key);
  return key;
}

/// Takes the members of a list that the walk has not seen, and asks for their codes.
void LiveGraph::gather(const Layer& layer, bool is_lowest, std::uint32_t member, VisitedSet& visited,
                       Group& into) const noexcept {
  // Lists are whole cache lines: each is taken without looking where the list ends.
  constexpr std::uint32_t kLine = 16;
  auto* const list = layer.list(member);
  const auto width = layer.width();
  auto* const members = into.members.data();
  auto* const rows = into.rows.data();
  std::size_t count = 0;
  for (std::uint32_t line = 0; line < width; line += kLine) {
    std::uint32_t places[kLine];
    for (std::uint32_t i = 0; i < kLine; ++i) places[i] = Layer::read(list[line + i]);
    count += visited.enter_all(places, kLine, members + count);
    if (places[kLine - 1] == 0) break;
  }
  const auto all = codes();
  const auto bytes = std::min(all.stride, kLinesAhead * 64);
  for (std::size_t i = 0; i < count; ++i) {
    rows[i] = is_lowest ? members[i] : layer.member(members[i]).row;
    const auto* const start = reinterpret_cast<const char*>(all.row(rows[i]));
    for (std::size_t byte = 0; byte < bytes; byte += 64) __builtin_prefetch(start + byte);
  }
  into.count = count;
}

LiveGraph::Found LiveGraph::descend(const CodeQuery& query, Entry from, std::uint32_t layer, Scratch& scratch) const {
  const auto keys = space_->keys();
  auto& group = scratch.groups[0];
  Found best{key_of(query, row_of(from.layer, from.member)), from.member};
  for (auto at = from.layer; at > layer; --at) {
    const auto& here = layers_[at];
    for (bool is_nearer = true; is_nearer;) {
      is_nearer = false;
      auto* const list = here.list(best.member);
      std::size_t count = 0;
      for (std::uint32_t i = 0; i < here.width(); ++i) {
        const auto place = Layer::read(list[i]);
        if (place == 0) break;
        group.members[count] = place - 1;
        group.rows[count] = here.member(place - 1).row;
        prefetch_codes(group.rows[count++]);
      }
      keys(query, codes(), group.rows.data(), count, scratch.keys.data());
      for (std::size_t i = 0; i < count; ++i) {
        if (scratch.keys[i] >= best.key) continue;
        best = {scratch.keys[i], group.members[i]};
        is_nearer = true;
      }
    }
    best.member = here.member(best.member).below;
  }
  return best;
}

namespace {

struct CollectPassing {
  CandidateBuffer& passing;
  const RowTest& test;
  [[nodiscard]] bool near(std::int32_t key) const noexcept { return key <= passing.gate(); }
  void offer(std::int32_t key, std::uint32_t row) const noexcept {
    if (key < passing.gate() && test.passes(row)) passing.insert(key, row);
  }
};

}  // namespace

bool LiveGraph::search(const CodeQuery& query, std::size_t ef, Scratch& scratch, Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(ef);
  const auto from = entry();
  if (!from) return true;
  const auto limit = encoded();
  const auto first = descend(query, *from, 0, scratch);
  scratch.visited.begin(limit);
  static_cast<void>(scratch.visited.enter(first.member));
  scratch.candidates.insert(first.key, first.member);
  return walk<true>(query, layers_[0], scratch, interruption, CollectNothing{});
}

bool LiveGraph::search_passing(const CodeQuery& query, std::size_t wanted, std::size_t breadth, const RowTest& test,
                               Scratch& scratch, Interruption* interruption) const {
  scratch.make_room(layers_[0].width());
  scratch.candidates.reset(breadth);
  scratch.passing.reset(wanted);
  const auto from = entry();
  if (!from) return true;
  const auto limit = encoded();
  const auto first = descend(query, *from, 0, scratch);
  scratch.visited.begin(limit);
  static_cast<void>(scratch.visited.enter(first.member));
  scratch.candidates.insert(first.key, first.member);
  const CollectPassing collect{scratch.passing, test};
  collect.offer(first.key, first.member);
  if (!walk<true>(query, layers_[0], scratch, interruption, collect)) return false;
  // The breadth cut the walk short when nothing that it could have gone on from was left although nearer ones may exist.
  const auto& candidates = scratch.candidates;
  return !candidates.is_full() || (scratch.passing.is_full() && scratch.passing.gate() <= candidates.gate());
}

}  // namespace millrace
