#include "code_forms.h"

namespace millrace {
namespace {

constexpr CodeKernels kScalar{code_dot_scalar, code_l1_scalar, sketch_dot_scalar};

#if defined(__x86_64__)
constexpr CodeKernels kAvx2{code_dot_avx2, code_l1_avx2, sketch_dot_avx2};
constexpr CodeKernels kAvx512{code_dot_avx512, code_l1_avx512, sketch_dot_avx512};
#elif defined(__aarch64__)
constexpr CodeKernels kNeon{code_dot_neon, code_l1_neon, sketch_dot_neon};
#endif

}  // namespace

const CodeKernels& code_kernels_for(InstructionSet set) noexcept {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return kAvx512;
  if (set == InstructionSet::avx2) return kAvx2;
#elif defined(__aarch64__)
  if (set == InstructionSet::neon) return kNeon;
#endif
  static_cast<void>(set);
  return kScalar;
}

const CodeKernels& code_kernels() noexcept { return code_kernels_for(instruction_set()); }

}  // namespace millrace
