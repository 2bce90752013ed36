// How long does a filter take over the payloads of a shard, on one thread and with helpers?
//   bench_filter_scan [rows] [runs]
//   default 340000 9; small: 20000 3.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "../tests/packed.h"
#include "millrace/shard.h"
#include "millrace/thread_pool.h"
#include "records.h"

namespace {

using Clock = std::chrono::steady_clock;

struct Question {
  const char* name;
  const char* filter;
};

constexpr Question kQuestions[] = {
    {"first_integer", R"({"must":[{"key":"a","match":{"value":3}}]})"},
    {"last_range", R"({"must":[{"key":"r","range":{"gte":0.5}}]})"},
    {"three_keys", R"({"must":[{"key":"a","match":{"any":[1,2,3]}},{"key":"b","match":{"value":"k7"}},{"key":"r","range":{"lt":0.5}}]})"},
    {"missing_key", R"({"must":[{"key":"z","match":{"value":3}}]})"},
    {"seen_ids", R"({"must_not":[{"has_id":[1,5,9,1000,5000,20000]}]})"},
    {"two_ids", R"({"must":[{"has_id":[1,5]},{"key":"a","match":{"value":3}}]})"},
    {"has_vector", R"({"must":[{"has_vector":0}]})"}};

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int at, std::uint32_t fallback) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : fallback;
  };
  const auto rows = argument(1, 340'000);
  const auto runs = argument(2, 9);
  const auto shard = millrace::Shard::open({1, 0}).value();
  std::mt19937 random(42);
  std::uint64_t offset = 0;
  const auto apply = [&](const std::vector<std::byte>& frame) {
    const millrace::RecordView record{offset++, 0, frame};
    if (shard->apply({&record, 1}).stop) std::abort();
  };
  apply(millrace::bench::schema_frame(1));
  for (std::uint32_t first = 0; first < rows; first += 1000) {
    std::vector<std::uint64_t> ids(std::min(1000U, rows - first));
    std::vector<std::string> payloads;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ids[i] = first + i;
      payloads.push_back("{\"a\":" + std::to_string(random() % 10) + ",\"b\":\"k" + std::to_string(random() % 100) +
                         "\",\"r\":0." + std::to_string(random() % 1000) + "}");
    }
    apply(millrace::bench::upsert_frame(ids, {}, payloads));
  }
  millrace::ThreadPool pool;
  for (const auto& [name, text] : kQuestions) {
    const auto filter = millrace::testing::filter_of(text);
    double ms[2]{};
    double least = 0;
    std::uint64_t count = 0;
    for (const bool is_helped : {false, true}) {
      std::vector<double> times;
      for (std::uint32_t run = 0; run < runs; ++run) {
        const auto start = Clock::now();
        count = shard->count({&filter, nullptr, is_helped ? &pool : nullptr}).value();
        times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      }
      std::ranges::sort(times);
      ms[is_helped ? 1 : 0] = times[times.size() / 2];
      if (!is_helped) least = times.front();
    }
    std::printf(
        "filter_scan rows=%u filter=%s ms_min=%.2f ms_p50=%.2f ms_p50_helped=%.2f ns_per_row=%.0f count=%llu\n", rows, name,
        least, ms[0], ms[1], least * 1e6 / rows, static_cast<unsigned long long>(count));
  }
  return 0;
}
