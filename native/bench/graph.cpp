// How fast is the graph built and searched, at what recall?
//   bench_graph base.f32 queries.f32 truth.i32 rows dimension queries [links] [ef_construct] [threads] [ef ...]
// Raw little-endian arrays; truth holds the 10 nearest rows of each query. Vectors are unit length (cosine).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "graph/live_graph.h"
#include "millrace/kernels.h"

namespace {

using Clock = std::chrono::steady_clock;
/// Of the whole process: what others do on the machine does not count.
double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

template <typename T>
std::vector<T> read_all(const char* path, std::size_t count) {
  std::vector<T> values(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T)));
  if (!file) std::abort();
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at, std::uint32_t fallback) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  if (argc < 7) return 1;
  const auto rows = number(4, 0);
  const auto dimension = number(5, 0);
  const auto queries = number(6, 0);
  const auto threads = number(9, 2);
  const auto base = read_all<float>(argv[1], std::size_t{rows} * dimension);
  const auto asked = read_all<float>(argv[2], std::size_t{queries} * dimension);
  const auto truth = read_all<std::int32_t>(argv[3], std::size_t{queries} * 10);

  std::vector<const float*> sample;
  for (std::uint32_t row = 0; row < rows; row += std::max(1U, rows / 20'000)) sample.push_back(&base[std::size_t{row} * dimension]);
  const auto space = std::make_shared<const millrace::CodeSpace>(millrace::Distance::cosine, dimension, sample);
  millrace::LiveGraph graph(space, {number(7, 24), number(8, 200), rows});
  std::printf("sketches=%d\n", graph.try_sketches(sample) ? 1 : 0);
  const auto on_threads = [&](auto work) {
    std::vector<std::thread> all;
    for (std::uint32_t i = 0; i < threads; ++i) all.emplace_back(work);
    for (auto& thread : all) thread.join();
  };
  const auto start = Clock::now();
  const auto cpu_start = cpu_seconds();
  std::uint64_t clipped = 0;
  for (std::uint32_t row = 0; row < rows; ++row) clipped += graph.encode_next(&base[std::size_t{row} * dimension]);
  const auto encoded_s = seconds_since(start);
  std::atomic<std::uint32_t> next{0};
  on_threads([&] {
    for (auto row = next++; row < rows; row = next++) graph.insert(row);
  });
  const auto built_s = seconds_since(start);
  const auto built_cpu_s = cpu_seconds() - cpu_start;
  const auto cut_off = graph.attach_unreachable();
  std::printf("build_s=%.2f build_cpu_s=%.2f encode_s=%.2f clipped=%.5f unreachable=%zu after=%zu\n", built_s, built_cpu_s, encoded_s,
              static_cast<double>(clipped) / (double{static_cast<float>(rows)} * dimension), cut_off,
              graph.count_unreachable());
  for (int at = 10; at < std::max(argc, 11); ++at) {
    const auto ef = number(at, 100);
    std::vector<double> rates;
    std::vector<double> costs;
    std::atomic<std::uint64_t> found{0};
    for (int repeat = 0; repeat < 3; ++repeat) {
      next = 0;
      found = 0;
      const auto began = Clock::now();
      const auto cpu_began = cpu_seconds();
      on_threads([&] {
        auto& scratch = millrace::Scratch::of_thread();
        std::vector<std::pair<float, std::uint32_t>> best;
        for (auto q = next++; q < queries; q = next++) {
          const float* const query = &asked[std::size_t{q} * dimension];
          space->encode_query(query, scratch.query);
          graph.search(scratch.query.view(), ef, 30, scratch, nullptr);
          best.clear();
          const auto rescored = std::min<std::size_t>(scratch.candidates.size(), 20);
          for (std::size_t i = 0; i < rescored; ++i)
            for (std::size_t line = 0; line < dimension * 4; line += 64)
              __builtin_prefetch(reinterpret_cast<const char*>(&base[std::size_t{scratch.candidates.id(i)} * dimension]) + line);
          for (std::size_t i = 0; i < rescored; ++i) {
            const auto row = scratch.candidates.id(i);
            best.emplace_back(-millrace::kernels().dot.one(query, &base[std::size_t{row} * dimension], dimension), row);
          }
          std::ranges::sort(best);
          std::uint64_t hits = 0;
          for (std::size_t i = 0; i < std::min<std::size_t>(10, best.size()); ++i)
            hits += static_cast<std::uint64_t>(std::count(&truth[std::size_t{q} * 10], &truth[std::size_t{q} * 10 + 10],
                                                          static_cast<std::int32_t>(best[i].second)));
          found += hits;
        }
      });
      rates.push_back(queries / seconds_since(began));
      costs.push_back((cpu_seconds() - cpu_began) / queries * 1e6);
    }
    std::ranges::sort(rates);
    std::ranges::sort(costs);
    std::printf("ef=%u recall=%.4f qps=%.0f cpu_us=%.1f\n", ef, static_cast<double>(found) / (10.0 * queries), rates[1], costs[1]);
  }
  return 0;
}
