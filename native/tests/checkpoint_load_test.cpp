#include <random>

#include "base/memory.h"
#include "checkpoint_files.h"
#include "millrace/checksum.h"
#include "random_log.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

/// A base and two deltas with everything in them, in small frames.
struct Files {
  explicit Files(std::uint64_t seed, std::uint64_t collection_ids = 150) : log(seed, collection_ids) {
    for (int i = 0; i < 3; ++i) {
      for (int records = 0; records < 60; ++records) {
        const auto record = log.next();
        EXPECT_FALSE(apply_at(*shard, record.offset, record.frame).stop);
      }
      chain.push_back(file_of(*shard, since, 1500));
      since = shard->state().next_offset;
    }
  }

  RandomLog log;
  std::shared_ptr<Shard> shard = open_shard();
  std::uint64_t since = 0;
  std::vector<Bytes> chain;
};

/// Refused with a place and a reason; the shard is as good as new.
void expect_refused(Shard& shard, const std::vector<Bytes>& files, const char* what) {
  const auto error = load_into(shard, files);
  ASSERT_TRUE(error) << what;
  EXPECT_EQ(error->code, Errc::checkpoint_corrupt) << what << ": " << error->details;
  EXPECT_NE(error->details.find("\"position\":"), std::string::npos) << what;
  EXPECT_NE(error->details.find("\"reason\":\""), std::string::npos) << what;
  EXPECT_EQ(shard.state().next_offset, 0U);
  EXPECT_EQ(shard.state().digest, open_shard()->state().digest);
  EXPECT_EQ(shard.scroll(std::nullopt, 10, {}).value().points.size(), 0U);
}

TEST(CheckpointLoad, FramesOutOfPlaceAreRefusedAndTheRightOnesThenLoaded) {
  const Files files(seed_of("frames out of place"));
  const auto frames = frames_of(files.chain[1]);
  ASSERT_GT(frames.size(), 4U);
  const auto shard = open_shard();
  const auto with = [&](const std::vector<Bytes>& changed) {
    return std::vector<Bytes>{files.chain[0], join(changed), files.chain[2]};
  };
  for (std::size_t i = 0; i < frames.size(); ++i) {
    auto changed = frames;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    expect_refused(*shard, with(changed), "a missing frame");
    changed = frames;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), frames[i]);
    expect_refused(*shard, with(changed), "a repeated frame");
    changed = frames;
    std::swap(changed[i], changed[(i + 1) % frames.size()]);
    expect_refused(*shard, with(changed), "swapped frames");
    changed = frames;
    changed[i] = frames_of(files.chain[2]).front();
    expect_refused(*shard, with(changed), "a frame of another file");
  }
  expect_refused(*shard, {files.chain[0], files.chain[2]}, "a missing file");
  expect_refused(*shard, {files.chain[1], files.chain[2]}, "a missing base");
  expect_refused(*shard, {files.chain[0], files.chain[0]}, "a repeated file");
  expect_refused(*shard, {}, "nothing");
  expect_refused(*shard, {files.chain[0], join({frames.begin(), frames.end() - 1})}, "a file without its end");
  ASSERT_FALSE(load_into(*shard, files.chain));
  expect_same(*files.shard, *shard);
}

TEST(CheckpointLoad, AFileThatEndsAnywhereIsRefused) {
  const Files files(seed_of("truncated"));
  const auto shard = open_shard();
  const auto& last = files.chain[2];
  for (std::size_t bytes = 0; bytes < last.size(); bytes += 1 + bytes % 61) {
    const Bytes cut(last.begin(), last.begin() + static_cast<std::ptrdiff_t>(bytes));
    if (bytes == 0) continue;  // the chain before is whole
    expect_refused(*shard, {files.chain[0], files.chain[1], cut}, "a truncated file");
  }
}

TEST(CheckpointLoad, FilesOfAnotherShardOrCollectionAreRefused) {
  const Files files(seed_of("other owner"));
  for (const auto& options : {Shard::Options{kCollection, 1}, Shard::Options{kCollection + 1, 0}})
    expect_refused(*Shard::open(options).value(), files.chain, "another shard or collection");
}

TEST(CheckpointLoad, RecordsOfTheLogAreRefusedAndNothingIsAppliedDuringALoad) {
  const Files files(seed_of("records"));
  const auto shard = open_shard();
  const auto record = sealed(schema_frame(one_vector(2, Distance::dot)));
  expect_refused(*shard, {record}, "a record");
  ASSERT_FALSE(shard->load(files.chain[0]));
  EXPECT_EQ(shard->state().next_offset, 0U);
  EXPECT_EQ(apply_at(*shard, 0, record).stop->code, Errc::argument_invalid);
  EXPECT_EQ(shard->capture(0).error().code, Errc::argument_invalid);
  ASSERT_FALSE(load_into(*shard, {files.chain[1], files.chain[2]}));
  expect_same(*files.shard, *shard);
  // A shard that refused one is as good as new for records, too.
  const auto other = open_shard();
  ASSERT_FALSE(other->load(files.chain[0]));
  ASSERT_TRUE(other->load(files.chain[0]));
  ASSERT_FALSE(apply_at(*other, 0, record).stop);
  const auto fresh = open_shard();
  ASSERT_FALSE(apply_at(*fresh, 0, record).stop);
  EXPECT_EQ(other->digest(), fresh->digest());
}

/// Puts the checksums right after a change, so that what is behind them is asked.
void reseal(Bytes& frame) {
  std::uint32_t sections = 0;
  std::memcpy(&sections, frame.data() + layout::header::section_count::at, sizeof sections);
  const std::size_t table_end = layout::kHeaderBytes + std::size_t{sections} * layout::kSectionEntryBytes;
  if (table_end > frame.size()) return;
  const std::span<const std::byte> bytes(frame);
  const auto body = crc32c(bytes.subspan(table_end));
  std::memcpy(frame.data() + layout::header::body_crc::at, &body, sizeof body);
  const auto head = crc32c(bytes.subspan(layout::kHeaderBytes, table_end - layout::kHeaderBytes),
                           crc32c(bytes.first(layout::header::header_crc::at)));
  std::memcpy(frame.data() + layout::header::header_crc::at, &head, sizeof head);
}

TEST(CheckpointFuzz, ChangedBytesAreRefusedOrChangeNothing) {
  const auto seed = seed_of("checkpoint fuzz");
  std::mt19937_64 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const Files files(seed);
  auto shard = open_shard();
  std::vector<std::vector<Bytes>> frames;
  for (const auto& file : files.chain) frames.push_back(frames_of(file));
  int loads = 0;
  for (int round = 0; round < 4000 && !HasFailure(); ++round) {
    auto changed = frames;
    for (auto edits = 1 + below(3); edits > 0; --edits) {
      auto& file = changed[below(changed.size())];
      auto& frame = file[below(file.size())];
      const auto choice = below(10);
      // Headers, tables and META say most: the start of a frame more often than the rest of it.
      const auto at = below(2) == 0 ? below(std::min<std::size_t>(frame.size(), 400)) : below(frame.size());
      if (choice < 5) {
        frame[at] ^= static_cast<std::byte>(1U << below(8));
      } else if (choice < 7) {
        frame[at] = static_cast<std::byte>(below(2) == 0 ? 0xff : 0);
      } else if (choice < 8) {
        const auto& other = frames[below(3)];
        const auto& from = other[below(other.size())];
        const auto bytes = below(std::min(frame.size(), from.size()));
        std::copy_n(from.begin(), bytes, frame.begin());
      } else {
        frame.resize(frame.size() - std::min<std::size_t>(frame.size() - 8, 8 * below(20)));
        const auto bytes = static_cast<std::uint32_t>(frame.size());
        if (frame.size() >= layout::kHeaderBytes)
          std::memcpy(frame.data() + layout::header::frame_bytes::at, &bytes, sizeof bytes);
      }
      if (below(8) != 0 && frame.size() >= layout::kHeaderBytes) reseal(frame);
    }
    std::vector<Bytes> chain;
    for (const auto& file : changed) chain.push_back(join(file));
    const auto error = load_into(*shard, chain);
    if (!error) {
      EXPECT_EQ(shard->digest(), files.shard->digest());
      EXPECT_EQ(shard->state().next_offset, files.since);
      ++loads;
      shard = open_shard();
      continue;
    }
    ASSERT_EQ(error->code, Errc::checkpoint_corrupt) << error->details;
    ASSERT_EQ(shard->state().points, 0U);
  }
  std::cout << "loaded in spite of a change: " << loads << '\n';
}

TEST(CheckpointLoad, AFailedAllocationLeavesTheShardEmptyAndTheCheckpointCanComeAgain) {
  const Files files(seed_of("no memory"));
  const auto shard = open_shard();
  int failures = 0;
  for (std::int64_t after = 0;; ++after) {
    allocation_fault::arm(after);
    const auto error = load_into(*shard, files.chain);
    allocation_fault::arm(-1);
    if (!error) break;
    ++failures;
    ASSERT_EQ(error->code, Errc::out_of_memory) << error->details;
    ASSERT_EQ(shard->state().next_offset, 0U);
  }
  EXPECT_GT(failures, 10);
  expect_same(*files.shard, *shard);
}

TEST(CheckpointCapture, AFailedAllocationIsToldAndAnotherCaptureIsComplete) {
  const Files files(seed_of("no memory for a capture"));
  for (std::int64_t after = 0;; ++after) {
    allocation_fault::arm(after);
    auto captured = files.shard->capture(0);
    Bytes file;
    std::optional<Error> error;
    if (!captured) error = captured.error();
    while (!error) {
      const auto part = captured.value()->next(2000);
      if (!part.ok()) error = part.error();
      if (error || part.value().empty()) break;
      allocation_fault::arm(-1);  // the test's own
      file.insert(file.end(), part.value().begin(), part.value().end());
      allocation_fault::arm(after);
    }
    allocation_fault::arm(-1);
    if (!error) return expect_same(*files.shard, *loaded({file}));
    ASSERT_EQ(error->code, Errc::out_of_memory) << error->details;
    if (!captured.ok()) continue;
    EXPECT_EQ(captured.value()->next(2000).error().code, Errc::argument_invalid);
  }
}

}  // namespace
}  // namespace millrace
