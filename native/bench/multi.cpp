// How fast are multivectors searched by a scan and through the graph, and what does the graph find?
//   bench_multi points dimension least-most query-least-most centres topics noise distance [queries] [threads] [ef ...]
// e.g. bench_multi 20000 96 8-64 8-32 1000 8 1 Cosine 100 2 128 512 (small: 2000 16 2-4 2-4 200 1 1 Dot 20)
// Scan and graph take turns; times are CPU's, the medians of 5 rounds on one thread.
#include <algorithm>
#include <cstring>
#include <ctime>

#include "multi_data.h"
#include "shard_of_vectors.h"

namespace {

using namespace millrace;        // NOLINT: a bench
using namespace millrace::bench; // NOLINT
using Clock = std::chrono::steady_clock;

std::pair<std::uint32_t, std::uint32_t> range(const char* text) {
  const auto* const dash = std::strchr(text, '-');
  return {number(text), number(dash == nullptr ? text : dash + 1)};
}

struct Way {
  const char* name;
  std::uint32_t ef;
  bool exact;
  std::vector<double> micros;
  std::uint64_t found = 0;
  std::uint64_t paths[5] = {};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 9) return 1;
  MultiShape shape;
  shape.points = number(argv[1]);
  shape.dimension = number(argv[2]);
  std::tie(shape.least, shape.most) = range(argv[3]);
  std::tie(shape.least_of_query, shape.most_of_query) = range(argv[4]);
  shape.centres = number(argv[5]);
  shape.topics = number(argv[6]);
  shape.noise = std::strtod(argv[7], nullptr);
  const auto count = argc > 9 ? number(argv[9]) : 100;
  MultiData data(shape, 7);

  IndexBuilder builder({argc > 10 ? number(argv[10]) : 2});
  IndexSettings settings;
  settings.threshold_bytes = 1;
  const auto shard = Shard::open({1, 0, &builder, settings, {}, VectorPlacement::cached, {}}).value();
  std::uint64_t offset = 0;
  const auto apply = [&](const std::vector<std::byte>& frame) {
    const RecordView record{offset++, 0, frame};
    if (shard->apply({&record, 1}).stop) std::abort();
  };
  apply(schema_frame(shape.dimension, argv[8], true));
  std::vector<std::vector<float>> queries;
  constexpr std::uint32_t kBatch = 500;
  std::vector<std::vector<float>> some;
  std::uint64_t bytes = 0;
  const auto began = Clock::now();
  for (std::uint32_t first = 0; first < shape.points; first += kBatch) {
    std::vector<std::uint64_t> ids(std::min(kBatch, shape.points - first));
    std::iota(ids.begin(), ids.end(), first);
    std::vector<std::uint32_t> ends{0};
    std::vector<float> values;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto document = data.document();
      values.insert(values.end(), document.begin(), document.end());
      ends.push_back(static_cast<std::uint32_t>(values.size() / shape.dimension));
      if ((first + i) % std::max(1U, shape.points / count) == 0 && queries.size() < count) queries.push_back(data.query_near(document));
    }
    bytes += values.size() * sizeof(float);
    apply(multi_upsert_frame(ids, ends, values));
  }
  while (shard->state().indexed_vectors < shape.points) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const auto state = shard->state();
  std::printf("points %u, %.0f bytes of vectors each; codes %.0f, links %.0f; indexed in %.1f s\n", shape.points,
              static_cast<double>(bytes) / shape.points, static_cast<double>(state.memory.codes) / shape.points,
              static_cast<double>(state.memory.graphs) / shape.points, std::chrono::duration<double>(Clock::now() - began).count());

  std::vector<Way> ways{{"scan", 0, true, {}}, {"graph", 0, false, {}}};
  for (int at = 11; at < argc; ++at) ways.push_back({"graph", number(argv[at]), false, {}});
  std::vector<std::vector<Hit>> truth;
  constexpr int kRounds = 5;
  for (int round = 0; round < kRounds; ++round)
    for (auto& way : ways) {
      const auto start = std::clock();
      std::vector<std::vector<Hit>> answers;
      for (const auto& query : queries) {
        SearchPlan plan;
        plan.query = query;
        plan.k = kTop;
        plan.ef = way.ef;
        plan.exact = way.exact;
        auto result = shard->search(plan).value();
        if (round == 0) ++way.paths[static_cast<std::size_t>(result.path)];
        answers.push_back(std::move(result.hits));
      }
      way.micros.push_back(static_cast<double>(std::clock() - start) * (1e6 / CLOCKS_PER_SEC) / static_cast<double>(queries.size()));
      if (round > 0) continue;
      if (way.exact) truth = answers;
      for (std::size_t q = 0; q < queries.size(); ++q)
        for (const auto& hit : truth[q])
          way.found += std::ranges::any_of(answers[q], [&](const Hit& other) { return other.id == hit.id && other.score == hit.score; }) ? 1U : 0U;
    }
  double scan = 0;
  for (auto& way : ways) {
    std::ranges::sort(way.micros);
    const auto median = way.micros[kRounds / 2];
    if (way.exact) scan = median;
    std::printf("%-5s ef %-5u recall@10 %.4f  %8.0f us  %8.1f QPS  %6.1f x ", way.name, way.ef,
                static_cast<double>(way.found) / (kTop * static_cast<double>(queries.size())), median, 1e6 / median, scan / median);
    for (std::size_t path = 0; path < 5; ++path)
      if (way.paths[path] > 0)
        std::printf(" %s %llu", name_of(static_cast<SearchPath>(path)), static_cast<unsigned long long>(way.paths[path]));
    std::printf("\n");
  }
  return 0;
}
