#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "checkpoint_files.h"
#include "graph/graph_file.h"
#include "graph_shard.h"
#include "multi_shard.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr IndexSettings kSettings{12, 80, 1};

Bytes graph_file_of(Shard& shard) {
  auto captured = shard.capture_graphs();
  // None while the graph is tidied or moved.
  for (int i = 0; i < 2000 && captured.ok() && captured.value() == nullptr; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    captured = shard.capture_graphs();
  }
  EXPECT_TRUE(captured.ok() && captured.value() != nullptr);
  if (!captured.ok() || captured.value() == nullptr) return {};
  Bytes file;
  for (;;) {
    const auto part = captured.value()->next(1);
    EXPECT_TRUE(part.ok());
    if (!part.ok() || part.value().empty()) return file;
    file.insert(file.end(), part.value().begin(), part.value().end());
  }
}

std::optional<Error> take_graphs(Shard& shard, std::span<const std::byte> file, std::size_t piece) {
  for (std::size_t at = 0; at < file.size(); at += piece)
    if (auto error = shard.load_graphs(file.subspan(at, std::min(piece, file.size() - at)))) return error;
  const auto nodes = shard.finish_graphs();
  return nodes ? std::nullopt : std::optional(nodes.error());
}

/// A shard that was loaded from a checkpoint and a graph file, and grows no further.
struct Restarted {
  /// @param threads  of its builder; 0: it grows only when it is told to
  Restarted(const std::vector<Bytes>& checkpoint, std::span<const std::byte> graphs, IndexSettings settings = kSettings,
            std::size_t piece = 100'000)
      : builder({1}), shard(Shard::open({kCollection, 0, &builder, settings}).value()) {
    builder.stop();
    for (const auto& file : checkpoint) EXPECT_FALSE(shard->load(file));
    damage = take_graphs(*shard, graphs, piece);
    const auto error = shard->finish_load();
    EXPECT_FALSE(error) << error->details;
  }
  IndexBuilder builder;
  std::shared_ptr<Shard> shard;
  std::optional<Error> damage;
};

TEST(GraphFiles, AGraphIsWholeAfterItsFileWasLoadedAndSearchesFindWhatTheyFound) {
  std::mt19937_64 random(seed_of("graph files"));
  for (const auto distance : {Distance::dot, Distance::euclid, Distance::manhattan}) {
    GraphShard before(distance, random, kSettings);
    for (std::uint64_t i = 0; i < 6; ++i) before.upsert(i * 500, 500);
    before.wait(3000);
    const auto graphs = graph_file_of(*before);
    const Restarted after({file_of(*before, 0)}, graphs);
    ASSERT_FALSE(after.damage) << after.damage->details;
    EXPECT_EQ(after.shard->state().indexed_vectors, 3000U);
    EXPECT_EQ(after.shard->digest(), before->digest());
    EXPECT_GE(before.recall_of(*after.shard), 0.97);
    EXPECT_EQ(before.path, SearchPath::graph);
  }
}

TEST(GraphFiles, AGraphOfVectorsThatAreNoFloatsComesBackAsWell) {
  std::mt19937_64 random(seed_of("graph files elements"));
  for (const auto element : {ElementType::f16, ElementType::u8}) {
    GraphShard before(Distance::euclid, random, kSettings, element);
    for (std::uint64_t i = 0; i < 4; ++i) before.upsert(i * 500, 500);
    before.wait(2000);
    const auto graphs = graph_file_of(*before);
    const Restarted after({file_of(*before, 0)}, graphs);
    ASSERT_FALSE(after.damage) << after.damage->details;
    EXPECT_EQ(after.shard->state().indexed_vectors, 2000U);
    EXPECT_EQ(after.shard->digest(), before->digest());
    EXPECT_GE(before.recall_of(*after.shard), 0.97);
    EXPECT_EQ(before.path, SearchPath::graph);
  }
}

TEST(GraphFiles, AGraphOfMultivectorsComesBackWithItsAnchors) {
  std::mt19937_64 random(seed_of("graph files multivectors"));
  for (const auto distance : {Distance::cosine, Distance::euclid}) {
    MultiShard before(distance, random, {});
    for (std::uint64_t i = 0; i < 4; ++i) before.upsert(i * 500, 500);
    before.wait(2000);
    const auto graphs = graph_file_of(*before);
    const auto checkpoint = file_of(*before, 0);
    const Restarted after({checkpoint}, graphs);
    ASSERT_FALSE(after.damage) << after.damage->details;
    EXPECT_EQ(after.shard->state().indexed_vectors, 2000U);
    EXPECT_EQ(after.shard->digest(), before->digest());
    // A search that is told how many candidates to score does not go on to a scan, whatever the codes are worth; those of one
    // vector or two are scans from the first.
    EXPECT_GE(before.recall_of(*after.shard, nullptr, 40, 200), before.recall(nullptr, 40, 200) - 0.05);
    EXPECT_GT(before.taken(SearchPath::graph), 40);
    EXPECT_GE(before.recall_of(*after.shard), 0.95);
    // One of another encoding is passed over.
    auto other = graphs;
    const auto section = graph_file::kHeaderBytes;
    const auto data = section + graph_file::kSectionHeaderBytes;
    const auto codes = graph_file::kMultiInt8Codes + 1;
    std::memcpy(other.data() + data + offsetof(graph_file::GraphHeader, codes), &codes, sizeof codes);
    graph_file::SectionHeader header;
    std::memcpy(&header, other.data() + section, sizeof header);
    header.data_check = crc32c(std::span(other).subspan(data, sizeof(graph_file::GraphHeader)));
    header.check = crc32c(graph_file::bytes_of(header).first(sizeof header - sizeof header.check));
    std::memcpy(other.data() + section, &header, sizeof header);
    const Restarted without({checkpoint}, other);
    EXPECT_FALSE(without.damage) << without.damage->details;
    EXPECT_EQ(without.shard->state().indexed_vectors, 0U);
  }
}

TEST(GraphFiles, WhatChangedSinceIsTailOrLeftOutWhateverTheCheckpointMovedWhere) {
  std::mt19937_64 random(seed_of("graph files changed"));
  GraphShard before(Distance::euclid, random, kSettings);
  for (std::uint64_t i = 0; i < 6; ++i) before.upsert(i * 500, 500);
  before.wait(3000);
  const auto first = file_of(*before, 0);
  const auto middle = before->state().next_offset;
  const auto graphs = graph_file_of(*before);
  before.touch(100, 200, R"({"n":777})");  // moves their vectors to the end of a checkpoint that is written anew
  std::vector<PointId> ids;
  for (std::uint64_t id = 0; id < 3000; id += 3) ids.push_back(PointId::number(id));
  before.remove(ids);
  before.upsert(500, 400);
  before.upsert(5000, 100);
  const std::vector<std::vector<Bytes>> checkpoints{{file_of(*before, 0)}, {first, file_of(*before, middle)}, {first}};
  for (const auto& checkpoint : checkpoints) {
    Restarted after(checkpoint, graphs);
    ASSERT_FALSE(after.damage) << after.damage->details;
    EXPECT_GE(before.recall_of(*after.shard), 0.97);
    while (dynamic_cast<Growing&>(*after.shard).grow(~std::uint64_t{0})) {
    }
    EXPECT_EQ(after.shard->state().indexed_vectors, after.shard->state().points);
    EXPECT_GE(before.recall_of(*after.shard), 0.97);
    EXPECT_EQ(before.path, SearchPath::graph);
  }
}

TEST(GraphFiles, AFileOfOtherSettingsIsPassedOver) {
  std::mt19937_64 random(seed_of("graph files settings"));
  GraphShard before(Distance::euclid, random, kSettings);
  before.upsert(0, 500);
  before.wait(500);
  const auto graphs = graph_file_of(*before);
  const auto checkpoint = file_of(*before, 0);
  for (const IndexSettings settings : {IndexSettings{16, 80, 1}, IndexSettings{12, 90, 1}, IndexSettings{0, 80, 1},
                                       IndexSettings{12, 80, std::uint64_t{1} << 30U}}) {
    const Restarted after({checkpoint}, graphs, settings);
    EXPECT_FALSE(after.damage);
    EXPECT_EQ(after.shard->state().indexed_vectors, 0U);
  }
}

TEST(GraphFiles, AFileCutAtAnyByteOrWithAnyByteChangedIsFoundOutAndNeverUsed) {
  std::mt19937_64 random(seed_of("graph files damage"));
  GraphShard before(Distance::euclid, random, {4, 20, 1});
  before.upsert(0, 30);
  before.wait(30);
  const auto graphs = graph_file_of(*before);
  const auto checkpoint = file_of(*before, 0);
  IndexBuilder builder({1});
  builder.stop();
  const auto expect_damage = [&](std::span<const std::byte> file, std::size_t byte) {
    const auto shard = Shard::open({kCollection, 0, &builder, {4, 20, 1}}).value();
    ASSERT_FALSE(shard->load(checkpoint));
    const auto error = take_graphs(*shard, file, 1000);
    ASSERT_TRUE(error) << byte;
    EXPECT_EQ(error->code, Errc::graph_corrupt) << byte;
    EXPECT_NE(error->details.find("\"position\":"), std::string::npos);
    ASSERT_FALSE(shard->finish_load());
    EXPECT_EQ(shard->state().indexed_vectors, 0U) << byte;
  };
  for (std::size_t bytes = 0; bytes < graphs.size(); ++bytes) expect_damage(std::span(graphs).first(bytes), bytes);
  for (std::size_t byte = 0; byte < graphs.size(); ++byte) {
    auto changed = graphs;
    changed[byte] ^= static_cast<std::byte>(1U << (random() % 8));
    expect_damage(changed, byte);
  }
  auto longer = graphs;
  longer.resize(longer.size() + 8);
  expect_damage(longer, longer.size());
  EXPECT_FALSE(Restarted({checkpoint}, graphs, {4, 20, 1}, 1).damage);
}

TEST(GraphFiles, AFileCanBeWrittenWhileTheGraphGrowsAndOthersSearch) {
  std::mt19937_64 random(seed_of("graph files concurrency"));
  GraphShard before(Distance::euclid, random, {8, 40, 1});
  before.upsert(0, 500);
  before.wait(500);
  std::atomic<bool> done{false};
  std::vector<Bytes> files;
  std::thread writer([&] {
    while (!done || files.empty()) {
      auto file = graph_file_of(*before);
      if (!file.empty()) files.push_back(std::move(file));
    }
  });
  std::thread reader([&] {
    std::vector<float> query(24, 0.5F);
    SearchPlan plan;
    plan.query = query;
    while (!done) EXPECT_TRUE((*before).search(plan).ok());
  });
  for (std::uint64_t i = 0; i < 40; ++i) before.upsert(500 + i * 20, 40);
  before.wait(1000);
  done = true;
  writer.join();
  reader.join();
  ASSERT_FALSE(files.empty());
  const auto checkpoint = file_of(*before, 0);
  for (std::size_t i = 0; i < files.size(); i += 1 + files.size() / 5) {
    Restarted after({checkpoint}, files[i], {8, 40, 1});
    ASSERT_FALSE(after.damage) << after.damage->details;
    while (dynamic_cast<Growing&>(*after.shard).grow(~std::uint64_t{0})) {
    }
    EXPECT_GE(before.recall_of(*after.shard), 0.95);
  }
}

}  // namespace
}  // namespace millrace
