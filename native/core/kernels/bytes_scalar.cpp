#include "kernel_forms.h"

namespace millrace {

std::uint32_t byte_dot_scalar(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += std::uint32_t{a[i]} * b[i];
  return sum;
}

std::uint32_t byte_l2_squared_scalar(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    const int difference = int{a[i]} - int{b[i]};
    sum += static_cast<std::uint32_t>(difference * difference);
  }
  return sum;
}

std::uint32_t byte_l1_scalar(const std::uint8_t* a, const std::uint8_t* b, std::size_t dimension) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dimension; ++i)
    sum += static_cast<std::uint32_t>(a[i] > b[i] ? a[i] - b[i] : b[i] - a[i]);
  return sum;
}

}  // namespace millrace
