#include "shard/column_sample.h"

#include <algorithm>
#include <span>

namespace millrace {
namespace {

/// Components that have to be made floats first: 16 MiB.
constexpr std::uint32_t kWidened = 4U << 20U;

}  // namespace

ColumnSample::ColumnSample(const VectorColumn& column, std::uint32_t count, std::uint32_t most) {
  const auto dimension = column.slot.dimension;
  const bool is_float = column.slot.element == ElementType::f32;
  if (!is_float) most = std::min(most, std::max(kWidened / dimension, 64U));
  const auto step = std::max(1U, count / most);
  if (!is_float) widened_.resize(std::size_t{(count + step - 1) / step} * dimension);
  std::span<float> room(widened_);
  for (std::uint32_t position = 0; position < count; position += step) {
    vectors_.push_back(column.components(position, is_float ? room : room.first(dimension)));
    if (!is_float) room = room.subspan(dimension);
  }
}

}  // namespace millrace
