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

/// Errc::out_of_memory with as much detail as memory allows.
[[nodiscard]] Error out_of_memory(std::size_t bytes) noexcept;

/// Calls `work` and turns the only thing that the core lets the library throw, a failed allocation
/// (length_error included: a size that no memory could hold), into an Error.
template <typename Work>
[[nodiscard]] auto guard(Work&& work) noexcept -> std::invoke_result_t<Work> {
  try {
    return std::forward<Work>(work)();
  } catch (const OutOfMemory& failure) {
    return out_of_memory(failure.bytes());
  } catch (...) {
    return out_of_memory(0);
  }
}

}  // namespace millrace
