// The engine beside its peers: bench/engine.bench.ts starts this and bench/engine/peers.py, and asks both in turn.
//   bench_engine FOLDER rows dimension queries links ef_construct threads
// FOLDER holds base.f32, queries.f32 and truth.i32: raw little-endian arrays of unit vectors, and the 10 nearest rows of each
// query. One line of JSON tells of the build; then each line of the input is answered with one:
//   search EF                     all queries on all threads
//   filter SHARE any|near EF      the same among a share of the points: drawn at random, or those nearest to a direction
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "shard_of_vectors.h"

namespace {

using Clock = std::chrono::steady_clock;
using millrace::bench::kTop;
using millrace::bench::number;
using millrace::bench::read_all;
/// Of the queries, so many are asked under a filter: each needs a truth of its own.
constexpr std::uint32_t kFilteredMax = 300;

/// Of the whole process: what others do on the machine does not count.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double resident_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::strtod(line.c_str() + 8, nullptr) / 1024;
  return 0;
}

class Bench {
 public:
  Bench(const std::string& folder, char** numbers)
      : rows_(number(numbers[0])), dimension_(number(numbers[1])), queries_(number(numbers[2])), threads_(number(numbers[5])),
        asked_(read_all<float>(folder + "/queries.f32", std::size_t{queries_} * dimension_)),
        truth_(read_all<std::int32_t>(folder + "/truth.i32", std::size_t{queries_} * kTop)),
        builder_({threads_}),
        shard_(millrace::Shard::open({1, 0, &builder_, {number(numbers[3]), number(numbers[4]), 1, 0}}).value()) {
    const auto before_mb = resident_mb();
    double built_s = 0;
    double built_cpu_s = 0;
    {
      auto base = read_all<float>(folder + "/base.f32", std::size_t{rows_} * dimension_);
      const auto start = Clock::now();
      const auto cpu_start = cpu_seconds();
      millrace::bench::fill(*shard_, base, dimension_);
      built_s = seconds_since(start);
      built_cpu_s = cpu_seconds() - cpu_start;
      base_of_filters_ = std::move(base);
    }
    const auto own_mb = static_cast<double>(base_of_filters_.size() * sizeof(float)) / (1 << 20);
    std::printf("{\"buildS\":%.3f,\"buildCpuS\":%.3f,\"mb\":%.1f}\n", built_s, built_cpu_s, resident_mb() - before_mb - own_mb);
    std::fflush(stdout);
  }

  void search(std::uint32_t ef) {
    ask(queries_, ef, nullptr, [&](std::uint32_t q) { return &truth_[std::size_t{q} * kTop]; });
  }

  /// Bits of rows, which are the order of the upsert, and the exact neighbours among them.
  void filter(double share, bool is_near, std::uint32_t ef) {
    const auto wanted = std::max<std::size_t>(1, static_cast<std::size_t>(share * rows_));
    std::vector<std::uint32_t> order(rows_);
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937_64 random(7);
    if (is_near) {
      const float* const direction = &base_of_filters_[std::size_t{rows_ / 2} * dimension_];
      std::vector<float> near(rows_);
      for (std::uint32_t row = 0; row < rows_; ++row) near[row] = std::inner_product(direction, direction + dimension_, &base_of_filters_[std::size_t{row} * dimension_], 0.0F);
      std::ranges::nth_element(order, order.begin() + static_cast<std::ptrdiff_t>(wanted - 1), std::ranges::greater{}, [&](auto row) { return near[row]; });
    } else {
      std::ranges::shuffle(order, random);
    }
    millrace::Bitmap passing{std::vector<std::uint64_t>(rows_ / 64 + 1), wanted};
    for (std::size_t i = 0; i < wanted; ++i) passing.words[order[i] / 64] |= std::uint64_t{1} << (order[i] % 64);
    const auto count = std::min(queries_, kFilteredMax);
    auto& truth = filter_truth_[{share, is_near}];
    if (truth.empty()) {
      truth.resize(std::size_t{count} * kTop, -1);
      on_threads(count, [&](std::uint32_t q) {
        const auto exact = plan(q, 0, &passing, true);
        const auto hits = shard_->search(exact).value().hits;
        for (std::size_t i = 0; i < hits.size(); ++i)
          truth[std::size_t{q} * kTop + i] = static_cast<std::int32_t>(hits[i].id.low);
      });
    }
    ask(count, ef, &passing, [&](std::uint32_t q) { return &truth[std::size_t{q} * kTop]; });
  }

 private:
  [[nodiscard]] millrace::SearchPlan plan(std::uint32_t q, std::uint32_t ef, const millrace::Bitmap* passing, bool is_exact) const {
    millrace::SearchPlan plan;
    plan.query = {&asked_[std::size_t{q} * dimension_], dimension_};
    plan.k = kTop;
    plan.ef = ef;
    plan.exact = is_exact;
    plan.passing = passing;
    return plan;
  }

  template <typename Work>
  void on_threads(std::uint32_t count, Work work) const {
    std::atomic<std::uint32_t> next{0};
    std::vector<std::thread> all;
    for (std::uint32_t i = 0; i < threads_; ++i)
      all.emplace_back([&] {
        for (auto q = next++; q < count; q = next++) work(q);
      });
    for (auto& thread : all) thread.join();
  }

  template <typename TruthOf>
  void ask(std::uint32_t count, std::uint32_t ef, const millrace::Bitmap* passing, TruthOf truth_of) const {
    std::atomic<std::uint64_t> found{0};
    std::atomic<std::uint64_t> true_ones{0};
    std::atomic<millrace::SearchPath> path{};
    const auto start = Clock::now();
    const auto cpu_start = cpu_seconds();
    on_threads(count, [&](std::uint32_t q) {
      const auto result = shard_->search(plan(q, ef, passing, false)).value();
      const auto* const truth = truth_of(q);
      for (std::uint32_t i = 0; i < kTop && truth[i] >= 0; ++i) {
        ++true_ones;
        found += static_cast<std::uint64_t>(std::ranges::count(result.hits, static_cast<std::uint64_t>(truth[i]), [](const auto& hit) { return hit.id.low; }));
      }
      path = result.path;
    });
    const auto elapsed = seconds_since(start);
    std::printf("{\"recall\":%.4f,\"qps\":%.0f,\"cpuUs\":%.1f,\"path\":\"%s\"}\n",
                static_cast<double>(found) / std::max(1.0, static_cast<double>(true_ones)), count / elapsed,
                (cpu_seconds() - cpu_start) / count * 1e6, millrace::bench::name_of(path));
    std::fflush(stdout);
  }

  std::uint32_t rows_;
  std::uint32_t dimension_;
  std::uint32_t queries_;
  std::uint32_t threads_;
  std::vector<float> asked_;
  std::vector<std::int32_t> truth_;
  std::vector<float> base_of_filters_;
  std::map<std::pair<double, bool>, std::vector<std::int32_t>> filter_truth_;
  millrace::IndexBuilder builder_;
  std::shared_ptr<millrace::Shard> shard_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) return 1;
  Bench bench(argv[1], argv + 2);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    std::uint32_t ef = 0;
    if (what == "search" && words >> ef) {
      bench.search(ef);
      continue;
    }
    double share = 0;
    std::string kind;
    if (what != "filter" || !(words >> share >> kind >> ef)) return 1;
    bench.filter(share, kind == "near", ef);
  }
  return 0;
}
