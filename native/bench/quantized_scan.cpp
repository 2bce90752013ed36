// What does each quantization cost and find, when a search scans all codes?
//   bench_quantized_scan [rows] [dimension] [queries]
//   default 100000 768 50; small: 5000 64 10. One thread. Vectors are points of a space of 48 dimensions in 50 clusters, turned
//   into the larger one, with noise; one line for each quantization.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "millrace/cpu.h"
#include "millrace/index_builder.h"
#include "millrace/shard.h"
#include "records.h"

namespace {

using namespace millrace;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

/// Vectors of unit length near a few directions.
class Maker {
 public:
  explicit Maker(std::uint32_t dimension) : dimension_(dimension), basis_(kInner * dimension), centres_(kClusters * kInner) {
    for (auto& value : basis_) value = normal_(random_);
    for (auto& value : centres_) value = 1.5F * normal_(random_);
  }
  void make(float* into) {
    const auto* const centre = centres_.data() + random_() % kClusters * kInner;
    std::fill_n(into, dimension_, 0.0F);
    for (std::size_t i = 0; i < kInner; ++i) {
      const float along = centre[i] + normal_(random_);
      for (std::size_t d = 0; d < dimension_; ++d) into[d] += along * basis_[i * dimension_ + d];
    }
    double sum = 0;
    for (std::size_t d = 0; d < dimension_; ++d) {
      into[d] += 2 * normal_(random_);
      sum += double{into[d]} * double{into[d]};
    }
    for (std::size_t d = 0; d < dimension_; ++d) into[d] /= static_cast<float>(std::sqrt(sum));
  }

 private:
  static constexpr std::size_t kInner = 48;
  static constexpr std::size_t kClusters = 50;
  std::size_t dimension_;
  std::mt19937 random_{42};
  std::normal_distribution<float> normal_;
  std::vector<float> basis_;
  std::vector<float> centres_;
};

struct Kind {
  const char* name;
  QuantizationSettings settings;
};

constexpr Kind kKinds[] = {
    {"none", {}},
    {"scalar", {QuantizationKind::scalar, 1, 8, 8, 4}},
    {"turbo-4", {QuantizationKind::turbo, 1, 8, 8, 4}},
    {"turbo-2", {QuantizationKind::turbo, 1, 4, 8, 4}},
    {"turbo-1.5", {QuantizationKind::turbo, 1, 3, 8, 4}},
    {"binary-1", {QuantizationKind::binary, 1, 2, 8, 4}},
    {"binary-1-query-1", {QuantizationKind::binary, 1, 2, 1, 4}},
    {"product-x8", {QuantizationKind::product, 1, 8, 8, 2}},
    {"product-x16", {QuantizationKind::product, 1, 8, 8, 4}},
    {"product-x64", {QuantizationKind::product, 1, 8, 8, 16}},
};

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::uint32_t fallback) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  const auto rows = argument(1, 100'000);
  const auto dimension = argument(2, 768);
  const auto queries = argument(3, 50);
  Maker maker(dimension);
  std::vector<float> values(std::size_t{rows} * dimension);
  for (std::size_t i = 0; i < rows; ++i) maker.make(values.data() + i * dimension);
  std::vector<float> asked(std::size_t{queries} * dimension);
  for (std::size_t i = 0; i < queries; ++i) maker.make(asked.data() + i * dimension);
  for (const auto& kind : kKinds) {
    IndexBuilder builder({1});
    const IndexSettings settings{0, 100, 1, 0, kind.settings};
    auto shard = Shard::open({1, 0, &builder, settings}).value();
    std::uint64_t offset = 0;
    const auto apply = [&](const std::vector<std::byte>& frame) {
      const RecordView record{offset++, 0, frame};
      if (shard->apply({&record, 1}).stop) std::abort();
    };
    apply(bench::schema_frame(dimension));
    constexpr std::uint32_t kBatch = 1000;
    std::vector<std::uint64_t> ids;
    const auto start = Clock::now();
    for (std::uint32_t first = 0; first < rows; first += kBatch) {
      ids.resize(std::min(kBatch, rows - first));
      for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = first + i;
      apply(bench::upsert_frame(ids, std::span(values).subspan(std::size_t{first} * dimension, ids.size() * dimension)));
    }
    while (shard->state().waiting_vectors > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    const double ready_ms = ms_since(start);
    const auto measure = [&](std::optional<bool> rescores, double oversampling, double& recall) {
      std::vector<double> times;
      std::size_t found = 0;
      for (std::size_t q = 0; q < queries; ++q) {
        SearchPlan plan;
        plan.query = std::span(asked).subspan(q * dimension, dimension);
        plan.quantization = {false, rescores, oversampling};
        const auto began = Clock::now();
        const auto near = shard->search(plan).value();
        times.push_back(ms_since(began));
        plan.exact = true;
        const auto all = shard->search(plan).value();
        for (const auto& hit : all.hits)
          found += std::ranges::find(near.hits, hit.id, &Hit::id) == near.hits.end() ? 0 : 1;
      }
      recall = static_cast<double>(found) / (10.0 * queries);
      std::ranges::sort(times);
      return times[times.size() / 2];
    };
    double plain = 0;
    double rescored = 0;
    double more = 0;
    const double plain_ms = measure(false, 1, plain);
    const double rescored_ms = measure(true, 1, rescored);
    const double more_ms = measure(true, 20, more);
    const auto codes = shard->quantized();
    std::printf(
        "quantized_scan kind=%s rows=%u dimension=%u set=%s bytes=%llu ready_ms=%.0f codes_ms=%.2f codes_recall=%.3f "
        "rescored_ms=%.2f rescored_recall=%.3f oversampled20_ms=%.2f oversampled20_recall=%.3f\n",
        kind.name, rows, dimension, name_of(instruction_set()),
        static_cast<unsigned long long>(codes.empty() ? dimension * sizeof(float) : codes[0].codes.bytes_of_each), ready_ms,
        plain_ms, plain, rescored_ms, rescored, more_ms, more);
  }
  return 0;
}
