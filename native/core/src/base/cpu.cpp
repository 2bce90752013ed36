#include "millrace/cpu.h"

#include <atomic>

namespace millrace {
namespace {

InstructionSet widest() noexcept {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                          __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512) return InstructionSet::avx512;
  if (has_avx2) return InstructionSet::avx2;
  return InstructionSet::scalar;
#elif defined(__aarch64__)
  return InstructionSet::neon;
#else
  return InstructionSet::scalar;
#endif
}

InstructionSet widest_once() noexcept {
  static const InstructionSet found = widest();
  return found;
}

std::atomic<InstructionSet>& chosen() noexcept {
  static std::atomic<InstructionSet> set{widest_once()};
  return set;
}

}  // namespace

const char* name_of(InstructionSet set) noexcept {
  switch (set) {
    case InstructionSet::scalar: return "scalar";
    case InstructionSet::avx2: return "avx2";
    case InstructionSet::avx512: return "avx512";
    case InstructionSet::neon: return "neon";
  }
  return "unknown";
}

bool cpu_runs(InstructionSet set) noexcept {
  const auto widest = widest_once();
  // No processor has sets of two families, and the number of one says nothing about the other's.
  if (set == InstructionSet::neon || widest == InstructionSet::neon) return set == widest || set == InstructionSet::scalar;
  return set <= widest;
}

bool cpu_has_crc32() noexcept {
#if defined(__x86_64__)
  static const bool found = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2") != 0;
  }();
  return found;
#else
  return false;
#endif
}

InstructionSet instruction_set() noexcept { return chosen().load(std::memory_order_relaxed); }

bool force_instruction_set(std::optional<InstructionSet> set) noexcept {
  const auto wanted = set.value_or(widest_once());
  if (!cpu_runs(wanted)) return false;
  chosen().store(wanted, std::memory_order_relaxed);
  return true;
}

}  // namespace millrace
