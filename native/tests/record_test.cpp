#include "millrace/record.h"

#include <gtest/gtest.h>

#include <atomic>

#include "frames.h"
#include "millrace/checksum.h"
#include "record/field.h"

namespace millrace {
namespace {

using testing::sealed;

std::vector<std::byte> sample() {
  const PointId uuid{true, 0x0102030405060708U, 0x1112131415161718U};
  return sealed(testing::upsert_frame({{PointId::number(7), {{{1, 2, 3}}, std::nullopt}, "{\"a\":1}", {{5, {{2, -1.5F}, {9, 4}}}}},
                                       {uuid, {{{4, 5, 6}}, {{9, 8}}}, ""},
                                       {PointId::number(9), {{{7, 8, 9}}, std::nullopt}, "{}", {{5, {}}}}},
                                      {3, 1}),
                42, 5, 2);
}

/// Touches everything that a decoded frame offers, so that a sanitizer sees any view that leads outside.
std::uint64_t read_all(const RecordFrame& frame) {
  std::uint64_t sum = 0;
  for (std::uint32_t row = 0; row < frame.count && frame.has_ids(); ++row) sum += frame.id(row).low;
  for (std::uint32_t row = 0; row < std::min(frame.count, 4096U); ++row)
    for (const char c : frame.payload(row)) sum += static_cast<unsigned char>(c);
  for (const auto& block : frame.vectors) {
    for (std::uint32_t row = 0; row < frame.count; ++row) sum += block.has(row) ? 1 : 0;
    for (std::uint32_t row = 0; block.is_sparse() && row < block.present; ++row)
      for (const auto index : block.sparse(row).indices) sum += index;
    for (const auto part : {block.values, block.norms})
      for (const float value : part) sum += std::bit_cast<std::uint32_t>(value);
  }
  for (const auto byte : frame.meta) sum += static_cast<std::uint8_t>(byte);
  return sum;
}

/// In memory of exactly its size, so that reading beyond is seen.
Result<RecordFrame> decode(const std::vector<std::byte>& frame) {
  const std::vector<std::byte> exact(frame.begin(), frame.end());
  auto result = decode_record(exact, 1);
  static std::atomic<std::uint64_t> sink{0};
  if (result) sink += read_all(result.value());
  return result;
}

TEST(Record, WhatWasBuiltIsDecoded) {
  const auto bytes = sample();
  const auto result = decode_record(bytes, 1);
  ASSERT_TRUE(result.ok()) << result.error().details;
  const auto& frame = result.value();
  EXPECT_EQ(frame.producer_id, 42U);
  EXPECT_EQ(frame.sequence, 5U);
  EXPECT_EQ(frame.writer_epoch, 2U);
  EXPECT_EQ(frame.id(0), PointId::number(7));
  EXPECT_EQ(frame.id(1), (PointId{true, 0x0102030405060708U, 0x1112131415161718U}));
  EXPECT_EQ(frame.payload(0), "{\"a\":1}");
  EXPECT_EQ(frame.payload(1), "");
  EXPECT_EQ(frame.payload(2), "{}");
  ASSERT_EQ(frame.vectors.size(), 3U);
  EXPECT_EQ(frame.vectors[0].slot, 1U);
  EXPECT_FALSE(frame.vectors[0].has(0));
  EXPECT_TRUE(frame.vectors[0].has(1));
  EXPECT_EQ(frame.vectors[1].values[8], 9.0F);
  const auto& sparse = frame.vectors[2];
  EXPECT_EQ(sparse.slot, 5U);
  EXPECT_TRUE(sparse.is_sparse());
  EXPECT_FALSE(frame.vectors[0].is_sparse());
  EXPECT_FALSE(sparse.has(1));
  const auto entries = sparse.sparse(0);
  EXPECT_EQ(std::vector(entries.indices.begin(), entries.indices.end()), (std::vector<std::uint32_t>{2, 9}));
  EXPECT_EQ(std::vector(entries.values.begin(), entries.values.end()), (std::vector<float>{-1.5F, 4}));
  EXPECT_TRUE(sparse.sparse(1).indices.empty());
}

TEST(Record, SparseSectionsThatContradictThemselvesAreDamage) {
  using enum layout::SectionKind;
  const auto with = [](std::uint16_t encoding, std::uint32_t rows, const std::vector<std::uint32_t>& words) {
    RecordBuilder builder(layout::RecordKind::upsert, 1, 1, 2);
    builder.add(sparse, encoding, 1, rows, std::as_bytes(std::span(words)));
    return builder;
  };
  const auto code = [](const RecordBuilder& builder) {
    const auto result = decode(sealed(builder.finish()));
    return result ? Errc::ok : result.error().code;
  };
  EXPECT_EQ(code(with(0, 2, {0, 1, 1, 7, 0})), Errc::ok);
  EXPECT_EQ(code(with(0, 2, {0, 0, 0})), Errc::ok);
  EXPECT_EQ(code(with(1, 2, {0, 0, 0})), Errc::record_format_newer);
  EXPECT_EQ(code(with(0, 3, {0, 0, 0, 0})), Errc::record_corrupt);     // more rows than the record
  EXPECT_EQ(code(with(0, 2, {0, 0})), Errc::record_corrupt);           // no room for the ends
  EXPECT_EQ(code(with(0, 2, {1, 1, 1, 7, 0})), Errc::record_corrupt);  // does not begin at 0
  EXPECT_EQ(code(with(0, 2, {0, 2, 1, 7, 0})), Errc::record_corrupt);  // falls
  EXPECT_EQ(code(with(0, 2, {0, 1, 2, 7, 0})), Errc::record_corrupt);  // fewer entries than it says
  EXPECT_EQ(code(with(0, 2, {0, 2, 2, 7, 7, 0, 0})), Errc::record_corrupt);  // an index twice
  EXPECT_EQ(code(with(0, 2, {0, 2, 2, 8, 7, 0, 0})), Errc::record_corrupt);  // indices fall
  EXPECT_EQ(code(with(0, 2, {0, 1, 2, 8, 7, 0, 0})), Errc::ok);              // but not within a row
  const std::vector<std::uint32_t> empty{0, 0, 0};
  const std::vector<float> numbers{1, 2};
  auto both = with(0, 2, empty);
  both.add(vectors, 0, 1, 2, std::as_bytes(std::span(numbers)));
  EXPECT_EQ(code(both), Errc::record_corrupt);
  auto normed = with(0, 2, empty);
  normed.add(norms, 0, 1, 2, std::as_bytes(std::span(numbers)));
  EXPECT_EQ(code(normed), Errc::record_corrupt);
}

TEST(Record, EveryTruncationIsDamage) {
  const auto bytes = sample();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto result = decode({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Errc::record_corrupt);
  }
}

TEST(Record, EveryFlippedBitIsNoticed) {
  const auto bytes = sample();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto damaged = bytes;
    damaged[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(decode(damaged).ok()) << "bit " << bit;
  }
}

TEST(Record, MutationsWithRightChecksumsAreReadInsideTheFrameOrRefused) {
  std::mt19937_64 random(testing::seed_of("record mutations"));
  const std::vector<std::vector<std::byte>> samples{sample(), sealed(testing::delete_frame({PointId::number(1)})),
                                                    sealed(testing::schema_frame(testing::one_vector(4, Distance::dot)))};
  static constexpr std::uint32_t kEdges[] = {0, 1, 2, 3, 4, 7, 8, 63, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff};
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    auto frame = samples[random() % samples.size()];
    const auto sections = read_field<layout::header::section_count>(frame);
    const auto table_end = layout::kHeaderBytes + sections * layout::kSectionEntryBytes;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      // Mostly the count and the section table, where the deeper checks are; sometimes a word of the body.
      const bool in_table = random() % 4 != 0;
      const std::size_t at = in_table ? (random() % 8 == 0 ? 40 : 64 + random() % (table_end - 64) / 2 * 2)
                                      : table_end + random() % (frame.size() - table_end);
      const std::uint32_t value = random() % 2 == 0 ? kEdges[random() % std::size(kEdges)]
                                                    : static_cast<std::uint32_t>(random() % (frame.size() + 8));
      std::memcpy(frame.data() + at, &value, std::min<std::size_t>(random() % 2 == 0 ? 2 : 4, frame.size() - at));
    }
    write_field<layout::header::body_crc>(frame, crc32c(std::span<const std::byte>(frame).subspan(table_end)));
    seal_record(frame, 1, 1, 1);
    const auto result = decode(frame);
    accepted += result.ok() ? 1 : 0;
    if (!result.ok()) {
      EXPECT_TRUE(result.error().code == Errc::record_corrupt || result.error().code == Errc::record_format_newer);
    } else if (auto shard = testing::open_shard()) {
      // Whatever is accepted may be applied.
      EXPECT_FALSE(testing::apply_at(*shard, 0, samples[2]).stop);
      static_cast<void>(testing::apply_at(*shard, 1, frame));
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Record, UnknownOptionalSectionsAreIgnoredAndUnknownMandatoryOnesAreNewer) {
  const auto with = [](std::uint16_t kind) {
    RecordBuilder builder(layout::RecordKind::barrier, 1, 1, 0);
    builder.add(static_cast<layout::SectionKind>(kind), 9, 0, 0, {});
    return decode(sealed(builder.finish()));
  };
  EXPECT_TRUE(with(0x8123).ok());
  EXPECT_EQ(with(0x0123).error().code, Errc::record_format_newer);
  auto newer = sample();
  write_field<layout::header::version>(newer, 2);
  EXPECT_EQ(decode(newer).error().code, Errc::record_format_newer);
}

}  // namespace
}  // namespace millrace
