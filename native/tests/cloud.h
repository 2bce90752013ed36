#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "graph/live_graph.h"

namespace millrace::testing {

/// Vectors around some centres, unit length for cosine.
struct Cloud {
  Cloud(std::uint32_t count, std::uint32_t components, Distance compared_by, std::mt19937_64& random)
      : rows(count), dimension(components), distance(compared_by), values(std::size_t{count} * components) {
    std::normal_distribution<float> normal;
    std::vector<float> centres(std::size_t{20} * dimension);
    for (auto& value : centres) value = normal(random);
    for (std::uint32_t row = 0; row < rows; ++row) {
      const auto centre = random() % 20;
      for (std::uint32_t d = 0; d < dimension; ++d)
        values[std::size_t{row} * dimension + d] = centres[centre * dimension + d] + 0.5F * normal(random);
      if (distance == Distance::cosine) make_unit(row);
    }
  }
  void make_unit(std::uint32_t row) {
    double sum = 0;
    float* const vector = &values[std::size_t{row} * dimension];
    for (std::uint32_t d = 0; d < dimension; ++d) sum += double{vector[d]} * double{vector[d]};
    for (std::uint32_t d = 0; d < dimension; ++d) vector[d] = static_cast<float>(vector[d] / std::sqrt(sum));
  }
  [[nodiscard]] const float* at(std::uint32_t row) const { return &values[std::size_t{row} * dimension]; }
  [[nodiscard]] double far(const float* a, const float* b) const {
    double sum = 0;
    for (std::uint32_t d = 0; d < dimension; ++d) {
      const double x = a[d];
      const double y = b[d];
      if (distance == Distance::dot) sum -= x * y;
      else if (distance == Distance::manhattan) sum += std::abs(x - y);
      else sum += (x - y) * (x - y);
    }
    return sum;
  }
  template <typename Passes>
  [[nodiscard]] std::vector<std::uint32_t> nearest(const float* query, std::size_t k, Passes passes) const {
    std::vector<std::pair<double, std::uint32_t>> all;
    for (std::uint32_t row = 0; row < rows; ++row)
      if (passes(row)) all.emplace_back(far(query, at(row)), row);
    std::ranges::sort(all);
    std::vector<std::uint32_t> best;
    for (std::size_t i = 0; i < std::min(k, all.size()); ++i) best.push_back(all[i].second);
    return best;
  }
  [[nodiscard]] std::vector<const float*> sample() const {
    std::vector<const float*> all;
    for (std::uint32_t row = 0; row < rows; ++row) all.push_back(at(row));
    return all;
  }
  [[nodiscard]] std::shared_ptr<const CodeSpace> space() const {
    return std::make_shared<const CodeSpace>(distance, dimension, sample());
  }

  std::uint32_t rows = 0;
  std::uint32_t dimension;
  Distance distance;
  std::vector<float> values;
};

/// The ten nearest of a walk's candidates, by the vectors themselves.
inline std::set<std::uint32_t> rescored(const Cloud& cloud, const float* query, const CandidateBuffer& found) {
  std::vector<std::pair<double, std::uint32_t>> all;
  for (std::size_t i = 0; i < std::min<std::size_t>(found.size(), 40); ++i)
    all.emplace_back(cloud.far(query, cloud.at(found.id(i))), found.id(i));
  std::ranges::sort(all);
  std::set<std::uint32_t> rows;
  for (std::size_t i = 0; i < std::min<std::size_t>(10, all.size()); ++i) rows.insert(all[i].second);
  return rows;
}

inline void build(LiveGraph& graph, const Cloud& cloud, std::uint32_t threads) {
  for (std::uint32_t row = 0; row < cloud.rows; ++row) static_cast<void>(graph.encode_next(cloud.at(row)));
  std::atomic<std::uint32_t> next{0};
  std::vector<std::thread> inserting;
  for (std::uint32_t i = 0; i < threads; ++i)
    inserting.emplace_back([&] {
      for (auto row = next++; row < cloud.rows; row = next++) graph.insert(row);
    });
  for (auto& thread : inserting) thread.join();
}

}  // namespace millrace::testing
