#include "quantization/product_codebook.h"

#include <algorithm>
#include <cmath>

#include "millrace/quantization_kernels.h"

namespace millrace {
namespace {

/// Vectors that centroids are learned from, some twenty for each. More take longer and change little.
constexpr std::size_t kSampleMax = 5'000;
constexpr int kIterationsMax = 20;
constexpr std::size_t kCentroids = ProductCodebook::kCentroids;

/// What a component of a centroid adds to the value of a metric.
float term_of(Distance distance, float query, float centroid) noexcept {
  const float apart = query - centroid;
  if (distance == Distance::euclid) return apart * apart;
  return distance == Distance::manhattan ? std::fabs(apart) : query * centroid;
}

/// k-means over some components of a sample. The centroids begin at vectors spread over the sample, and one that nothing
/// is near to stays where it is.
class Clustering {
 public:
  Clustering(std::span<const float* const> sample, std::size_t first, std::size_t size)
      : sample_(sample), first_(first), size_(size), assigned_(sample.size(), kCentroids), centroids_(size * kCentroids) {
    for (std::size_t c = 0; c < kCentroids; ++c) {
      const float* const from = sample_[c * sample_.size() / kCentroids] + first_;
      for (std::size_t d = 0; d < size_; ++d) centroids_[d * kCentroids + c] = from[d];
    }
  }

  [[nodiscard]] const std::vector<float>& run() {
    for (int i = 0; i < kIterationsMax && assign(); ++i) move();
    return centroids_;
  }

 private:
  /// @return whether anything changed
  bool assign() noexcept {
    const auto nearest = quantization_kernels().nearest;
    bool has_changed = false;
    for (std::size_t i = 0; i < sample_.size(); ++i) {
      const auto to = nearest(sample_[i] + first_, centroids_.data(), size_);
      has_changed = has_changed || to != assigned_[i];
      assigned_[i] = to;
    }
    return has_changed;
  }

  void move() {
    std::vector<double> sums(size_ * kCentroids);
    std::vector<double> counts(kCentroids);
    for (std::size_t i = 0; i < sample_.size(); ++i) {
      ++counts[assigned_[i]];
      for (std::size_t d = 0; d < size_; ++d) sums[d * kCentroids + assigned_[i]] += double{sample_[i][first_ + d]};
    }
    for (std::size_t c = 0; c < kCentroids; ++c)
      for (std::size_t d = 0; counts[c] > 0 && d < size_; ++d)
        centroids_[d * kCentroids + c] = static_cast<float>(sums[d * kCentroids + c] / counts[c]);
  }

  std::span<const float* const> sample_;
  std::size_t first_;
  std::size_t size_;
  std::vector<std::size_t> assigned_;
  std::vector<float> centroids_;
};

}  // namespace

void ProductCodebook::encode(const float* vector, std::byte* row) const noexcept {
  const auto nearest = quantization_kernels().nearest;
  for (std::size_t chunk = 0; chunk < row_bytes(); ++chunk) {
    const auto first = chunk * chunk_;
    row[chunk] = static_cast<std::byte>(nearest(vector + first, centroids_.data() + first * kCentroids, components_of(chunk)));
  }
}

void ProductCodebook::decode(const std::byte* row, float* vector) const noexcept {
  for (std::size_t d = 0; d < dimension_; ++d)
    vector[d] = centroids_[d * kCentroids + std::to_integer<std::size_t>(row[d / chunk_])];
}

class ProductCodebook::Tables final : public QueryScorer {
 public:
  Tables(const ProductCodebook& book, const float* query) : chunks_(book.row_bytes()), tables_(chunks_ * kCentroids) {
    for (std::size_t d = 0; d < book.dimension_; ++d) {
      float* const table = tables_.data() + d / book.chunk_ * kCentroids;
      const float* const centroids = book.centroids_.data() + d * kCentroids;
      for (std::size_t c = 0; c < kCentroids; ++c) table[c] += term_of(book.distance_, query[d], centroids[c]);
    }
  }

  void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept override {
    quantization_kernels().table_sums(tables_.data(), rows, count, chunks_, values);
  }

 private:
  std::size_t chunks_;
  std::vector<float> tables_;
};

std::unique_ptr<QueryScorer> ProductCodebook::scorer(const float* query) const {
  return std::make_unique<Tables>(*this, query);
}

ProductTraining::ProductTraining(Distance distance, std::size_t dimension, std::size_t chunk,
                                 std::span<const float* const> sample)
    : distance_(distance), dimension_(dimension), chunk_(chunk) {
  const auto vectors = std::min(sample.size(), kSampleMax);
  sample_.reserve(vectors);
  for (std::size_t i = 0; i < vectors; ++i) sample_.push_back(sample[i * sample.size() / vectors]);
  centroids_.reserve(dimension * kCentroids);
}

std::shared_ptr<const Codebook> ProductTraining::step() {
  const auto first = centroids_.size() / kCentroids;
  const auto size = std::min(chunk_, dimension_ - first);
  Clustering clustering(sample_, first, size);
  const auto& found = clustering.run();
  centroids_.insert(centroids_.end(), found.begin(), found.end());
  if (first + size < dimension_) return nullptr;
  return std::make_shared<const ProductCodebook>(distance_, dimension_, chunk_, std::move(centroids_));
}

}  // namespace millrace
