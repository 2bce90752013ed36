#include <bit>

#include "checkpoint/checkpoint_meta.h"
#include "checkpoint_files.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

struct KeptPoint {
  PointId id;
  std::uint64_t version;
  std::string payload;
  bool keeps;
};

/// The first frame of a delta, made by hand: points without vectors of their own, some of which keep that of slot 0.
Bytes rows_frame(std::uint64_t since, std::uint64_t next_offset, const Schema& schema, const std::vector<KeptPoint>& points) {
  const auto count = static_cast<std::uint32_t>(points.size());
  RecordBuilder builder(layout::RecordKind::checkpoint_rows, kCollection, schema.version, count);
  std::vector<PointId> ids;
  std::vector<std::uint64_t> versions;
  std::vector<std::uint32_t> ends{0};
  std::string texts;
  std::uint64_t kept = 0;
  for (const auto& point : points) {
    if (point.keeps) kept |= std::uint64_t{1} << ids.size();
    ids.push_back(point.id);
    versions.push_back(point.version);
    texts += point.payload;
    ends.push_back(static_cast<std::uint32_t>(texts.size()));
  }
  add_ids(builder, ids);
  builder.add(layout::SectionKind::versions, 0, 0, count, std::as_bytes(std::span(versions)));
  if (kept != 0) builder.add(layout::SectionKind::kept, 0, 0, count, std::as_bytes(std::span(&kept, 1)));
  Bytes payload(std::as_bytes(std::span(ends)).begin(), std::as_bytes(std::span(ends)).end());
  const auto text = std::as_bytes(std::span(texts));
  payload.insert(payload.end(), text.begin(), text.end());
  builder.add(layout::SectionKind::payload, 0, 0, count, payload);
  const auto encoded = encode_schema(schema);
  builder.add(layout::SectionKind::meta, 0, 0, 0, encode_meta(FileHead{kCheckpointFormat, 0, since, next_offset, encoded}));
  return sealed(builder.finish(), 0, 1);
}

/// A shard where points 1 to 3 were written, and then the payload of 1 and 2 anew, with vectors that are the same: a record
/// that leaves the vectors alone would leave the same state.
class Kept : public ::testing::Test {
 protected:
  void SetUp() override {
    apply(schema_frame(schema));
    apply(upsert({{1, "{\"n\":1}"}, {2, ""}, {3, "{}"}}));
    base = file_of(*shard, 0);
    since = shard->state().next_offset;
    apply(upsert({{1, "{\"n\":2}"}, {2, "{\"n\":3}"}}));
    next_offset = shard->state().next_offset;
  }

  void apply(Bytes frame) {
    ASSERT_FALSE(apply_at(*shard, offset, sealed(std::move(frame), 4, offset + 1)).stop);
    ++offset;
  }

  static Bytes upsert(const std::vector<std::pair<std::uint64_t, std::string>>& points) {
    std::vector<TestPoint> batch;
    for (const auto& [id, payload] : points)
      batch.push_back({PointId::number(id), {std::vector<float>{static_cast<float>(id), 0.5F}}, payload});
    return upsert_frame(batch, {0});
  }

  [[nodiscard]] Bytes delta() const {
    return join({rows_frame(since, next_offset, schema, {{PointId::number(1), next_offset - 1, "{\"n\":2}", true},
                                                         {PointId::number(2), next_offset - 1, "{\"n\":3}", true}}),
                 frames_of(file_of(*shard, since)).back()});
  }

  Schema schema = one_vector(2, Distance::cosine);
  std::shared_ptr<Shard> shard = open_shard();
  Bytes base;
  std::uint64_t offset = 0;
  std::uint64_t since = 0;
  std::uint64_t next_offset = 0;
};

TEST_F(Kept, VectorsAreThoseOfTheFilesBeforeAndAreKeptByLaterFilesToo) {
  const auto copy = loaded({base, delta()});
  expect_same(*shard, *copy);
  const auto again = file_of(*copy, since);
  expect_same(*shard, *loaded({base, again}));
  const auto frames = frames_of(again);
  const auto kept = decode_record(frames.front(), 0).value().vectors.at(0);
  EXPECT_EQ(kept.present, 0U);
  EXPECT_EQ(std::popcount(kept.kept[0]), 2);
  const auto whole = file_of(*copy, 0);
  expect_same(*shard, *loaded({whole}));
  EXPECT_EQ(decode_record(frames_of(whole).front(), 0).value().vectors.at(0).present, 3U);

  // Written, deleted and written again: another vector, although it looks the same.
  apply(delete_frame({PointId::number(1)}));
  apply(upsert({{1, "{\"n\":2}"}}));
  for (auto at = next_offset; at < offset; ++at) {
    const auto frame = at == next_offset ? delete_frame({PointId::number(1)}) : upsert({{1, "{\"n\":2}"}});
    ASSERT_FALSE(apply_at(*copy, at, sealed(frame, 4, at + 1)).stop);
  }
  expect_same(*shard, *copy);
  const auto later = file_of(*copy, since);
  const auto later_frames = frames_of(later);
  const auto block = decode_record(later_frames.front(), 0).value().vectors.at(0);
  EXPECT_EQ(block.present, 1U);
  EXPECT_EQ(std::popcount(block.kept[0]), 1);
  expect_same(*shard, *loaded({base, later}));
}

TEST_F(Kept, VectorsMustExist) {
  for (const std::uint64_t id : {1, 9}) {
    const auto copy = open_shard();
    ASSERT_FALSE(copy->load(base));
    const auto error = copy->load(rows_frame(since, next_offset, schema, {{PointId::number(id), 2, "", true}}));
    EXPECT_EQ(error.has_value(), id == 9);
    if (!error) continue;
    EXPECT_NE(error->details.find("a kept vector that does not exist"), std::string::npos) << error->details;
  }
  // The id is there, but without the vector.
  apply(upsert_frame({{PointId::number(5), {std::nullopt}, ""}}, {0}));
  const auto copy = open_shard();
  ASSERT_FALSE(copy->load(file_of(*shard, 0)));
  const auto error = copy->load(rows_frame(offset, offset + 2, schema, {{PointId::number(5), offset, "", true}}));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, Errc::checkpoint_corrupt);
}

}  // namespace
}  // namespace millrace
