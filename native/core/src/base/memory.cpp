#include "base/memory.h"

#include <sys/mman.h>

#include <cstring>
#include <new>

#include "millrace/guard.h"
#include "millrace/scratch.h"

namespace millrace {
namespace {

constexpr std::size_t kMappedFrom = std::size_t{64} << 10U;
constexpr std::size_t kHugePage = std::size_t{2} << 20U;
constexpr std::align_val_t kAlignment{64};

/// A file grows by so much at once: a block of a large column is gigabytes long, and mostly empty for long.
constexpr std::size_t kBackedAtOnce = std::size_t{16} << 20U;

std::atomic<std::int64_t> fault_countdown{-1};
std::atomic<std::uint64_t> bytes_in_files{0};

std::byte* map_pages(std::size_t bytes) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
#if defined(MAP_NORESERVE)
  flags |= MAP_NORESERVE;
#endif
  const bool is_huge = bytes >= kHugePage;
  const std::size_t mapped = is_huge ? bytes + kHugePage : bytes;
  void* const start = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (start == MAP_FAILED) throw OutOfMemory(bytes);
  auto* at = static_cast<std::byte*>(start);
  if (!is_huge) return at;
  // Huge pages need their alignment: cut the mapping down to it.
  const std::size_t head = (kHugePage - reinterpret_cast<std::uintptr_t>(at) % kHugePage) % kHugePage;
  if (head > 0) munmap(at, head);
  if (head < kHugePage) munmap(at + head + bytes, kHugePage - head);
#if defined(MADV_HUGEPAGE)
  madvise(at + head, bytes, MADV_HUGEPAGE);
#endif
  return at + head;
}

constexpr std::size_t round_to_pages(std::size_t bytes) noexcept {
  constexpr std::size_t kPage = 4096;
  return (bytes + kPage - 1) / kPage * kPage;
}

class MemoryStorage final : public Storage {
 public:
  [[nodiscard]] Block allocate(std::size_t bytes) const override { return Block::allocate(bytes); }
};

}  // namespace

const Storage& memory_storage() noexcept {
  static const MemoryStorage storage;
  return storage;
}

std::uint64_t scratch_bytes() noexcept { return bytes_in_files.load(std::memory_order_relaxed); }

namespace allocation_fault {

void arm(std::int64_t after) noexcept { fault_countdown.store(after, std::memory_order_relaxed); }

bool strikes() noexcept {
  if (fault_countdown.load(std::memory_order_relaxed) < 0) return false;
  return fault_countdown.fetch_sub(1, std::memory_order_relaxed) == 0;
}

}  // namespace allocation_fault

Block Block::allocate(std::size_t bytes) {
  if (allocation_fault::strikes()) throw OutOfMemory(bytes);
  Block block;
  if (bytes >= kMappedFrom) {
    bytes = round_to_pages(bytes);
    block.data_ = map_pages(bytes);
  } else {
    block.data_ = static_cast<std::byte*>(::operator new(bytes, kAlignment));
    std::memset(block.data_, 0, bytes);
  }
  block.bytes_ = block.backed_ = bytes;
  return block;
}

Block Block::map(ScratchFile file, std::size_t bytes) {
  if (allocation_fault::strikes()) throw OutOfMemory(bytes);
  Block block;
  // Never so small that it would be taken for one that operator new gave.
  block.bytes_ = std::max(round_to_pages(bytes), kMappedFrom);
  block.data_ = file.map(block.bytes_);
  block.file_ = std::move(file);
  return block;
}

void Block::back_more(std::size_t bytes) {
  const auto to = std::min(bytes_, (bytes + kBackedAtOnce - 1) / kBackedAtOnce * kBackedAtOnce);
  file_.set_aside(backed_, to);
  bytes_in_files.fetch_add(to - backed_, std::memory_order_relaxed);
  backed_ = on_disk_ = to;
  // The mapping keeps it from here on.
  if (backed_ == bytes_) file_.close();
}

Block::~Block() {
  if (data_ == nullptr) return;
  bytes_in_files.fetch_sub(on_disk_, std::memory_order_relaxed);
  if (bytes_ >= kMappedFrom)
    munmap(data_, bytes_);
  else
    ::operator delete(data_, kAlignment);
}

}  // namespace millrace
