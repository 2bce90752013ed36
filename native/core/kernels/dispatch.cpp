#include "kernel_forms.h"
#include "millrace/kernels.h"

namespace millrace {
namespace {

#define MILLRACE_TABLE(set)                                                                              \
  Kernels {                                                                                              \
    {dot_##set, dot_four_##set}, {l2_squared_##set, l2_squared_four_##set}, {l1_##set, l1_four_##set},   \
        {half_dot_##set, half_dot_four_##set}, {half_l2_squared_##set, half_l2_squared_four_##set},      \
        {half_l1_##set, half_l1_four_##set}, byte_dot_##set, byte_l2_squared_##set, byte_l1_##set,       \
        widen_##set                                                                                      \
  }

constexpr Kernels kScalar = MILLRACE_TABLE(scalar);
#if defined(__x86_64__)
constexpr Kernels kAvx2 = MILLRACE_TABLE(avx2);
constexpr Kernels kAvx512 = MILLRACE_TABLE(avx512);
#elif defined(__aarch64__)
constexpr Kernels kNeon = MILLRACE_TABLE(neon);
#endif

#undef MILLRACE_TABLE

}  // namespace

const Kernels& kernels_for(InstructionSet set) noexcept {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return kAvx512;
  if (set == InstructionSet::avx2) return kAvx2;
#elif defined(__aarch64__)
  if (set == InstructionSet::neon) return kNeon;
#endif
  static_cast<void>(set);
  return kScalar;
}

const Kernels& kernels() noexcept { return kernels_for(instruction_set()); }

}  // namespace millrace
