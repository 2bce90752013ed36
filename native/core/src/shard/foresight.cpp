#include "shard/foresight.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace millrace {

void Foresight::add(std::int32_t key, float nearness) {
  if (!std::isfinite(nearness)) return;
  if (nearness_.empty()) first_key_ = key;
  nearness_.push_back(nearness);
  const double x = key - first_key_;
  const double y = double{nearness};
  keys_ += x;
  squared_keys_ += x * x;
  sum_ += y;
  squares_ += y * y;
  products_ += x * y;
}

float Foresight::kth(std::size_t k) const {
  if (nearness_.size() < k || k == 0) return -std::numeric_limits<float>::infinity();
  auto sorted = nearness_;
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::ranges::nth_element(sorted, at, std::ranges::greater());
  return *at;
}

double Foresight::missing(std::span<const GraphSearch::Found> found, std::size_t scored, std::uint64_t among,
                          float gate) const noexcept {
  const auto n = static_cast<double>(nearness_.size());
  if (nearness_.size() < 3) return static_cast<double>(among);
  const double spread = squared_keys_ - keys_ * keys_ / n;
  const double slope = spread > 0 ? (products_ - keys_ * sum_ / n) / spread : 0;
  const double start = (sum_ - slope * keys_) / n;
  const double rest = squares_ - sum_ * sum_ / n - slope * slope * spread;
  const double error = std::sqrt(std::max(rest / (n - 2), 0.0)) + 1e-9 * std::fabs(start);
  const auto chance = [&](std::int32_t key) {
    const double expected = start + slope * (key - first_key_);
    return 0.5 * std::erfc((double{gate} - expected) / (error * std::sqrt(2.0)));
  };
  const auto sum = [&](std::size_t first, std::size_t end) {
    double chances = 0;
    for (auto at = first; at < end; ++at) chances += chance(found[at].key);
    return chances;
  };
  const double seen = sum(std::min(scored, found.size()), found.size());
  if (found.size() >= among) return seen;
  // Beyond what was found each stretch of twice as many brings so much more or less than the one before, as the last ones did.
  const auto half = found.size() / 2;
  const double before = sum(half / 2, half);
  auto stretch = sum(half, found.size());
  const double growth = before > 0 ? stretch / before : 0;
  double beyond = 0;
  for (auto rows = found.size(); rows > 0 && rows < among; rows *= 2) beyond += stretch *= growth;
  return seen + beyond;
}

}  // namespace millrace
