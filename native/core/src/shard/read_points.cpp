#include <algorithm>
#include <deque>

#include "shard/memory_shard.h"

namespace millrace {
namespace {

/// Stored components as floats: where they lie, or, when they are of another type, in one more of `widened`.
std::span<const float> components_of(const VectorColumn& column, std::uint64_t at, std::deque<std::vector<float>>& widened) {
  const auto element = column.slot.element;
  const auto stored = column.multi != nullptr ? column.multi->at(at).stored : column.dense.bytes_of(at);
  const auto count = stored.size() / element_bytes(element);
  if (element == ElementType::f32) return {reinterpret_cast<const float*>(stored.data()), count};
  auto& values = widened.emplace_back(count);
  read_elements(element, stored.data(), values);
  return values;
}

}  // namespace

/// The id's row in the snapshot: the newest one may belong to a record that is being applied, and then leads back to it.
std::uint32_t MemoryShard::visible_row(const Snapshot& at, const PointId& id) const noexcept {
  auto row = at.generation->ids->find(store_, id);
  while (row != kNoRow && row >= at.state.rows) row = store_.rows.at(row)->previous;
  // Of the rows before the snapshot only the newest can be visible: it ended the others.
  return row != kNoRow && store_.is_visible(row, at.state.next_offset) ? row : kNoRow;
}

/// The row that a version of a point was read from: rows stay, and each names the one that it replaced.
std::uint32_t MemoryShard::row_of_version(const Snapshot& at, const PointId& id, std::uint64_t version) const noexcept {
  // A record may write a point several times: its last row is the one that was ever visible.
  auto row = at.generation->ids->find(store_, id);
  while (row != kNoRow && store_.rows.at(row)->version > version) row = store_.rows.at(row)->previous;
  return row != kNoRow && store_.rows.at(row)->version == version ? row : kNoRow;
}

PointView MemoryShard::view_of(const Snapshot& at, std::uint32_t row, const PointSelector& selector,
                               WidenedVectors& widened) const {
  const auto& stored = *store_.rows.at(row);
  PointView view{stored.id(), stored.version, {}, {}};
  if (selector.payload) view.payload = stored.payload_text();
  for (const auto& column : *at.generation->columns) {
    const bool is_wanted =
        selector.all_vectors || std::ranges::find(selector.slots, column->slot.slot) != selector.slots.end();
    if (!is_wanted) continue;
    const auto position = column->position(row);
    if (position == 0) continue;
    if (column->sparse != nullptr) {
      const auto [indices, values] = column->sparse->at(position - 1);
      view.vectors.push_back({column->slot.slot, values, indices, true});
    } else {
      const auto row_dimension = column->multi != nullptr ? column->slot.dimension : 0;
      view.vectors.push_back({column->slot.slot, components_of(*column, position - 1, widened), {}, false, row_dimension});
    }
  }
  return view;
}

PointPage MemoryShard::page_of(const Snapshot& at, std::span<const std::uint32_t> rows,
                               const PointSelector& selector) const {
  struct Held {
    std::shared_ptr<const MemoryShard> shard;
    std::shared_ptr<const Generation> generation;
    WidenedVectors widened;
  };
  auto held = std::make_shared<Held>(Held{shared_from_this(), at.generation, {}});
  PointPage page;
  page.points.reserve(rows.size());
  for (const auto row : rows) page.points.push_back(view_of(at, row, selector, held->widened));
  page.keep_alive = std::move(held);
  return page;
}

Result<PointPage> MemoryShard::retrieve(std::span<const PointId> ids, const PointSelector& selector) const {
  return guard([&]() -> Result<PointPage> {
    const auto at = snapshot();
    std::vector<std::uint32_t> rows;
    rows.reserve(ids.size());
    for (const auto& id : ids)
      if (const auto row = visible_row(at, id); row != kNoRow) rows.push_back(row);
    return page_of(at, rows, selector);
  });
}

Result<PointPage> MemoryShard::retrieve_hits(std::span<const Hit> hits, const PointSelector& selector) const {
  return guard([&]() -> Result<PointPage> {
    const auto at = snapshot();
    std::vector<std::uint32_t> rows;
    rows.reserve(hits.size());
    for (const auto& hit : hits) {
      if (const auto row = row_of_version(at, hit.id, hit.version); row != kNoRow) rows.push_back(row);
    }
    return page_of(at, rows, selector);
  });
}

Result<PointPage> MemoryShard::scroll(std::optional<PointId> from, std::uint32_t limit, const PointSelector& selector,
                                      const Matching& matching) const {
  return guard([&]() -> Result<PointPage> {
    const auto sorted = order_.get(store_, snapshot().state);
    const auto at = snapshot();
    const Result<Bitmap> passing = matching.filter == nullptr ? Result<Bitmap>(Bitmap{}) : match_at(at, matching, "scroll");
    if (!passing) return passing.error();
    const auto id_of = [&](std::uint32_t row) { return store_.rows.at(row)->id(); };
    const auto by_id = [&](std::uint32_t a, std::uint32_t b) { return id_of(a) < id_of(b); };
    const auto is_wanted = [&](std::uint32_t row) {
      return row < at.state.rows && store_.is_visible(row, at.state.next_offset) &&
             (matching.filter == nullptr || passing.value().contains(row));
    };
    const std::size_t wanted = std::size_t{limit} + 1;

    // The tail's smallest ids, kept in a heap whose front is the largest.
    std::vector<std::uint32_t> tail;
    for (std::uint64_t row = sorted->covered; row < at.state.rows; ++row) {
      const auto candidate = static_cast<std::uint32_t>(row);
      if (!is_wanted(candidate) || (from && id_of(candidate) < *from)) continue;
      if (tail.size() == wanted) {
        if (!by_id(candidate, tail.front())) continue;
        std::ranges::pop_heap(tail, by_id);
        tail.pop_back();
      }
      tail.push_back(candidate);
      std::ranges::push_heap(tail, by_id);
    }
    std::ranges::sort_heap(tail, by_id);

    std::vector<std::uint32_t> rows;
    auto next_tail = tail.begin();
    auto next_sorted = from ? std::ranges::lower_bound(sorted->rows, *from, {}, id_of) : sorted->rows.begin();
    while (rows.size() < wanted) {
      while (next_sorted != sorted->rows.end() && !is_wanted(*next_sorted)) ++next_sorted;
      const bool has_sorted = next_sorted != sorted->rows.end();
      const bool has_tail = next_tail != tail.end();
      if (!has_sorted && !has_tail) break;
      const bool takes_sorted = has_sorted && (!has_tail || by_id(*next_sorted, *next_tail));
      rows.push_back(takes_sorted ? *next_sorted++ : *next_tail++);
    }
    std::optional<PointId> next;
    if (rows.size() == wanted) {
      next = id_of(rows.back());
      rows.pop_back();
    }
    auto page = page_of(at, rows, selector);
    page.next = next;
    return page;
  });
}

}  // namespace millrace
