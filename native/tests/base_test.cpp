#include <gtest/gtest.h>

#include <atomic>

#include "base/crc32c_parts.h"
#include "base/msgpack_reader.h"
#include "frames.h"
#include "millrace/checksum.h"
#include "millrace/cpu.h"
#include "millrace/hash.h"
#include "millrace/thread_pool.h"

namespace millrace {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

TEST(Crc32c, HasTheCheckValueOfTheStandard) { EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U); }

TEST(Crc32c, TableAndInstructionAgreeAtEveryLengthAndContinueFromASeed) {
  if (!cpu_has_crc32()) std::cout << "crc32c instruction not run, this processor has none\n";
  std::mt19937_64 random(testing::seed_of("crc32c"));
  std::vector<std::byte> data(600);
  for (auto& byte : data) byte = static_cast<std::byte>(random());
  for (std::size_t length = 0; length < data.size(); ++length) {
    const auto table = crc32c_by_table(data.data(), length, 0);
    if (cpu_has_crc32()) {
      EXPECT_EQ(table, crc32c_by_sse42(data.data(), length, 0));
    }
    const auto cut = length / 3;
    EXPECT_EQ(table, crc32c(std::span(data).subspan(cut, length - cut), crc32c(std::span(data).first(cut))));
  }
}

TEST(Xxh64, HasThePublishedValues) {
  EXPECT_EQ(xxh64({}), 0xef46db3751d8e999U);
  EXPECT_EQ(xxh64(bytes_of("a")), 0xd24ec4f1a98c6e5bU);
  EXPECT_EQ(xxh64(bytes_of("abc")), 0x44bc2cf5ad770999U);
  EXPECT_EQ(xxh64(bytes_of("Nobody inspects the spammish repetition")), 0xfbcea83c8a378bf1U);
}

TEST(BucketOf, HashesTheBytesThatTheContractNames) {
  std::vector<std::byte> number;
  testing::put_id(number, PointId::number(0x0102030405060708U), false);
  EXPECT_EQ(bucket_of(PointId::number(0x0102030405060708U)), xxh64(number) & 4095U);
  const PointId uuid{true, 0x550e8400e29b41d4U, 0xa716446655440000U};
  std::vector<std::byte> printed;
  testing::put_id(printed, uuid, true);
  EXPECT_EQ(printed.front(), std::byte{0x55});
  EXPECT_EQ(bucket_of(uuid), xxh64(printed) & 4095U);
}

TEST(MsgpackReader, ReadsNumbersInEveryFormAndRefusesWhatIsNone) {
  testing::Packer packer;
  packer.raw(5).number(70'000).number(1ULL << 40U).raw(0xd1).raw(1).raw(0);
  MsgpackReader reader(packer.bytes);
  EXPECT_EQ(reader.unsigned_integer(), 5U);
  EXPECT_EQ(reader.unsigned_integer(), 70'000U);
  EXPECT_EQ(reader.unsigned_integer(), 1ULL << 40U);
  EXPECT_EQ(reader.unsigned_integer(), 256U);
  EXPECT_TRUE(reader.at_end());
  const std::vector<std::byte> negative{std::byte{0xff}};
  EXPECT_FALSE(MsgpackReader(negative).unsigned_integer());
}

TEST(MsgpackReader, EndsOnDeepNestingAndOnLengthsThatAreNotThere) {
  const std::vector<std::byte> nested(100'000, std::byte{0x91});
  EXPECT_FALSE(MsgpackReader(nested).skip());
  const std::vector<std::byte> endless{std::byte{0xdf}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                       std::byte{0xff}};
  EXPECT_FALSE(MsgpackReader(endless).skip());
}

TEST(ThreadPool, RunsEveryAcceptedJobBeforeItStops) {
  std::atomic<int> ran{0};
  ThreadPool pool({3, 1000});
  for (int i = 0; i < 400; ++i)
    ASSERT_TRUE(pool.submit(i % 2 == 0 ? ThreadPool::Lane::foreground : ThreadPool::Lane::background, [&] { ++ran; }));
  pool.stop();
  EXPECT_EQ(ran, 400);
  EXPECT_FALSE(pool.submit(ThreadPool::Lane::foreground, [] {}));
}

TEST(ThreadPool, KeepsAThreadForSearchesWhileBuildsRunAndRefusesWhatItCannotHold) {
  std::atomic<bool> release{false};
  std::atomic<bool> searched{false};
  ThreadPool pool({2, 4});
  for (int i = 0; i < 4; ++i)
    if (!pool.submit(ThreadPool::Lane::background, [&] { release.wait(false); })) break;
  ASSERT_TRUE(pool.submit(ThreadPool::Lane::foreground, [&] {
    searched = true;
    searched.notify_all();
  }));
  searched.wait(false);
  int accepted = 0;
  while (pool.submit(ThreadPool::Lane::background, [] {})) ++accepted;
  EXPECT_LE(accepted, 4);
  release = true;
  release.notify_all();
}

}  // namespace
}  // namespace millrace
