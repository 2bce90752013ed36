#pragma once

#include <cstddef>
#include <cstdint>

#include "millrace/cpu.h"

namespace millrace {

/// Rows of int8 codes as the kernels see them: row `id` begins at `codes + id * stride`, and its last four bytes are an
/// int32, the row's term. The codes of a row are followed by nothing that matters where the query is zero.
struct CodeRows {
  const std::int8_t* codes = nullptr;
  std::size_t stride = 0;  ///< bytes, a multiple of 64

  [[nodiscard]] const std::int8_t* row(std::uint32_t id) const noexcept { return codes + std::size_t{id} * stride; }
};

/// A vector that rows are compared with.
struct CodeQuery {
  const std::int16_t* values = nullptr;  ///< as many as a row has bytes; zero from the dimension on
  std::size_t dimension = 0;
  int term_shift = 0;  ///< by how much the rows' terms are larger than the query's scale
};

/// Keys of rows by their codes: smaller is nearer. All arithmetic is in integers, so every instruction set gives the same
/// keys; whoever makes codes sees to it that none overflows.
struct CodeKernels {
  using Keys = void (*)(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                        std::int32_t* keys) noexcept;
  Keys dot = nullptr;  ///< (term >> term_shift) - Σ query·code
  Keys l1 = nullptr;   ///< Σ |query - code|
};

/// @param set  one that cpu_runs
[[nodiscard]] const CodeKernels& code_kernels_for(InstructionSet set) noexcept;

/// Those of instruction_set().
[[nodiscard]] const CodeKernels& code_kernels() noexcept;

}  // namespace millrace
