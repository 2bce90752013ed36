#pragma once

#include <cstddef>
#include <cstdint>

#include "millrace/cpu.h"

namespace millrace {

/// Rows of int8 codes as the kernels see them: row `id` begins at `codes + id * stride`, and its last four bytes are an
/// int32, the row's term. Codes are -127 to 127; what stands between them and the term does not count.
struct CodeRows {
  const std::int8_t* codes = nullptr;
  std::size_t stride = 0;  ///< bytes, a multiple of 64

  [[nodiscard]] const std::int8_t* row(std::uint32_t id) const noexcept { return codes + std::size_t{id} * stride; }
};

/// A vector that rows are compared with.
struct CodeQuery {
  const std::int8_t* values = nullptr;  ///< -127 to 127, as many as a row has bytes; zero from the dimension on
  std::size_t dimension = 0;
  float term_scale = 0;  ///< what the rows' terms are worth in products of the query's values and codes
};

/// Rows of sketches: row `id` begins at `sketches + id * stride`. Byte i of it holds two components, 0 to 15 each, the one
/// that the query's `low[i]` goes with in its lower half; its last four bytes are an int32, the row's term.
struct SketchRows {
  const std::uint8_t* sketches = nullptr;
  std::size_t stride = 0;  ///< bytes, a multiple of 64

  [[nodiscard]] const std::uint8_t* row(std::uint32_t id) const noexcept { return sketches + std::size_t{id} * stride; }
};

/// A vector that sketches are compared with.
struct SketchQuery {
  const std::int8_t* low = nullptr;   ///< -127 to 127, as many as a row has bytes; zero from `bytes` on
  const std::int8_t* high = nullptr;  ///< the same for the upper halves
  std::size_t bytes = 0;              ///< of a row that hold components
  float term_scale = 0;               ///< what the rows' terms are worth in products
};

/// Keys of rows by their codes: smaller is nearer. Sums are of integers, and the one product of floats is rounded to an
/// integer, to even, so that every instruction set gives the same keys; whoever makes codes sees to it that none overflows.
struct CodeKernels {
  using Keys = void (*)(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                        std::int32_t* keys) noexcept;
  Keys dot = nullptr;  ///< round(term · term_scale) - Σ query·code
  Keys l1 = nullptr;   ///< Σ |query - code|
  using SketchKeys = void (*)(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids,
                              std::size_t count, std::int32_t* keys) noexcept;
  SketchKeys sketch_dot = nullptr;  ///< round(term · term_scale) - Σ query·sketch
};

/// @param set  one that cpu_runs
[[nodiscard]] const CodeKernels& code_kernels_for(InstructionSet set) noexcept;

/// Those of instruction_set().
[[nodiscard]] const CodeKernels& code_kernels() noexcept;

}  // namespace millrace
