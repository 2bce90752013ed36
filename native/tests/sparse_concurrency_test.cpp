#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "frames.h"
#include "sparse/sparse_vectors.h"
#include "sparse/sparse_walk.h"

namespace millrace {
namespace {

class Everything final : public SparseSink {
 public:
  [[nodiscard]] float wanted() const noexcept override { return -std::numeric_limits<float>::infinity(); }
  [[nodiscard]] bool admits(std::uint32_t) const noexcept override { return true; }
  void offer(std::uint32_t position, float score) noexcept override {
    EXPECT_TRUE(found.emplace(position, score).second) << "position " << position << " twice";
  }
  std::map<std::uint32_t, float> found;
};

class AllLive final : public PositionTest {
 public:
  [[nodiscard]] bool is_live(std::uint32_t) const noexcept override { return true; }
};

/// Readers see a prefix of what the writer has put there, each vector once, whatever becomes of segments meanwhile.
TEST(SparseConcurrency, ReadersOfAnIndexFindEachVectorOnceWhileItGrows) {
  std::mt19937_64 random(testing::seed_of("sparse concurrency"));
  constexpr std::uint32_t kVectors = 6000;
  SparseVectors vectors;
  std::atomic<bool> is_done{false};
  const std::vector<std::uint32_t> indices{1, 2, 3, 50};
  const std::vector<float> values{1, 2, 0.5F, 3};
  const auto read = [&] {
    while (!is_done) {
      const auto view = vectors.index();
      Everything sink;
      Interruption none(nullptr);
      const SparseQuery query(indices, values, nullptr);
      SparseWalk(vectors, *view, query).run(sink, none);
      for (std::uint32_t position = 0; position < view->covered; ++position) {
        const auto score = query.score(vectors.at(position));
        const auto found = sink.found.find(position);
        ASSERT_EQ(found != sink.found.end(), score != 0) << position;
        if (score != 0) {
          ASSERT_EQ(found->second, score) << position;
        }
      }
      // Weights change while they are read; that they are sound numbers is all that is asked here.
      const SparseQuery weighed(indices, values, &vectors.counts());
      for (const auto weight : weighed.weights()) ASSERT_GT(weight, 0);
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  readers.emplace_back([&] {
    for (std::uint64_t most = 0; !is_done; most = std::max(most, vectors.index_bytes())) ASSERT_LT(most, 64U << 20U);
  });
  for (std::uint32_t position = 0; position < kVectors; ++position) {
    std::map<std::uint32_t, float> entries;
    for (auto left = random() % 12; left > 0; --left)
      entries[static_cast<std::uint32_t>(random() % 60)] = static_cast<float>(1 + random() % 8) / 4;
    std::vector<std::uint32_t> keys;
    std::vector<float> weights;
    for (const auto& [index, weight] : entries) {
      keys.push_back(index);
      weights.push_back(weight);
    }
    const std::vector<std::uint32_t> ends{0, static_cast<std::uint32_t>(keys.size())};
    VectorBlock block;
    block.present = 1;
    block.ends = ends;
    block.indices = keys;
    block.values = weights;
    vectors.reserve(position, block);
    vectors.put(position, block.sparse(0));
    vectors.count(position);
    if (position % 3 == 0) vectors.uncount(position);
    vectors.cover(position + 1, AllLive());
  }
  is_done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_GT(vectors.index()->covered, kVectors - 256);
}

}  // namespace
}  // namespace millrace
