#pragma once

// Multivectors as embedding models of tokens make them: documents of unit vectors around centres of meaning, queries near a
// document's.
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace millrace::bench {

struct MultiShape {
  std::uint32_t points = 20'000;
  std::uint32_t dimension = 96;
  std::uint32_t least = 8;           ///< vectors of a document, from here
  std::uint32_t most = 64;           ///< to here
  std::uint32_t least_of_query = 8;
  std::uint32_t most_of_query = 32;
  std::uint32_t centres = 1000;
  std::uint32_t topics = 8;          ///< centres that one document's vectors lie around
  double noise = 1;                  ///< length of what is added to a centre of length 1; half of it to a query's vector
};

class MultiData {
 public:
  MultiData(const MultiShape& shape, std::uint64_t seed) : shape_(shape), random_(seed) {
    centres_.resize(std::size_t{shape.centres} * shape.dimension);
    for (std::uint32_t at = 0; at < shape.centres; ++at) put_unit(&centres_[std::size_t{at} * shape.dimension], nullptr, 1);
  }

  [[nodiscard]] std::vector<float> document() {
    const auto vectors = between(shape_.least, shape_.most);
    std::vector<std::size_t> topics(shape_.topics);
    for (auto& topic : topics) topic = random_() % shape_.centres;
    std::vector<float> values(std::size_t{vectors} * shape_.dimension);
    for (std::uint32_t at = 0; at < vectors; ++at)
      put_unit(&values[std::size_t{at} * shape_.dimension],
               &centres_[topics[random_() % topics.size()] * shape_.dimension], shape_.noise);
    return values;
  }
  [[nodiscard]] std::vector<float> query_near(const std::vector<float>& document) {
    const auto vectors = between(shape_.least_of_query, shape_.most_of_query);
    std::vector<float> values(std::size_t{vectors} * shape_.dimension);
    const auto given = document.size() / shape_.dimension;
    for (std::uint32_t at = 0; at < vectors; ++at)
      put_unit(&values[std::size_t{at} * shape_.dimension], &document[random_() % given * shape_.dimension], shape_.noise / 2);
    return values;
  }
  [[nodiscard]] std::uint32_t between(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(random_() % (most - least + 1));
  }

 private:
  void put_unit(float* into, const float* centre, double noise) {
    const double each = noise / std::sqrt(static_cast<double>(shape_.dimension));
    double sum = 0;
    for (std::uint32_t d = 0; d < shape_.dimension; ++d) {
      into[d] = (centre == nullptr ? 0 : centre[d]) + static_cast<float>(each * normal_(random_));
      sum += double{into[d]} * double{into[d]};
    }
    for (std::uint32_t d = 0; d < shape_.dimension; ++d) into[d] = static_cast<float>(into[d] / std::sqrt(sum));
  }

  MultiShape shape_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  std::vector<float> centres_;
};

}  // namespace millrace::bench
