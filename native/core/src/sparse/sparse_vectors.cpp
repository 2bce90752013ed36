#include "sparse/sparse_vectors.h"

namespace millrace {
namespace {

template <typename T>
std::string_view text_of(std::span<const T> values) noexcept {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

void SparseVectors::reserve(std::uint64_t from, const VectorBlock& block) {
  stored_.reserve(from, block.present);
  counts_.reserve(block.indices);
  arena_.reserve(block.values.size() * kEntryBytes);
}

/// Each vector takes a multiple of eight bytes, so that all of them are aligned.
void SparseVectors::put(std::uint64_t position, const SparseView& vector) noexcept {
  const auto* const bytes = arena_.append(text_of(vector.indices));
  arena_.append(text_of(vector.values));
  *stored_.at(position) = {reinterpret_cast<const std::byte*>(bytes), vector.indices.size()};
  total_bytes_ += sizeof(Stored) + vector.indices.size() * kEntryBytes;
}

}  // namespace millrace
