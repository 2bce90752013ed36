#include <utility>

#include "quantization/packed_codebook.h"
#include "quantization/product_codebook.h"
#include "quantization/scalar_codebook.h"

namespace millrace {
namespace {

/// For codebooks that are made in one go.
template <typename Make>
class OneStep final : public Training {
 public:
  explicit OneStep(Make make) : make_(std::move(make)) {}
  [[nodiscard]] std::shared_ptr<const Codebook> step() override { return make_(); }

 private:
  Make make_;
};

template <typename Make>
std::unique_ptr<Training> one_step(Make make) {
  return std::make_unique<OneStep<Make>>(std::move(make));
}

}  // namespace

std::unique_ptr<Training> begin_training(const QuantizationSettings& settings, Distance distance, std::size_t dimension,
                                         std::span<const float* const> sample) {
  if (settings.kind == QuantizationKind::product)
    return std::make_unique<ProductTraining>(distance, dimension, settings.chunk, sample);
  std::vector<const float*> kept(sample.begin(), sample.end());
  if (settings.kind == QuantizationKind::scalar)
    return one_step([quantile = settings.quantile, distance, dimension, kept = std::move(kept)] {
      return std::make_shared<const ScalarCodebook>(quantile, distance, dimension, kept);
    });
  const auto query_bits = settings.kind == QuantizationKind::binary ? settings.query_bits : 8U;
  return one_step([precision = PackedCodebook::Precision{settings.half_bits, query_bits}, distance, dimension,
                   kept = std::move(kept)] {
    return std::make_shared<const PackedCodebook>(precision, distance, dimension, kept);
  });
}

}  // namespace millrace
