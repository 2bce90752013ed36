#pragma once

#include <array>
#include <optional>
#include <vector>

#include "quantization/codebook.h"
#include "quantization/rotation.h"

namespace millrace {

/// One, one and a half, two or four bits for each component: the user's `binary` and `turbo`.
///
///     row:  blocks of 32 components (quantization_kernels.h)  f32 scale  f32 term
///
/// A vector less the mean of all is rotated, which makes its components normally distributed, whatever they were; each
/// becomes the nearest of 2^bits levels at equal distances. Of one and a half bits, the first half of the blocks has two, the others have
/// one. After RaBitQ (Gao & Long 2024; Gao et al. 2025): the scale ‖v‖² / ⟨v, levels⟩ makes the estimate of an inner product
/// unbiased, and the term is what else is known of a vector exactly: with the inner product ⟨mean, v⟩, with a distance ‖v‖².
///
/// Sums of absolute differences change when vectors are rotated. Under them they are not, the scale is the one that comes
/// nearest to the vector, and a row is decoded to be scored.
class PackedCodebook final : public Codebook {
 public:
  struct Precision {
    std::uint32_t half_bits = 2;   ///< twice the bits of a component: 2, 3, 4 or 8
    std::uint32_t query_bits = 8;  ///< of a component of a query: 1, 4 or 8
  };

  /// @throws std::bad_alloc
  PackedCodebook(Precision precision, Distance distance, std::size_t dimension, std::span<const float* const> sample);

  [[nodiscard]] std::size_t row_bytes() const noexcept override { return code_bytes_ + 2 * sizeof(float); }
  void encode(const float* vector, std::byte* row) const override;
  void decode(const std::byte* row, float* vector) const override;
  [[nodiscard]] std::unique_ptr<QueryScorer> scorer(const float* query) const override;

 private:
  class Product;
  class Difference;
  /// Blocks of one number of bits.
  struct Part {
    unsigned bits;
    std::size_t first;  ///< component
    std::size_t blocks;
    std::size_t offset;  ///< in a row

    [[nodiscard]] unsigned levels() const noexcept { return 1U << bits; }
  };

  [[nodiscard]] std::span<const Part> parts() const noexcept { return {parts_.data(), part_count_}; }
  /// The vector less the mean, rotated. @param into  f32[2 · size], of which the first half is the answer
  void turn(const float* vector, std::vector<float>& into) const;
  /// The levels of a row's codes, in units of its scale. @param into  f32[size]
  void read_levels(const std::byte* row, float* into) const noexcept;

  Distance distance_;
  std::size_t dimension_;
  std::size_t size_;  ///< the dimension, filled up to blocks
  std::uint32_t query_limit_;
  std::array<Part, 2> parts_{};
  std::size_t part_count_ = 0;
  std::size_t code_bytes_ = 0;
  std::vector<float> mean_;
  std::optional<Rotation> rotation_;
};

}  // namespace millrace
