#include "checkpoint/graph_loader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "graph/first_stage.h"
#include "graph/graph_vectors.h"
#include "millrace/hash.h"

namespace millrace {

using graph_file::bytes_of;

std::optional<Error> MemoryShard::load_graphs(std::span<const std::byte> bytes) {
  auto failure = guard([&]() -> Result<std::optional<Error>> {
    if (loader_ == nullptr) return std::optional(Error{Errc::argument_invalid, "\"reason\":\"no checkpoint is being loaded\""});
    if (graph_loader_ == nullptr) graph_loader_ = std::make_unique<GraphLoader>(*this);
    return graph_loader_->take(bytes);
  });
  auto error = failure ? std::move(failure).value() : std::optional(failure.error());
  if (error) graph_loader_.reset();
  return error;
}

Result<std::uint64_t> MemoryShard::finish_graphs() {
  auto nodes = guard([&]() -> Result<std::uint64_t> {
    if (graph_loader_ == nullptr) return Error{Errc::graph_corrupt, "\"position\":0,\"reason\":\"the file is empty\""};
    return graph_loader_->finish();
  });
  graph_loader_.reset();
  return nodes;
}

Error GraphLoader::corrupt(Reason reason) const {
  return {Errc::graph_corrupt, "\"position\":" + std::to_string(position_) + ",\"reason\":\"" + reason + "\""};
}

std::optional<Error> GraphLoader::take(std::span<const std::byte> bytes) {
  graph_file::append(pending_, bytes);
  std::span<const std::byte> left(pending_);
  const auto pass = [&](std::size_t taken) {
    left = left.subspan(taken);
    position_ += taken;
  };
  while (!left.empty()) {
    if (has_ended_) return corrupt("the file goes on after its end");
    if (!has_header_) {
      if (left.size() < graph_file::kHeaderBytes) break;
      if (const auto reason = take_header(left.first(graph_file::kHeaderBytes))) return corrupt(reason);
      pass(graph_file::kHeaderBytes);
      continue;
    }
    if (left.size() < graph_file::kSectionHeaderBytes) break;
    const auto header = read_at<graph_file::SectionHeader>(left, 0);
    if (header.check != crc32c(left.first(graph_file::kSectionHeaderBytes - sizeof(header.check))))
      return corrupt("checksum of a section's header");
    if (header.bytes > graph_file::kSectionBytesMax || header.bytes % 8 != 0) return corrupt("length of a section");
    const auto whole = graph_file::kSectionHeaderBytes + static_cast<std::size_t>(header.bytes);
    if (left.size() < whole) break;
    const auto data = left.subspan(graph_file::kSectionHeaderBytes, static_cast<std::size_t>(header.bytes));
    if (header.data_check != crc32c(data)) return corrupt("checksum of a section");
    if (const auto reason = take_section(header, data)) return corrupt(reason);
    pass(whole);
  }
  pending_.erase(pending_.begin(), pending_.end() - static_cast<std::ptrdiff_t>(left.size()));
  return std::nullopt;
}

GraphLoader::Reason GraphLoader::take_header(std::span<const std::byte> bytes) {
  const auto header = read_at<graph_file::FileHeader>(bytes, 0);
  if (header.magic != graph_file::kMagic) return "no graph file starts here";
  if (header.check != crc32c(bytes.first(graph_file::kHeaderBytes - sizeof(header.check)))) return "checksum of the header";
  if (header.format > graph_file::kFormat) return "written by a newer version";
  if (header.collection_id != shard_.options_.collection_id) return "a file of another collection";
  if (header.shard != shard_.options_.shard) return "a file of another shard";
  graphs_ = header.graphs;
  has_header_ = true;
  return nullptr;
}

GraphLoader::Reason GraphLoader::take_section(const graph_file::SectionHeader& header, std::span<const std::byte> data) {
  if (const auto reason = check_turn(header)) return reason;
  switch (static_cast<Section>(header.kind)) {
    case Section::graph:
      return begin_graph(data);
    case Section::space:
      return take_space(data);
    case Section::nodes:
      return take_nodes(header, data);
    case Section::members:
      return take_members(header, data);
    case Section::links:
      return take_links(header, data);
    case Section::end:
      return take_end(data);
  }
  return "kind of a section";
}

/// Each section begins where the one before it ended, or begins the next layer, kind or graph.
GraphLoader::Reason GraphLoader::check_turn(const graph_file::SectionHeader& header) {
  constexpr auto kWrongPlace = "a section stands in the wrong place";
  const auto kind = static_cast<Section>(header.kind);
  if (kind == Section::graph || kind == Section::end)
    return parts_.empty() || is_complete(parts_.back()) ? nullptr : kWrongPlace;
  if (parts_.empty() || kind < Section::graph || kind > Section::end) return kWrongPlace;
  auto& part = parts_.back();
  const auto& sizes = part.header.sizes;
  if (header.layer >= LiveGraph::kLayersMax) return kWrongPlace;
  if (kind != part.section || header.layer != part.layer) {
    const bool has_ended = part.section < Section::nodes || part.next == sizes[part.layer];
    const auto top = static_cast<std::uint32_t>(std::find(sizes + 1, sizes + LiveGraph::kLayersMax, 0U) - sizes) - 1;
    const bool is_next_layer = kind == part.section && header.layer == part.layer + 1 && header.layer <= top;
    const bool is_next_kind =
        (kind == Section::space && part.section == Section::graph) ||
        (kind == Section::nodes && part.section == Section::space && header.layer == 0) ||
        (kind == Section::members && part.section == Section::nodes && header.layer == 1 && top > 0) ||
        (kind == Section::links && header.layer == 0 &&
         (top == 0 ? part.section == Section::nodes : part.section == Section::members && part.layer == top));
    if (!has_ended || !(is_next_layer || is_next_kind)) return kWrongPlace;
    part.section = kind;
    part.layer = header.layer;
    part.next = 0;
  } else if (kind == Section::space) {
    return kWrongPlace;
  }
  if (kind == Section::space) return nullptr;
  if (header.first != part.next || header.count == 0 || header.count > sizes[part.layer] - part.next) return kWrongPlace;
  part.next += header.count;
  return nullptr;
}

bool GraphLoader::is_complete(const Part& part) noexcept {
  const auto& sizes = part.header.sizes;
  const bool is_top = part.layer + 1 == LiveGraph::kLayersMax || sizes[part.layer + 1] == 0;
  return part.section == Section::links && is_top && part.next == sizes[part.layer];
}

/// Codes are made anew, those of multivectors by comparing each vector with each anchor. What would take longer than a second
/// or two is not made while a start waits for it: the graph grows again beside the searches, which scan meanwhile.
static bool is_encoded_soon(const VectorColumn& column) noexcept {
  constexpr double kMultiplyAddsMax = 2e10;
  if (column.multi == nullptr) return true;
  const auto dimension = column.slot.dimension;
  return static_cast<double>(column.multi->vectors()) * dimension * static_cast<double>(MultiEncoding::anchors_for(dimension)) <
         kMultiplyAddsMax;
}

/// A graph of other settings, of a slot that is gone or of codes that this version does not know is passed over.
GraphLoader::Reason GraphLoader::begin_graph(std::span<const std::byte> data) {
  if (data.size() != sizeof(graph_file::GraphHeader)) return "length of a graph's header";
  Part part;
  part.header = read_at<graph_file::GraphHeader>(data, 0);
  const auto& header = part.header;
  const auto& sizes = header.sizes;
  if (sizes[0] == 0 || sizes[0] > LiveGraph::kCapacityMax) return "number of nodes";
  if (!std::is_sorted(sizes, sizes + LiveGraph::kLayersMax, std::greater<>())) return "sizes of layers";
  auto* const column = shard_.column_of(header.slot);
  const bool is_usable = column != nullptr && column->index != nullptr && column->slot.dimension == header.dimension &&
                         static_cast<std::uint32_t>(column->slot.distance) == header.distance &&
                         header.codes == graph_file::codes_of(column->slot.is_multi) &&
                         column->index->would_take(*column, header.links, header.ef_construct) && is_encoded_soon(*column);
  if (is_usable) part.column = column;
  for (const auto& other : parts_)
    if (other.header.slot == header.slot) return "a slot has two graphs";
  parts_.push_back(std::move(part));
  return nullptr;
}

GraphLoader::Reason GraphLoader::take_space(std::span<const std::byte> data) {
  auto& part = parts_.back();
  if (part.column == nullptr) return nullptr;
  const auto& column = *part.column;
  const auto& slot = column.slot;
  const auto anchors = column.multi != nullptr ? MultiEncoding::anchors_for(slot.dimension) : 0;
  const auto dimension = anchors > 0 ? anchors : slot.dimension;
  const auto values = 1 + dimension + anchors * slot.dimension;
  if (data.size() != (values * sizeof(float) + 7) / 8 * 8) return "length of a space";
  std::vector<float> all(values);
  std::memcpy(all.data(), data.data(), values * sizeof(float));
  const auto steps = all.front();
  if (!(steps > 0) || !std::ranges::all_of(all, [](float at) { return std::isfinite(at); })) return "values of a space";
  const auto mean = all.begin() + 1;
  const auto after = mean + static_cast<std::ptrdiff_t>(dimension);
  const auto distance = anchors > 0 ? kEncodedDistance : slot.distance;
  const auto count = std::min(column.count.load(std::memory_order_relaxed), LiveGraph::kCapacityMax);
  part.stage = std::make_shared<GraphStage>(
      std::make_shared<const CodeSpace>(distance, std::vector<float>(mean, after), steps),
      GraphShape{part.header.links, part.header.ef_construct, ColumnIndex::capacity_for(count)});
  part.is_taken.resize(count);
  part.position_of.reserve(part.header.sizes[0]);
  if (anchors > 0)
    part.stage->encoding =
        std::make_shared<const MultiEncoding>(slot.distance, slot.dimension, std::vector<float>(after, all.end()));
  GraphVectors vectors(column, part.stage->encoding.get());
  for (std::uint32_t position = 0; position < count; ++position)
    static_cast<void>(part.stage->graph.encode_next(vectors.at(position)));
  static_cast<void>(part.stage->graph.try_sketches());
  return nullptr;
}

GraphLoader::Reason GraphLoader::take_nodes(const graph_file::SectionHeader& header, std::span<const std::byte> data) {
  auto& part = parts_.back();
  if (data.size() != header.count * sizeof(graph_file::Node)) return "length of nodes";
  if (part.column == nullptr) return nullptr;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const auto node = read_at<graph_file::Node>(data, i * sizeof(graph_file::Node));
    if (node.kind > static_cast<std::uint32_t>(graph_file::NodeKind::uuid)) return "kind of a node";
    const auto position = position_of(node);
    if (position != GraphAssembly::kLeftOut) {
      if (part.is_taken[position]) return "a point has two nodes";
      part.is_taken[position] = true;
    }
    part.position_of.push_back(position);
  }
  if (part.position_of.size() == part.header.sizes[0]) part.assembly.emplace(part.stage->graph, std::move(part.position_of));
  return nullptr;
}

/// Where the vector that the node is stands now.
std::uint32_t GraphLoader::position_of(const graph_file::Node& node) const noexcept {
  const auto& part = parts_.back();
  const auto& column = *part.column;
  if (node.kind == static_cast<std::uint32_t>(graph_file::NodeKind::gone)) return GraphAssembly::kLeftOut;
  const PointId id{node.kind == static_cast<std::uint32_t>(graph_file::NodeKind::uuid), node.high, node.low};
  const auto row = shard_.generation_->ids->find(shard_.store_, id);
  if (row == kNoRow || shard_.store_.death(row) != 0) return GraphAssembly::kLeftOut;
  const auto position = column.position(row);
  if (position == 0 || position > part.is_taken.size()) return GraphAssembly::kLeftOut;
  const auto hash = xxh64(column.bytes_of(position - 1));
  return hash == node.vector_hash ? position - 1 : GraphAssembly::kLeftOut;
}

GraphLoader::Reason GraphLoader::take_members(const graph_file::SectionHeader& header, std::span<const std::byte> data) {
  auto& part = parts_.back();
  if (data.size() != header.count * sizeof(graph_file::Member)) return "length of members";
  if (part.column == nullptr) return nullptr;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    const auto member = read_at<graph_file::Member>(data, i * sizeof(graph_file::Member));
    if (!part.assembly->add_member(header.layer, member.node, member.below)) return "a member that cannot be one";
  }
  return nullptr;
}

GraphLoader::Reason GraphLoader::take_links(const graph_file::SectionHeader& header, std::span<const std::byte> data) {
  constexpr auto kLength = "length of links";
  auto& part = parts_.back();
  const std::size_t counts_bytes = (header.count + header.count % 2) * sizeof(std::uint16_t);
  if (data.size() < counts_bytes) return kLength;
  if (part.column == nullptr) return nullptr;
  std::vector<std::uint32_t> targets;
  auto at = counts_bytes;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    targets.resize(read_at<std::uint16_t>(data, i * sizeof(std::uint16_t)));
    const auto bytes = targets.size() * sizeof(std::uint32_t);
    if (data.size() - at < bytes) return kLength;
    if (bytes > 0) std::memcpy(targets.data(), data.data() + at, bytes);
    at += bytes;
    if (!part.assembly->set_list(header.layer, header.first + i, targets)) return "a link that leads nowhere";
  }
  return data.size() - at < 8 ? nullptr : kLength;
}

GraphLoader::Reason GraphLoader::take_end(std::span<const std::byte> data) {
  if (data.size() != sizeof(graph_file::End)) return "length of the end";
  const auto end = read_at<graph_file::End>(data, 0);
  if (end.file_bytes != position_ + graph_file::kSectionHeaderBytes + data.size()) return "length of the file";
  if (parts_.size() != graphs_) return "number of graphs";
  has_ended_ = true;
  return nullptr;
}

Result<std::uint64_t> GraphLoader::finish() {
  if (!has_ended_) return corrupt("the file has no end");
  std::uint64_t nodes = 0;
  for (auto& part : parts_) {
    if (part.column == nullptr) continue;
    const auto kept = part.assembly->finish();
    if (kept == 0) continue;
    nodes += kept;
    auto& stage = *part.stage;
    const auto& column = *part.column;
    // Up to the first vector that is alive and has no node.
    std::uint32_t covered = 0;
    while (covered < part.is_taken.size() &&
           (part.is_taken[covered] || shard_.store_.death(column.newest_row(covered)) != 0))
      ++covered;
    while (!part.is_taken.back()) part.is_taken.pop_back();
    if (covered < part.is_taken.size()) stage.loaded = std::move(part.is_taken);
    stage.covered.store(covered, std::memory_order_release);
  }
  for (auto& part : parts_)
    if (part.column != nullptr && part.stage->graph.has_entry()) part.column->index->adopt(std::move(part.stage));
  return nodes;
}

}  // namespace millrace
