#include "base/scratch_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

#include "base/memory.h"
#include "millrace/guard.h"

namespace millrace {
namespace {

constexpr int kOwnerOnly = 0600;

/// Of a file system that cannot set space aside.
void write_zeros(int descriptor, std::size_t from, std::size_t to) {
  static constexpr std::array<std::byte, std::size_t{64} << 10U> kZeros{};
  while (from < to) {
    const auto written = pwrite(descriptor, kZeros.data(), std::min(kZeros.size(), to - from), static_cast<off_t>(from));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw OutOfSpace(to - from, errno);
    from += static_cast<std::size_t>(written);
  }
}

}  // namespace

ScratchFile ScratchFile::open(const std::string& folder) {
#if defined(O_TMPFILE)
  // A kernel that does not know the flag says EISDIR, a file system without such files EOPNOTSUPP.
  const int descriptor = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (descriptor >= 0) return ScratchFile(descriptor);
  if (errno != EISDIR && errno != EOPNOTSUPP) throw OutOfSpace(0, errno);
#endif
  return open_and_unlink(folder);
}

ScratchFile ScratchFile::open_and_unlink(const std::string& folder) {
  static std::atomic<std::uint64_t> opened{0};
  const auto path = folder + "/vectors-" + std::to_string(getpid()) + "-" + std::to_string(opened.fetch_add(1));
  const int descriptor = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) throw OutOfSpace(0, errno);
  ScratchFile file(descriptor);
  if (unlink(path.c_str()) != 0) throw OutOfSpace(0, errno);
  return file;
}

std::byte* ScratchFile::map(std::size_t bytes) const {
  void* const start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (start == MAP_FAILED) throw OutOfMemory(bytes);
  // Searches read single vectors from anywhere: what would be read ahead would only push others out.
  madvise(start, bytes, MADV_RANDOM);
  return static_cast<std::byte*>(start);
}

void ScratchFile::set_aside(std::size_t from, std::size_t to) const {
  if (allocation_fault::strikes()) throw OutOfSpace(to - from, ENOSPC);
#if defined(__linux__)
  for (;;) {
    if (fallocate(descriptor_, 0, static_cast<off_t>(from), static_cast<off_t>(to - from)) == 0) return;
    if (errno == EINTR) continue;
    if (errno != EOPNOTSUPP) throw OutOfSpace(to - from, errno);
    break;
  }
#endif
  write_zeros(descriptor_, from, to);
}

void ScratchFile::close() noexcept {
  if (descriptor_ != kNone) ::close(std::exchange(descriptor_, kNone));
}

}  // namespace millrace
