#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

#include "base/file_storage.h"
#include "millrace/guard.h"
#include "operations.h"
#include "scratch_folder.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

constexpr std::size_t kMiB = std::size_t{1} << 20U;

/// The process may make no file longer than this, as on a disk that is full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::size_t bytes) {
    // A process is told of it by a signal that would end it.
    before_ = signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &limit_), 0);
    auto lower = limit_;
    lower.rlim_cur = bytes;
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &lower), 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit_), 0);
    signal(SIGXFSZ, before_);
  }

 private:
  rlimit limit_{};
  void (*before_)(int) = nullptr;
};

TEST(ScratchFile, HasNoNameAndItsSpaceIsBackWhenTheBlockGoes) {
  const ScratchFolder folder;
  const FileStorage storage(folder.path);
  {
    auto block = storage.allocate(40 * kMiB);
    EXPECT_EQ(scratch_bytes(), 0U);
    block.back(1);
    EXPECT_EQ(scratch_bytes(), 16 * kMiB);
    block.back(17 * kMiB);
    EXPECT_EQ(scratch_bytes(), 32 * kMiB);
    block.back(block.bytes());
    EXPECT_EQ(scratch_bytes(), 40 * kMiB);
    const std::span bytes(block.data(), block.bytes());
    EXPECT_TRUE(std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; }));
    std::ranges::fill(bytes, std::byte{7});
    EXPECT_TRUE(folder.is_empty());
    // It can move, as any block.
    Block moved;
    moved = std::move(block);
    EXPECT_EQ(moved.data()[40 * kMiB - 1], std::byte{7});
  }
  EXPECT_EQ(scratch_bytes(), 0U);
}

TEST(ScratchFile, WhereFilesNeedANameItIsGoneAtOnceAndTheFileStays) {
  const ScratchFolder folder;
  auto file = ScratchFile::open_and_unlink(folder.path);
  const auto other = ScratchFile::open_and_unlink(folder.path);
  EXPECT_TRUE(folder.is_empty());
  auto block = Block::map(std::move(file), kMiB);
  block.back(kMiB);
  block.data()[kMiB - 1] = std::byte{1};
  EXPECT_EQ(block.data()[kMiB - 1], std::byte{1});
}

TEST(ScratchFile, AFolderThatIsNotThereIsToldByItsReason) {
  const FileStorage storage("/nowhere/at/all");
  const auto failure = guard([&]() -> Result<bool> { return storage.allocate(kMiB).bytes() > 0; });
  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().code, Errc::scratch_full);
  EXPECT_EQ(failure.error().details, R"("bytes":0,"reason":"No such file or directory")");
}

TEST(ScratchFile, AFullDiskFailsWhereSpaceIsSetAsideAndNeverWhereItIsWritten) {
  const ScratchFolder folder;
  const FileStorage storage(folder.path);
  auto block = storage.allocate(64 * kMiB);
  {
    const FileSizeLimit limit(20 * kMiB);
    block.back(10 * kMiB);
    const auto failure = guard([&]() -> Result<bool> {
      block.back(17 * kMiB);
      return true;
    });
    ASSERT_FALSE(failure.ok());
    EXPECT_EQ(failure.error().code, Errc::scratch_full);
    EXPECT_EQ(scratch_bytes(), 16 * kMiB);
    std::fill_n(block.data(), 16 * kMiB, std::byte{1});
  }
  block.back(17 * kMiB);
  std::fill_n(block.data(), 17 * kMiB, std::byte{2});
}

TEST(ColdVectors, AShardStopsAtTheRecordThatTheDiskHasNoRoomForAndGoesOnWithItLater) {
  const ScratchFolder folder;
  const auto shard = open_cold_shard(folder);
  constexpr std::uint32_t kSize = 4096;
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame(one_vector(kSize, Distance::dot)))).stop);
  const auto upsert = [&](std::uint64_t id) {
    std::vector<TestPoint> points;
    for (; points.size() < 256; ++id) points.push_back({PointId::number(id), {std::vector<float>(kSize, static_cast<float>(id))}, ""});
    return sealed(upsert_frame(points, {0}));
  };
  std::uint64_t applied = 1;
  {
    const FileSizeLimit limit(20 * kMiB);
    ApplyResult result;
    // Four of them are 16 MiB.
    for (; applied < 20 && !result.stop; ++applied) result = apply_at(*shard, applied, upsert(applied * 256));
    --applied;
    ASSERT_TRUE(result.stop);
    EXPECT_EQ(result.stop->code, Errc::scratch_full);
    EXPECT_EQ(shard->state().next_offset, applied);
    EXPECT_EQ(shard->state().points, (applied - 1) * 256);
    // What is there is read, and deleted, as before.
    SearchPlan plan;
    const std::vector<float> query(kSize, 1);
    plan.query = query;
    EXPECT_EQ(shard->search(plan).value().hits.at(0).id, PointId::number(applied * 256 - 1));
  }
  ASSERT_FALSE(apply_at(*shard, applied, upsert(applied * 256)).stop);
  EXPECT_EQ(shard->state().points, applied * 256);
  EXPECT_EQ(shard->state().memory.cold, applied * 256 * kSize * sizeof(float));
}

}  // namespace
}  // namespace millrace
