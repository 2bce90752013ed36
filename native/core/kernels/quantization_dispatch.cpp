#include "quantization_forms.h"

namespace millrace {
namespace {

constexpr QuantizationKernels kScalar{byte_dot_scalar,  byte_l1_scalar, one_bit_scalar,   two_bits_scalar,
                                      four_bits_scalar, nearest_scalar, table_sums_scalar};

#if defined(__x86_64__)
constexpr QuantizationKernels kAvx2{byte_dot_avx2,  byte_l1_avx2, one_bit_avx2,   two_bits_avx2,
                                    four_bits_avx2, nearest_avx2, table_sums_avx2};
#elif defined(__aarch64__)
// Sums of tables stay as they are: NEON cannot gather, and lane by lane is what the scalar form does.
constexpr QuantizationKernels kNeon{byte_dot_neon,  byte_l1_neon, one_bit_neon,     two_bits_neon,
                                    four_bits_neon, nearest_neon, table_sums_scalar};
#endif

}  // namespace

const QuantizationKernels& quantization_kernels_for(InstructionSet set) noexcept {
#if defined(__x86_64__)
  // A scan of codes waits for memory; wider registers than these would not make it come sooner.
  if (set != InstructionSet::scalar) return kAvx2;
#elif defined(__aarch64__)
  if (set == InstructionSet::neon) return kNeon;
#endif
  static_cast<void>(set);
  return kScalar;
}

const QuantizationKernels& quantization_kernels() noexcept { return quantization_kernels_for(instruction_set()); }

}  // namespace millrace
