#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace millrace {

/// A rotation that makes the components of any vector look alike, so that few bits of each say much of the whole: rounds
/// of changed signs, changed places, and Walsh-Hadamard transforms. The same for all collections, on every machine.
class Rotation {
 public:
  /// @param size  a multiple of 32
  /// @throws std::bad_alloc
  explicit Rotation(std::size_t size);

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// @param vector  f32[size], changed in place
  /// @param spare   f32[size]
  void apply(float* vector, float* spare) const noexcept;
  /// Turns back.
  void revert(float* vector, float* spare) const noexcept;

 private:
  static constexpr int kRounds = 3;

  void transform(float* vector) const noexcept;

  std::size_t size_;
  std::vector<std::uint32_t> places_;  ///< by round and component: where it comes from; the highest bit changes its sign
};

}  // namespace millrace
