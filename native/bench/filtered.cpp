// What does a filter cost, and find, beside the same search without one?
//   bench_filtered FOLDER rows dimension queries [ef] [rounds] [queries_max] [share ...]
//   default ef 128 (the engine's choice for k = 10), 5 rounds, 400 queries, the shares .5 .2 .1 .05 .01 .001
// FOLDER as bench_engine reads it. The filter is a bitmap, as indexes of payloads give it. For each share of rows that pass, and
// each way they may lie (passing_rows.h), the same queries are asked with and without the filter, in turn, in one thread:
// medians of the rounds. The graph, 24/200, is kept in FOLDER and loaded the next time, so that two runs walk the same one.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <map>

#include "millrace/checkpoint.h"
#include "passing_rows.h"
#include "shard_of_vectors.h"

namespace {

using namespace millrace;         // NOLINT: a program of its own
using namespace millrace::bench;  // NOLINT

constexpr IndexSettings kIndex{24, 200, 1, 0};

/// Of this thread: what others do on the machine counts less.
double cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void write_file(const std::string& path, FileSource& source) {
  std::ofstream file(path, std::ios::binary);
  for (;;) {
    const auto part = source.next(std::size_t{1} << 20U).value();
    if (part.empty()) return;
    file.write(reinterpret_cast<const char*>(part.data()), static_cast<std::streamsize>(part.size()));
  }
}

std::vector<std::byte> read_file(const std::string& path) {
  return read_all<std::byte>(path, std::filesystem::file_size(path));
}

std::shared_ptr<Shard> open_shard(const std::string& folder, const std::vector<float>& base, std::uint32_t dimension,
                                  IndexBuilder& builder) {
  auto shard = Shard::open({1, 0, &builder, kIndex}).value();
  const auto rows = folder + "/kept.checkpoint";
  const auto graph = folder + "/kept.graph";
  if (std::filesystem::exists(graph)) {
    if (shard->load(read_file(rows)) || shard->load_graphs(read_file(graph)) || !shard->finish_graphs() || shard->finish_load())
      std::abort();
    return shard;
  }
  fill(*shard, base, dimension);
  std::unique_ptr<GraphCapture> captured;
  while (captured == nullptr) {
    // None while it is tidied.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    captured = shard->capture_graphs().value();
  }
  write_file(rows, *shard->capture(0).value());
  write_file(graph, *captured);
  return shard;
}

struct Asked {
  double cpu_us = 0;
  std::vector<SearchResult> results;  ///< by query
};

class Bench {
 public:
  Bench(const Shard& shard, std::vector<float> asked, std::uint32_t dimension, std::uint32_t ef)
      : shard_(shard), asked_(std::move(asked)), dimension_(dimension), ef_(ef) {}

  [[nodiscard]] const std::vector<float>& asked() const noexcept { return asked_; }

  [[nodiscard]] Asked ask(const std::vector<std::uint32_t>& queries, const Bitmap* passing, bool is_exact = false) const {
    Asked answer;
    answer.results.reserve(queries.size());
    const auto start = cpu_us();
    for (const auto query : queries) {
      SearchPlan plan;
      plan.query = {&asked_[std::size_t{query} * dimension_], dimension_};
      plan.k = kTop;
      plan.ef = ef_;
      plan.exact = is_exact;
      plan.passing = passing;
      answer.results.push_back(shard_.search(plan).value());
    }
    answer.cpu_us = (cpu_us() - start) / static_cast<double>(queries.size());
    return answer;
  }

 private:
  const Shard& shard_;
  std::vector<float> asked_;
  std::uint32_t dimension_;
  std::uint32_t ef_;
};

double recall_of(const Asked& found, const Asked& exact) {
  std::size_t hits = 0;
  std::size_t all = 0;
  for (std::size_t q = 0; q < exact.results.size(); ++q)
    for (const auto& hit : exact.results[q].hits) {
      hits += static_cast<std::size_t>(std::ranges::count(found.results[q].hits, hit.id, &Hit::id));
      ++all;
    }
  return static_cast<double>(hits) / static_cast<double>(std::max<std::size_t>(1, all));
}

std::string paths_of(const Asked& found) {
  std::map<std::string, std::size_t> counts;
  for (const auto& result : found.results) ++counts[name_of(result.path)];
  std::string text;
  for (const auto& [name, count] : counts) {
    if (!text.empty()) text += "; ";
    text += name;
    if (count < found.results.size()) text.append(" ").append(std::to_string(100 * count / found.results.size())).append(" %");
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 1;
  const std::string folder = argv[1];
  const auto rows = number(argv[2]);
  const auto dimension = number(argv[3]);
  const auto queries = number(argv[4]);
  const auto ef = argc > 5 ? number(argv[5]) : 128;
  const auto rounds = argc > 6 ? number(argv[6]) : 5;
  const std::size_t queries_max = argc > 7 ? number(argv[7]) : 400;
  std::vector<double> shares;
  for (int at = 8; at < argc; ++at) shares.push_back(std::strtod(argv[at], nullptr));
  if (shares.empty()) shares = {0.5, 0.2, 0.1, 0.05, 0.01, 0.001};
  const auto base = read_all<float>(folder + "/base.f32", std::size_t{rows} * dimension);
  IndexBuilder builder({2});
  const auto shard = open_shard(folder, base, dimension, builder);
  const Bench bench(*shard, read_all<float>(folder + "/queries.f32", std::size_t{queries} * dimension), dimension, ef);

  std::printf("| share | drawn | recall@10 | CPU µs | unfiltered: recall@10 | CPU µs | ratio | path |\n");
  std::printf("| --- | --- | --- | --- | --- | --- | --- | --- |\n");
  // The same queries, whatever share passes.
  std::map<Drawn, Asked> open_truths;
  for (const auto share : shares)
    for (const auto drawn : {Drawn::any, Drawn::near, Drawn::around, Drawn::away}) {
      const auto passing = draw_passing(drawn, share, base, bench.asked(), dimension, queries_max);
      const auto truth = bench.ask(passing.queries, &passing.bitmap, true);
      auto& open_truth = open_truths[drawn == Drawn::near ? Drawn::any : drawn];
      if (open_truth.results.empty()) open_truth = bench.ask(passing.queries, nullptr, true);
      std::vector<double> costs;
      std::vector<double> open_costs;
      std::vector<double> ratios;
      Asked found;
      Asked open;
      for (std::uint32_t round = 0; round < rounds; ++round) {
        open = bench.ask(passing.queries, nullptr);
        found = bench.ask(passing.queries, &passing.bitmap);
        costs.push_back(found.cpu_us);
        open_costs.push_back(open.cpu_us);
        ratios.push_back(found.cpu_us / open.cpu_us);
      }
      std::printf("| %g | %s | %.4f | %.0f | %.4f | %.0f | %.2f | %s |\n", share,
                  std::string(kDrawnNames[static_cast<std::size_t>(drawn)]).c_str(), recall_of(found, truth), median(costs),
                  recall_of(open, open_truth), median(open_costs), median(ratios), paths_of(found).c_str());
      std::fflush(stdout);
    }
  return 0;
}
