#pragma once

#include <cstddef>
#include <string>
#include <utility>

namespace millrace {

/// A file without a name: it goes, and its space with it, when it is closed and no mapping of it is left, however the
/// process ends.
class ScratchFile {
 public:
  ScratchFile() = default;
  /// @param folder  that exists
  /// @throws OutOfSpace
  [[nodiscard]] static ScratchFile open(const std::string& folder);
  /// The same on file systems that know no files without a name: it has one for a moment.
  /// @throws OutOfSpace
  [[nodiscard]] static ScratchFile open_and_unlink(const std::string& folder);
  ScratchFile(ScratchFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, kNone)) {}
  ScratchFile& operator=(ScratchFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { close(); }

  /// Maps what will be the file's first bytes. None may be touched before it was set aside.
  /// @throws OutOfMemory
  [[nodiscard]] std::byte* map(std::size_t bytes) const;

  /// Gives bytes [from, to) their place on the disk, so that writing to the mapping cannot fail for want of it. They read
  /// as zero.
  /// @param from  where the last call ended
  /// @throws OutOfSpace
  void set_aside(std::size_t from, std::size_t to) const;

  void close() noexcept;

 private:
  static constexpr int kNone = -1;
  explicit ScratchFile(int descriptor) noexcept : descriptor_(descriptor) {}
  int descriptor_ = kNone;
};

}  // namespace millrace
