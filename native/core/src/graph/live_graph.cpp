#include "graph/live_graph.h"

#include <algorithm>
#include <cstring>

namespace millrace {
namespace {

constexpr std::uint32_t round_to_line(std::uint32_t links) noexcept { return (links + 15) / 16 * 16; }

}  // namespace

LiveGraph::LiveGraph(std::shared_ptr<const CodeSpace> space, GraphShape shape)
    : space_(std::move(space)), shape_(shape), codes_(Block::allocate(std::size_t{shape.capacity} * space_->row_bytes())) {
  // Each layer has about one member for `links` of the one below; twice that leaves none out.
  std::uint32_t members = shape.capacity;
  for (std::uint32_t layer = 0; layer < kLayersMax && members > 0; ++layer) {
    layers_[layer] = Layer(members, round_to_line(layer == 0 ? 2 * shape.links : shape.links), layer == 0);
    layer_capacity_[layer] = members;
    members = layer == 0 ? 2 * (members / std::max(2U, shape.links)) + 64 : members / std::max(2U, shape.links) + 16;
    if (layer > 0 && members <= 17) break;
  }
}

LiveGraph::LiveGraph(const LiveGraph& smaller, std::uint32_t capacity)
    : LiveGraph(smaller.space_, {smaller.shape_.links, smaller.shape_.ef_construct, capacity}) {
  const auto rows = smaller.encoded();
  std::memcpy(codes_.data(), smaller.codes_.data(), rows * space_->row_bytes());
  for (std::uint32_t layer = 0; layer < kLayersMax; ++layer) {
    const auto size = layer == 0 ? rows : smaller.layer_size_[layer].load(std::memory_order_acquire);
    if (size == 0) continue;
    layers_[layer].take(smaller.layers_[layer], size);
    layer_size_[layer].store(size, std::memory_order_relaxed);
  }
  encoded_.store(rows, std::memory_order_release);
  entry_.store(smaller.entry_.load(std::memory_order_acquire), std::memory_order_release);
}

LiveGraph::~LiveGraph() = default;

std::uint32_t LiveGraph::encode_next(const float* vector) noexcept {
  const auto row = encoded_.load(std::memory_order_relaxed);
  auto* const at = reinterpret_cast<std::int8_t*>(codes_.data()) + std::size_t{row} * space_->row_bytes();
  const auto clipped = space_->encode(vector, at);
  encoded_.store(row + 1, std::memory_order_release);
  return clipped;
}

std::optional<LiveGraph::Entry> LiveGraph::entry() const noexcept {
  const auto packed = entry_.load(std::memory_order_acquire);
  if (packed == kNoEntry) return std::nullopt;
  return Entry{static_cast<std::uint32_t>(packed >> 32U), static_cast<std::uint32_t>(packed)};
}

std::uint64_t LiveGraph::link_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (std::uint32_t layer = 0; layer < kLayersMax; ++layer) {
    const auto member = layers_[layer].width() * sizeof(std::uint32_t) + (layer == 0 ? 0 : sizeof(Layer::Member));
    bytes += std::uint64_t{layer_size(layer)} * member;
  }
  return bytes;
}

std::size_t LiveGraph::bytes_per_row() const noexcept {
  const auto upper = shape_.links > 1 ? layers_[1].width() * sizeof(std::uint32_t) / (shape_.links - 1) : 0;
  return space_->row_bytes() + layers_[0].width() * sizeof(std::uint32_t) + upper;
}

}  // namespace millrace
