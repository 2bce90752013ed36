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
  // What came since the smaller one's were learned may be different.
  try_sketches();
}

LiveGraph::~LiveGraph() = default;

void LiveGraph::learn_sketches(CodeRows sample, std::size_t count) {
  if (count == 0 || !SketchSpace::fits(*space_)) return;
  auto learned = std::make_shared<const SketchSpace>(*space_, sample, count);
  if (!learned->orders_like_codes(*space_, sample, count)) return;
  sketches_ = Block::allocate(std::size_t{shape_.capacity} * learned->row_bytes());
  sketch_space_ = std::move(learned);
}

bool LiveGraph::try_sketches(std::span<const float* const> sample) {
  const auto stride = space_->row_bytes();
  const auto count = std::min<std::size_t>(sample.size(), kSketchSample);
  const auto some = Block::allocate(count * stride);
  auto* const first = reinterpret_cast<std::int8_t*>(some.data());
  for (std::size_t i = 0; i < count; ++i)
    static_cast<void>(space_->encode(sample[i * sample.size() / count], first + i * stride));
  learn_sketches({first, stride}, count);
  return has_sketches();
}

bool LiveGraph::try_sketches() {
  const auto rows = encoded();
  const auto stride = space_->row_bytes();
  const auto count = std::min(rows, kSketchSample);
  const auto some = Block::allocate(count * stride);
  for (std::uint32_t i = 0; i < count; ++i)
    std::memcpy(some.data() + i * stride, codes_at(static_cast<std::uint32_t>(std::uint64_t{i} * rows / count)), stride);
  learn_sketches({reinterpret_cast<const std::int8_t*>(some.data()), stride}, count);
  for (std::uint32_t row = 0; row < rows; ++row) sketch(row);
  return has_sketches();
}

void LiveGraph::sketch(std::uint32_t row) noexcept {
  if (sketch_space_ == nullptr) return;
  auto* const at = reinterpret_cast<std::uint8_t*>(sketches_.data()) + std::size_t{row} * sketch_space_->row_bytes();
  sketch_space_->encode(codes_at(row), at);
}

std::uint32_t LiveGraph::encode_next(const float* vector) noexcept {
  const auto row = encoded_.load(std::memory_order_relaxed);
  const auto clipped = space_->encode(vector, codes_at(row));
  sketch(row);
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
  const auto sketched = sketch_space_ == nullptr ? 0 : sketch_space_->row_bytes();
  return space_->row_bytes() + sketched + layers_[0].width() * sizeof(std::uint32_t) + upper;
}

}  // namespace millrace
