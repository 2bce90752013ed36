#include "kernel_forms.h"
#include "millrace/kernels.h"

namespace millrace {
namespace {

constexpr Kernels kScalar{
    {dot_scalar, dot_four_scalar}, {l2_squared_scalar, l2_squared_four_scalar}, {l1_scalar, l1_four_scalar}};

#if defined(__x86_64__)
constexpr Kernels kAvx2{{dot_avx2, dot_four_avx2}, {l2_squared_avx2, l2_squared_four_avx2}, {l1_avx2, l1_four_avx2}};
constexpr Kernels kAvx512{
    {dot_avx512, dot_four_avx512}, {l2_squared_avx512, l2_squared_four_avx512}, {l1_avx512, l1_four_avx512}};
#endif

}  // namespace

const Kernels& kernels_for(InstructionSet set) noexcept {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return kAvx512;
  if (set == InstructionSet::avx2) return kAvx2;
#endif
  static_cast<void>(set);
  return kScalar;
}

const Kernels& kernels() noexcept { return kernels_for(instruction_set()); }

}  // namespace millrace
