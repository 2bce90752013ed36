#include "kernel_forms.h"

#if defined(__x86_64__)

#include "lanes_avx2.h"

namespace millrace {

void widen_avx2(const Half* halves, std::size_t count, float* into) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) _mm256_storeu_ps(into + i, load_row(halves + i));
  if (i == count) return;
  Half held[8] = {};
  float wide[8];
  for (std::size_t left = i; left < count; ++left) held[left - i] = halves[left];
  _mm256_storeu_ps(wide, load_row(held));
  for (std::size_t left = i; left < count; ++left) into[left] = wide[left - i];
}

}  // namespace millrace

#endif
