#include "vectors/multi_vectors.h"

namespace millrace {
namespace {

constexpr std::size_t kPaddingMax = sizeof(float) - 1;

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void MultiVectors::reserve(std::uint64_t from, const VectorBlock& block) {
  runs_.reserve(from, block.present);
  const std::size_t vectors = block.runs.empty() ? 0 : block.runs.back();
  arena_.reserve(vectors * vector_bytes() + block.present * kPaddingMax);
}

void MultiVectors::put(std::uint64_t position, const MultiView& vectors) noexcept {
  constexpr float kNotTold = 0;
  const char* const start = arena_.append({});
  arena_.append(text_of(std::as_bytes(vectors.norms)));
  for (std::uint32_t i = 0; keeps_norms_ && vectors.norms.empty() && i < vectors.count; ++i)
    arena_.append(text_of(std::as_bytes(std::span(&kNotTold, 1))));
  arena_.append(text_of(vectors.stored));
  const auto padding = (sizeof(float) - vectors.stored.size() % sizeof(float)) % sizeof(float);
  arena_.append(std::string_view("\0\0\0", padding));
  *runs_.at(position) = {reinterpret_cast<const std::byte*>(start), vectors.count};
  vectors_.fetch_add(vectors.count, std::memory_order_relaxed);
  total_bytes_ += sizeof(Run) + vectors.count * vector_bytes() + padding;
}

}  // namespace millrace
