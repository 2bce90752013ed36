#pragma once

#include <cstdint>
#include <optional>

namespace millrace {

/// What kernels are written for. Of one processor family's sets each includes the ones before it.
enum class InstructionSet : std::uint8_t {
  scalar,
  avx2,    ///< AVX2, FMA and F16C
  avx512,  ///< AVX-512 F, BW, DQ and VL
  neon,    ///< Advanced SIMD, which every 64-bit ARM processor has
};

/// All of them, for tests that go through those that cpu_runs.
inline constexpr InstructionSet kInstructionSets[] = {InstructionSet::scalar, InstructionSet::avx2, InstructionSet::avx512,
                                                      InstructionSet::neon};

[[nodiscard]] const char* name_of(InstructionSet set) noexcept;

/// What this processor and its operating system can run; asked once.
[[nodiscard]] bool cpu_runs(InstructionSet set) noexcept;
[[nodiscard]] bool cpu_has_crc32() noexcept;

/// The set in use: the widest that the processor runs, unless a test forced another.
[[nodiscard]] InstructionSet instruction_set() noexcept;

/// Forces a set that the processor runs, or with nothing returns to the widest. For tests and benchmarks, before searches start.
/// @return false when the processor does not run it; nothing changes then
bool force_instruction_set(std::optional<InstructionSet> set) noexcept;

}  // namespace millrace
