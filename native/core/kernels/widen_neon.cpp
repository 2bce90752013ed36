#include "kernel_forms.h"

#if defined(__aarch64__)

#include "lanes_neon.h"

namespace millrace {

void widen_neon(const Half* halves, std::size_t count, float* into) noexcept {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) vst1q_f32(into + i, load_row(halves + i));
  if (i == count) return;
  float wide[4];
  vst1q_f32(wide, load_first(halves + i, count - i));
  for (std::size_t left = i; left < count; ++left) into[left] = wide[left - i];
}

}  // namespace millrace

#endif
