#pragma once

#include <span>

namespace millrace {

/// Makes a vector unit length, as cosine stores it: divided by its length in f32. Left as it is when its sum of squares
/// is below the f32 epsilon or within 1e-6 of 1, as the reference server does.
/// @param square_sum  Σ x², summed in double from the first component to the last, so that every machine gets the same
/// @return            the length that was taken out, at most the largest f32; 1 when nothing was
float normalize(std::span<float> vector, double square_sum) noexcept;

/// Σ x² in double, from the first component to the last.
[[nodiscard]] double square_sum_of(std::span<const float> vector) noexcept;

/// The same for each of several vectors, one after the other. What is left over at the end stays as it is.
inline void normalize_rows(std::span<float> vectors, std::size_t dimension) noexcept {
  for (; vectors.size() >= dimension; vectors = vectors.subspan(dimension)) {
    const auto row = vectors.first(dimension);
    normalize(row, square_sum_of(row));
  }
}

}  // namespace millrace
