// How long does one exact search take, and at what memory bandwidth?
//   bench_exact_scan [rows] [dimension] [queries] [connections] [helped]
//   default 340000 100 50 1 1; small: 20000 100 5. Searches run as jobs of a pool with a thread for each core, one at a time
//   for each connection; helped 0: each on one thread alone.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <thread>

#include "millrace/cpu.h"
#include "millrace/hash.h"
#include "millrace/shard.h"
#include "millrace/thread_pool.h"
#include "records.h"

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::uint32_t fallback) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  const auto rows = argument(1, 340'000);
  const auto dimension = argument(2, 100);
  const auto queries = argument(3, 50);
  auto shard = millrace::Shard::open({1, 0}).value();
  std::mt19937 random(42);
  std::normal_distribution<float> normal;
  std::uint64_t offset = 0;
  const auto apply = [&](const std::vector<std::byte>& frame) {
    const millrace::RecordView record{offset++, 0, frame};
    if (shard->apply({&record, 1}).stop) std::abort();
  };
  apply(millrace::bench::schema_frame(dimension));
  double apply_ms = 0;
  constexpr std::uint32_t kBatch = 1000;
  std::vector<float> values(std::size_t{kBatch} * dimension);
  for (std::uint32_t first = 0; first < rows; first += kBatch) {
    std::vector<std::uint64_t> ids(std::min(kBatch, rows - first));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = first + i;
    values.resize(ids.size() * dimension);
    for (auto& value : values) value = normal(random);
    const auto frame = millrace::bench::upsert_frame(ids, values);
    const auto start = Clock::now();
    apply(frame);
    apply_ms += ms_since(start);
  }
  millrace::ThreadPool pool;
  const auto connections = argument(4, 1);
  const bool is_helped = argument(5, 1) != 0;
  std::vector<std::vector<double>> times_of(connections);
  std::vector<std::uint64_t> hashes(connections);
  const auto connect = [&](std::size_t connection) {
    std::normal_distribution<float> distribution;
    std::mt19937 own(static_cast<std::uint32_t>(connection));
    std::vector<float> query(dimension);
    for (std::uint32_t q = 0; q < queries; ++q) {
      for (auto& value : query) value = distribution(own);
      millrace::SearchPlan plan;
      plan.query = query;
      if (is_helped) plan.matching.helpers = &pool;
      std::promise<void> done;
      const auto start = Clock::now();
      const auto search = [&] {
        const auto result = shard->search(plan);
        for (const auto& hit : result.value().hits)
          hashes[connection] = millrace::xxh64(std::as_bytes(std::span(&hit.id.low, 1)), hashes[connection]);
        done.set_value();
      };
      if (!pool.submit(millrace::ThreadPool::Lane::foreground, search)) std::abort();
      done.get_future().wait();
      times_of[connection].push_back(ms_since(start));
    }
  };
  const auto searches_start = Clock::now();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < connections; ++i) threads.emplace_back(connect, i);
  for (auto& thread : threads) thread.join();
  const double per_second = connections * queries / ms_since(searches_start) * 1000;
  const auto hash = millrace::xxh64(std::as_bytes(std::span(hashes)), 0);
  std::vector<double> times;
  for (const auto& own : times_of) times.insert(times.end(), own.begin(), own.end());
  std::ranges::sort(times);
  const double median = times[times.size() / 2];
  std::printf("exact_scan rows=%u dimension=%u set=%s apply_points_per_s=%.0f ms_p50=%.2f ms_max=%.2f searches_per_s=%.0f hash=%016llx\n",
              rows, dimension, millrace::name_of(millrace::instruction_set()), rows / apply_ms * 1000, median, times.back(),
              per_second, static_cast<unsigned long long>(hash));
  return 0;
}
