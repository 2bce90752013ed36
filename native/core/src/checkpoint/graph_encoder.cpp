#include "checkpoint/graph_encoder.h"

#include <algorithm>

#include "graph/graph_file.h"
#include "millrace/hash.h"

namespace millrace {

using graph_file::append;
using graph_file::append_section;
using graph_file::bytes_of;
using graph_file::Section;

namespace {

graph_file::SectionHeader section(Section kind, std::uint32_t layer = 0, std::uint32_t first = 0,
                                  std::uint32_t count = 0) noexcept {
  graph_file::SectionHeader header;
  header.kind = static_cast<std::uint32_t>(kind);
  header.layer = layer;
  header.first = first;
  header.count = count;
  return header;
}

}  // namespace

Result<std::unique_ptr<GraphCapture>> MemoryShard::capture_graphs() {
  return guard([&]() -> Result<std::unique_ptr<GraphCapture>> {
    if (loader_ != nullptr) return Error{Errc::argument_invalid, "\"reason\":\"a checkpoint is being loaded\""};
    const auto columns = newest_published().generation->columns;
    std::vector<GraphEncoder::Graph> graphs;
    for (const auto& column : *columns) {
      if (column->index == nullptr || column->index->stage() == nullptr) continue;
      auto cut = column->index->cut();
      if (!cut) return std::unique_ptr<GraphCapture>();
      graphs.push_back({column, std::move(*cut)});
    }
    if (graphs.empty()) return std::unique_ptr<GraphCapture>();
    return std::unique_ptr<GraphCapture>(
        std::make_unique<GraphEncoder>(shared_from_this(), std::move(graphs), newest_published()));
  });
}

GraphEncoder::GraphEncoder(std::shared_ptr<const MemoryShard> shard, std::vector<Graph> graphs, Snapshot at)
    : shard_(std::move(shard)), graphs_(std::move(graphs)), at_(std::move(at)) {}

std::uint64_t GraphEncoder::nodes() const noexcept {
  std::uint64_t nodes = 0;
  for (const auto& each : graphs_) nodes += each.cut.nodes;
  return nodes;
}

std::uint32_t GraphEncoder::size(std::uint32_t layer) const noexcept {
  const auto& cut = graph().cut;
  return layer == 0 ? cut.nodes : static_cast<std::uint32_t>(cut.members[layer - 1].size());
}

Result<std::vector<std::byte>> GraphEncoder::next(std::size_t bytes_max) {
  return guard([&]() -> Result<std::vector<std::byte>> {
    std::vector<std::byte> buffer;
    while (stage_ != Stage::done && (buffer.empty() || buffer.size() + 2 * graph_file::kSectionBytes <= bytes_max)) {
      const auto before = buffer.size();
      encode(buffer);
      file_bytes_ += buffer.size() - before;
    }
    return buffer;
  });
}

/// Appends one section, or the file's header.
void GraphEncoder::encode(std::vector<std::byte>& buffer) {
  switch (stage_) {
    case Stage::header:
      encode_header(buffer);
      return go_to(Stage::graph);
    case Stage::graph:
      encode_graph(buffer);
      return go_to(Stage::space);
    case Stage::space:
      encode_space(buffer);
      return go_to(Stage::nodes);
    case Stage::nodes:
      return encode_nodes(buffer);
    case Stage::members:
      return encode_members(buffer);
    case Stage::links:
      return encode_links(buffer);
    case Stage::end: {
      const graph_file::End end{file_bytes_ + graph_file::kSectionHeaderBytes + sizeof(graph_file::End)};
      append_section(buffer, section(Section::end), bytes_of(end));
      return go_to(Stage::done);
    }
    case Stage::done:
      return;
  }
}

void GraphEncoder::go_to(Stage stage, std::uint32_t layer) noexcept {
  stage_ = stage;
  layer_ = layer;
  cursor_ = 0;
}

void GraphEncoder::encode_header(std::vector<std::byte>& buffer) const {
  graph_file::FileHeader header;
  header.collection_id = shard_->options_.collection_id;
  header.shard = shard_->options_.shard;
  header.graphs = static_cast<std::uint32_t>(graphs_.size());
  header.next_offset = at_.state.next_offset;
  header.check = crc32c(bytes_of(header).first(graph_file::kHeaderBytes - sizeof(header.check)));
  append(buffer, bytes_of(header));
}

void GraphEncoder::encode_graph(std::vector<std::byte>& buffer) const {
  const auto& slot = graph().column->slot;
  const auto& shape = graph().cut.stage->graph.shape();
  graph_file::GraphHeader header;
  header.slot = slot.slot;
  header.dimension = slot.dimension;
  header.distance = static_cast<std::uint32_t>(slot.distance);
  header.links = shape.links;
  header.ef_construct = shape.ef_construct;
  header.codes = graph_file::codes_of(slot.is_multi);
  for (std::uint32_t layer = 0; layer < layers(); ++layer) header.sizes[layer] = size(layer);
  append_section(buffer, section(Section::graph), bytes_of(header));
}

void GraphEncoder::encode_space(std::vector<std::byte>& buffer) const {
  const auto& stage = *graph().cut.stage;
  const auto& space = stage.graph.space();
  const float steps = space.steps_per_unit();
  std::vector<std::byte> data;
  append(data, bytes_of(steps));
  append(data, std::as_bytes(std::span(space.mean())));
  if (stage.encoding != nullptr) append(data, std::as_bytes(stage.encoding->anchors()));
  append_section(buffer, section(Section::space), data);
}

void GraphEncoder::encode_nodes(std::vector<std::byte>& buffer) {
  const auto& column = *graph().column;
  const auto& store = shard_->store_;
  const auto first = cursor_;
  const auto end = std::min<std::uint64_t>(size(0), first + graph_file::kSectionBytes / sizeof(graph_file::Node));
  data_.clear();
  for (; cursor_ < end; ++cursor_) {
    graph_file::Node node;
    const auto row = column.row_before(cursor_, column.newest_row(cursor_), at_.state.rows, store);
    if (row != kNoRow && store.is_visible(row, at_.state.next_offset)) {
      const auto id = store.rows.at(row)->id();
      node.kind = static_cast<std::uint32_t>(id.is_uuid ? graph_file::NodeKind::uuid : graph_file::NodeKind::number);
      node.high = id.high;
      node.low = id.low;
      node.vector_hash = xxh64(column.bytes_of(cursor_));
    }
    append(data_, bytes_of(node));
  }
  append_section(buffer, section(Section::nodes, 0, first, cursor_ - first), data_);
  if (cursor_ < size(0)) return;
  if (layers() > 1) return go_to(Stage::members, 1);
  go_to(Stage::links);
}

void GraphEncoder::encode_members(std::vector<std::byte>& buffer) {
  const auto& members = graph().cut.members[layer_ - 1];
  const auto first = cursor_;
  const auto end = std::min<std::uint64_t>(members.size(), first + graph_file::kSectionBytes / sizeof(graph_file::Member));
  data_.clear();
  for (; cursor_ < end; ++cursor_) {
    const graph_file::Member member{members[cursor_].row, members[cursor_].below};
    append(data_, bytes_of(member));
  }
  append_section(buffer, section(Section::members, layer_, first, cursor_ - first), data_);
  if (cursor_ < members.size()) return;
  if (layer_ + 1 < layers()) return go_to(Stage::members, layer_ + 1);
  go_to(Stage::links);
}

/// Numbers of links, u16 each and padded to a multiple of 4, then the links. What was inserted since the cut is left out.
void GraphEncoder::encode_links(std::vector<std::byte>& buffer) {
  const auto& layer = graph().cut.stage->graph.layer(layer_);
  const auto limit = size(layer_);
  const auto width = layer.width();
  const auto first = cursor_;
  const auto at_once = std::max<std::size_t>(1, graph_file::kSectionBytes / (width * sizeof(std::uint32_t)));
  const auto count = static_cast<std::uint32_t>(std::min<std::size_t>(limit - first, at_once));
  std::vector<std::uint16_t> counts(count + count % 2);
  std::vector<std::uint32_t> targets;
  targets.reserve(std::size_t{count} * width);
  for (; cursor_ < first + count; ++cursor_) {
    auto* const list = layer.list(cursor_);
    const auto before = targets.size();
    for (std::uint32_t i = 0; i < width; ++i) {
      const auto place = Layer::read(list[i]);
      if (place == 0) break;
      if (place <= limit) targets.push_back(place - 1);
    }
    counts[cursor_ - first] = static_cast<std::uint16_t>(targets.size() - before);
  }
  data_.clear();
  append(data_, std::as_bytes(std::span(counts)));
  append(data_, std::as_bytes(std::span(targets)));
  append_section(buffer, section(Section::links, layer_, first, count), data_);
  if (cursor_ == limit) leave_layer();
}

void GraphEncoder::leave_layer() noexcept {
  if (layer_ + 1 < layers()) return go_to(Stage::links, layer_ + 1);
  if (++graph_ < graphs_.size()) return go_to(Stage::graph);
  go_to(Stage::end);
}

}  // namespace millrace
