// How fast are sparse top-10 searches, against adding up whole lists and against looking at every vector?
//   bench_sparse [documents] [queries] [file, or -] [float32, float16 or uint8]
// A made corpus: words of a Zipf distribution, about 120 different ones a document, weights as BM25 gives them; queries
// have up to eight words, drawn alike, weighed by idf or all alike. With a file name it writes the corpus and the queries
// there, for peers to read. The datatype is that of the index.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "sparse/sparse_vectors.h"
#include "sparse/sparse_walk.h"

namespace {

using namespace millrace;  // NOLINT: a benchmark's vocabulary

struct Entries {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
};

/// Words of a text of some length, each drawn with a probability that falls with its rank.
class Corpus {
 public:
  explicit Corpus(std::uint64_t seed) : random_(seed) {
    double sum = 0;
    for (std::uint32_t rank = 1; rank <= kWords; ++rank) totals_.push_back(sum += 1 / std::pow(rank + 2.7, 1.05));
  }

  Entries document() {
    const auto length = std::lognormal_distribution<double>(5.0, 0.5)(random_);
    std::map<std::uint32_t, std::uint32_t> counts;
    for (double i = 0; i < length; ++i) ++counts[word()];
    Entries made;
    for (const auto& [index, count] : counts) {
      const double n = count;
      made.indices.push_back(index);
      made.values.push_back(static_cast<float>(n * 2.2 / (1.2 * (0.25 + 0.75 * length / 170) + n)));
    }
    return made;
  }

  Entries query(bool has_common) {
    std::map<std::uint32_t, float> words;
    const auto count = 3 + random_() % 6;
    while (words.size() < count) {
      const auto drawn = word();
      // Nobody looks for the words that stand everywhere.
      if (has_common || drawn > 50) words[drawn] = 1;
    }
    Entries made;
    for (const auto& [index, weight] : words) {
      made.indices.push_back(index);
      made.values.push_back(weight);
    }
    return made;
  }

 private:
  static constexpr std::uint32_t kWords = 60'000;

  std::uint32_t word() {
    const auto at = std::uniform_real_distribution<double>(0, totals_.back())(random_);
    return static_cast<std::uint32_t>(std::ranges::lower_bound(totals_, at) - totals_.begin());
  }

  std::mt19937_64 random_;
  std::vector<double> totals_;
};

class Best final : public SparseSink {
 public:
  [[nodiscard]] float wanted() const noexcept override { return scores_.size() < 10 ? -INFINITY : scores_.begin()->first; }
  [[nodiscard]] bool admits(std::uint32_t) const noexcept override { return true; }
  void offer(std::uint32_t position, float score) noexcept override {
    scores_.emplace(score, position);
    if (scores_.size() > 10) scores_.erase(scores_.begin());
  }
  [[nodiscard]] double sum() const {
    double sum = 0;
    for (const auto& [score, position] : scores_) sum += score;
    return sum;
  }

 private:
  std::multimap<float, std::uint32_t> scores_;
};

class All final : public PositionTest {
 public:
  [[nodiscard]] bool is_live(std::uint32_t) const noexcept override { return true; }
};

VectorBlock block_of(const Entries& entries, std::vector<std::uint32_t>& ends) {
  ends = {0, static_cast<std::uint32_t>(entries.indices.size())};
  VectorBlock block;
  block.present = 1;
  block.ends = ends;
  block.indices = entries.indices;
  block.values = entries.values;
  return block;
}

void write(std::ofstream& file, const Entries& entries) {
  const auto count = static_cast<std::uint32_t>(entries.indices.size());
  file.write(reinterpret_cast<const char*>(&count), 4);
  file.write(reinterpret_cast<const char*>(entries.indices.data()), count * 4);
  file.write(reinterpret_cast<const char*>(entries.values.data()), count * 4);
}

template <typename Search>
void report(const char* name, const std::vector<Entries>& queries, const SparseVectors& vectors, bool idf, Search search) {
  std::vector<double> micros;
  double sum = 0;
  for (const auto& query : queries) {
    const auto start = std::chrono::steady_clock::now();
    Best best;
    search(SparseQuery(query.indices, query.values, idf ? &vectors.counts() : nullptr), best);
    micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    sum += best.sum();
  }
  double total = 0;
  for (const auto one : micros) total += one;
  std::ranges::sort(micros);
  std::printf("%-28s %8.1f µs mean %8.1f p50 %8.1f p99   %8.0f QPS   sum %.3f\n", name, total / static_cast<double>(micros.size()),
              micros[micros.size() / 2], micros[micros.size() * 99 / 100], 1e6 * static_cast<double>(micros.size()) / total, sum);
}

}  // namespace

int main(int argc, char** argv) {
  const auto documents = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 300'000);
  const auto asked = argc > 2 ? std::atoi(argv[2]) : 500;
  Corpus corpus(7);
  const std::string datatype = argc > 4 ? argv[4] : "float32";
  SparseVectors vectors(datatype == "uint8" ? ElementType::u8 : datatype == "float16" ? ElementType::f16 : ElementType::f32);
  std::ofstream file;
  if (argc > 3 && std::string(argv[3]) != "-") file.open(argv[3], std::ios::binary);
  std::uint64_t entries = 0;
  double seconds = 0;
  double longest = 0;
  std::vector<std::uint32_t> ends;
  if (file.is_open()) file.write(reinterpret_cast<const char*>(&documents), 4);
  for (std::uint32_t position = 0; position < documents; ++position) {
    const auto made = corpus.document();
    if (file.is_open()) write(file, made);
    entries += made.indices.size();
    const auto block = block_of(made, ends);
    const auto start = std::chrono::steady_clock::now();
    vectors.reserve(position, block);
    vectors.put(position, block.sparse(0));
    vectors.count(position);
    vectors.cover(position + 1, All());
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    seconds += took;
    longest = std::max(longest, took);
  }
  const auto view = vectors.index();
  std::printf("%u documents, %.1f entries each: %.0f/s, longest %.1f ms, %zu segments, %.1f + %.1f bytes an entry\n", documents,
              static_cast<double>(entries) / documents, documents / seconds, longest * 1e3, view->segments.size(),
              static_cast<double>(vectors.total_bytes()) / static_cast<double>(entries),
              static_cast<double>(vectors.index_bytes()) / static_cast<double>(entries));
  for (const bool has_common : {false, true}) {
    std::vector<Entries> queries;
    for (int i = 0; i < asked; ++i) queries.push_back(corpus.query(has_common));
    if (file.is_open()) {
      const auto count = static_cast<std::uint32_t>(asked);
      file.write(reinterpret_cast<const char*>(&count), 4);
      for (const auto& query : queries) write(file, query);
    }
    for (const bool idf : {true, false}) {
      std::printf("%s words, %s\n", has_common ? "any" : "rarer", idf ? "idf" : "all alike");
      report("  index", queries, vectors, idf, [&](const SparseQuery& query, Best& best) {
        Interruption none(nullptr);
        SparseWalk(vectors, *view, query).run(best, none);
        for (auto position = view->covered; position < documents; ++position)
          if (const auto score = query.score(vectors.at(position)); score != 0 && !(score < best.wanted())) best.offer(position, score);
      });
      const std::vector<Entries> few(queries.begin(), queries.begin() + std::min(asked, 20));
      report("  every vector (20 queries)", few, vectors, idf, [&](const SparseQuery& query, Best& best) {
        for (std::uint32_t position = 0; position < documents; ++position)
          if (const auto score = query.score(vectors.at(position)); score != 0 && !(score < best.wanted())) best.offer(position, score);
      });
    }
  }
  return 0;
}
