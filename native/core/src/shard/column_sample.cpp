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

ColumnSample ColumnSample::of_multi(const VectorColumn& column, std::uint32_t count, std::size_t most) {
  const std::size_t dimension = column.slot.dimension;
  std::uint64_t vectors = 0;
  for (std::uint32_t position = 0; position < count; ++position) vectors += column.multi->at(position).count;
  const auto step = std::max<std::uint64_t>(1, vectors / most);
  ColumnSample sample;
  sample.widened_.reserve(static_cast<std::size_t>(vectors / step + 1) * dimension);
  std::vector<float> scratch;
  std::uint64_t next = 0;  // of the vectors that are still to come
  for (std::uint32_t position = 0; position < count; ++position) {
    const std::uint64_t here = column.multi->at(position).count;
    if (next < here) {
      const auto values = column.multi_components(position, scratch);
      for (; next < here; next += step) {
        const auto vector = values.subspan(next * dimension, dimension);
        sample.widened_.insert(sample.widened_.end(), vector.begin(), vector.end());
      }
    }
    next -= here;
  }
  for (std::size_t at = 0; at < sample.widened_.size(); at += dimension) sample.vectors_.push_back(&sample.widened_[at]);
  return sample;
}

}  // namespace millrace
