// How much processor time does it take to capture, encode and load a shard's whole state, on one thread?
//   bench_checkpoint [rows] [dimension] [rounds]
//   default 300000 100 3; small: 20000 100 1
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

#include "millrace/checkpoint.h"
#include "millrace/shard.h"
#include "records.h"

namespace {

/// Of the processor, the kernel's part in it included: what else the machine does hardly counts.
double ms_since(std::clock_t start) { return static_cast<double>(std::clock() - start) * 1000 / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::uint32_t fallback) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  const auto rows = argument(1, 300'000);
  const auto dimension = argument(2, 100);
  const auto rounds = argument(3, 3);
  const auto shard = millrace::Shard::open({1, 0}).value();
  std::mt19937 random(42);
  std::uniform_real_distribution<float> uniform;
  std::uint64_t offset = 0;
  const auto apply = [&](const std::vector<std::byte>& frame) {
    const millrace::RecordView record{offset++, 0, frame};
    if (shard->apply({&record, 1}).stop) std::abort();
  };
  apply(millrace::bench::schema_frame(dimension));
  constexpr std::uint32_t kBatch = 1000;
  for (std::uint32_t first = 0; first < rows; first += kBatch) {
    std::vector<std::uint64_t> ids(std::min(kBatch, rows - first));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = first + i;
    std::vector<float> values(ids.size() * dimension);
    for (auto& value : values) value = uniform(random);
    apply(millrace::bench::upsert_frame(ids, values));
  }
  for (std::uint32_t round = 0; round < rounds; ++round) {
    auto start = std::clock();
    auto captured = shard->capture(0);
    const double capture_ms = ms_since(start);
    std::vector<std::vector<std::byte>> parts;
    start = std::clock();
    for (;;) {
      auto part = captured.value()->next(std::size_t{4} << 20U);
      if (part.value().empty()) break;
      parts.push_back(std::move(part).value());
    }
    const double encode_ms = ms_since(start);
    std::size_t bytes = 0;
    for (const auto& part : parts) bytes += part.size();

    const auto copy = millrace::Shard::open({1, 0}).value();
    start = std::clock();
    for (const auto& part : parts)
      if (copy->load(part)) std::abort();
    const double load_ms = ms_since(start);
    start = std::clock();
    if (copy->finish_load()) std::abort();
    const double finish_ms = ms_since(start);
    std::printf("checkpoint rows=%u dimension=%u bytes=%zu capture_ms=%.3f encode_ms=%.1f load_ms=%.1f finish_ms=%.1f "
                "digest=%016llx\n",
                rows, dimension, bytes, capture_ms, encode_ms, load_ms, finish_ms,
                static_cast<unsigned long long>(copy->digest().high));
  }
  return 0;
}
