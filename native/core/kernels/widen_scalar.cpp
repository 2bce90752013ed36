#include "kernel_forms.h"

namespace millrace {

void widen_scalar(const Half* halves, std::size_t count, float* into) noexcept {
  for (std::size_t i = 0; i < count; ++i) into[i] = widened(halves[i]);
}

}  // namespace millrace
