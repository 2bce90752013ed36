#include "graph/first_stage.h"

#include "graph/graph_vectors.h"
#include "shard/column_sample.h"

namespace millrace {
namespace {

/// Vectors that mean and scale are learned from.
constexpr std::uint32_t kSample = 20'000;
/// The same of encoded multivectors, each of which takes some hundred microseconds to make.
constexpr std::uint32_t kEncodedSample = 2048;

std::shared_ptr<GraphStage> stage_of(std::shared_ptr<const CodeSpace> space, GraphShape shape,
                                     std::span<const float* const> sample) {
  auto stage = std::make_shared<GraphStage>(std::move(space), shape);
  static_cast<void>(stage->graph.try_sketches(sample));
  return stage;
}

std::shared_ptr<GraphStage> multi_stage(const VectorColumn& column, std::uint32_t count, GraphShape shape) {
  const auto& slot = column.slot;
  const auto vectors = ColumnSample::of_multi(column, count, MultiEncoding::sample_for(slot.dimension));
  const auto encoding = std::make_shared<const MultiEncoding>(
      MultiEncoding::learned(slot.distance, slot.dimension, vectors.vectors()));
  const auto step = std::max(1U, count / kEncodedSample);
  std::vector<float> values;
  GraphVectors encoded(column, encoding.get());
  for (std::uint32_t position = 0; position < count; position += step) {
    const float* const made = encoded.at(position);
    values.insert(values.end(), made, made + encoding->size());
  }
  std::vector<const float*> sample;
  for (std::size_t at = 0; at < values.size(); at += encoding->size()) sample.push_back(&values[at]);
  auto stage = stage_of(std::make_shared<const CodeSpace>(kEncodedDistance, encoding->size(), sample), shape, sample);
  stage->encoding = encoding;
  return stage;
}

}  // namespace

std::shared_ptr<GraphStage> first_stage(const VectorColumn& column, std::uint32_t count, GraphShape shape) {
  if (column.multi != nullptr) return multi_stage(column, count, shape);
  const ColumnSample sample(column, count, kSample);
  return stage_of(std::make_shared<const CodeSpace>(column.slot.distance, column.slot.dimension, sample.vectors()), shape,
                  sample.vectors());
}

}  // namespace millrace
