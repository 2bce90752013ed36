#include "sparse/sparse_counts.h"

#include <algorithm>

namespace millrace {
namespace {

constexpr std::size_t kSizeMin = 1024;

std::size_t hash_of(std::uint32_t index) noexcept {
  return static_cast<std::size_t>((index * 0x9E3779B97F4A7C15ULL) >> 32U);
}

std::uint32_t index_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 32U); }

}  // namespace

SparseCounts::Table::Table(std::size_t size) : mask(size - 1), words(std::make_unique<Word[]>(size)) {
  for (std::size_t i = 0; i < size; ++i) words[i].store(kEmpty, std::memory_order_relaxed);
}

SparseCounts::Word& SparseCounts::Table::place_of(std::uint32_t index) const noexcept {
  for (auto at = hash_of(index) & mask;; at = (at + 1) & mask) {
    const auto word = words[at].load(std::memory_order_relaxed);
    if (word == kEmpty || index_of(word) == index) return words[at];
  }
}

/// A table is at most half full. Only when it could be fuller are the new indices told from the known ones.
void SparseCounts::reserve(std::span<const std::uint32_t> indices) {
  const auto* const table = table_.load(std::memory_order_relaxed);
  if (table != nullptr && 2 * (used_ + indices.size()) <= table->mask + 1) return;
  const auto is_new = [&](std::uint32_t index) {
    return table == nullptr || table->place_of(index).load(std::memory_order_relaxed) == kEmpty;
  };
  std::vector<std::uint32_t> fresh;
  std::ranges::copy_if(indices, std::back_inserter(fresh), is_new);
  std::ranges::sort(fresh);
  fresh.erase(std::ranges::unique(fresh).begin(), fresh.end());
  if (table == nullptr || 2 * (used_ + fresh.size()) > table->mask + 1) grow(fresh.size());
  // Room for an index is taken here: a record may be applied in parts.
  const auto* const grown = table_.load(std::memory_order_relaxed);
  for (const auto index : fresh) {
    grown->place_of(index).store(std::uint64_t{index} << 32U, std::memory_order_relaxed);
    ++used_;
  }
}

void SparseCounts::grow(std::size_t more) {
  tables_.reserve(tables_.size() + 1);
  auto table = std::make_unique<const Table>(std::max(kSizeMin, std::bit_ceil(3 * (used_ + more))));
  if (const auto* const before = table_.load(std::memory_order_relaxed))
    for (std::size_t i = 0; i <= before->mask; ++i) {
      const auto word = before->words[i].load(std::memory_order_relaxed);
      if (word != kEmpty) table->place_of(index_of(word)).store(word, std::memory_order_relaxed);
    }
  table_.store(table.get(), std::memory_order_release);
  tables_.push_back(std::move(table));
}

void SparseCounts::add(const SparseView& vector) noexcept {
  const auto* const table = table_.load(std::memory_order_relaxed);
  for (const auto index : vector.indices) {
    auto& place = table->place_of(index);
    const auto word = place.load(std::memory_order_relaxed);
    used_ += word == kEmpty ? 1U : 0U;
    place.store(word == kEmpty ? (std::uint64_t{index} << 32U) + 1 : word + 1, std::memory_order_relaxed);
  }
  vectors_.store(vectors() + 1, std::memory_order_relaxed);
}

void SparseCounts::remove(const SparseView& vector) noexcept {
  const auto* const table = table_.load(std::memory_order_relaxed);
  for (const auto index : vector.indices) {
    auto& place = table->place_of(index);
    place.store(place.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  }
  vectors_.store(vectors() - 1, std::memory_order_relaxed);
}

std::uint32_t SparseCounts::of(std::uint32_t index) const noexcept {
  const auto* const table = table_.load(std::memory_order_acquire);
  if (table == nullptr) return 0;
  const auto word = table->place_of(index).load(std::memory_order_relaxed);
  return word == kEmpty ? 0 : static_cast<std::uint32_t>(word);
}

std::uint64_t SparseCounts::bytes() const noexcept {
  const auto* const table = table_.load(std::memory_order_acquire);
  return table == nullptr ? 0 : 2 * (table->mask + 1) * sizeof(Word);
}

}  // namespace millrace
