#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "millrace/result.h"

namespace millrace {

/// A failed allocation whose size is known.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::size_t bytes) noexcept : bytes_(bytes) {}
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  std::size_t bytes_;
};

/// A file of the data folder that could not be made or grown.
class OutOfSpace : public std::bad_alloc {
 public:
  /// @param cause  errno
  OutOfSpace(std::size_t bytes, int cause) noexcept : bytes_(bytes), cause_(cause) {}
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] int cause() const noexcept { return cause_; }

 private:
  std::size_t bytes_;
  int cause_;
};

/// Errc::scratch_full with as much detail as memory allows. @param cause  errno
[[nodiscard]] Error out_of_space(std::size_t bytes, int cause) noexcept;

/// Errc::out_of_memory with as much detail as memory allows.
[[nodiscard]] Error out_of_memory(std::size_t bytes) noexcept;

/// Calls `work` and turns the only thing that the core lets the library throw, a failed allocation of memory
/// (length_error included: a size that no memory could hold) or of disk, into an Error.
template <typename Work>
[[nodiscard]] auto guard(Work&& work) noexcept -> std::invoke_result_t<Work> {
  try {
    return std::forward<Work>(work)();
  } catch (const OutOfMemory& failure) {
    return out_of_memory(failure.bytes());
  } catch (const OutOfSpace& failure) {
    return out_of_space(failure.bytes(), failure.cause());
  } catch (...) {
    return out_of_memory(0);
  }
}

}  // namespace millrace
