#pragma once

#include "millrace/code_kernels.h"

namespace millrace {

// Three forms per instruction set; code_kernels.h says what they mean.
#define MILLRACE_CODE_KERNELS(set)                                                                                   \
  void code_dot_##set(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,     \
                      std::int32_t* keys) noexcept;                                                                  \
  void code_l1_##set(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,      \
                     std::int32_t* keys) noexcept;                                                                   \
  void sketch_dot_##set(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count, \
                        std::int32_t* keys) noexcept;

MILLRACE_CODE_KERNELS(scalar)
MILLRACE_CODE_KERNELS(avx2)
MILLRACE_CODE_KERNELS(avx512)
MILLRACE_CODE_KERNELS(neon)

#undef MILLRACE_CODE_KERNELS

}  // namespace millrace
