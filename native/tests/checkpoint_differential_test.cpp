#include <bit>

#include "checkpoint_files.h"
#include "random_log.h"

namespace millrace {
namespace {

using namespace testing;  // NOLINT: a test's vocabulary

/// A chain of files as an owner of checkpoints keeps it.
struct Chain {
  std::vector<Bytes> files;
  std::vector<std::uint64_t> ends;  ///< nextOffset of each
};

class Differential {
 public:
  explicit Differential(std::uint64_t seed) : log_(seed) {}

  /// @return vectors that a file left in the files before it
  std::uint64_t run(int rounds) {
    for (int i = 0; i < rounds && !::testing::Test::HasFailure(); ++i) {
      apply(1 + log_.below(40));
      checkpoint();
    }
    return kept_;
  }

 private:
  /// The same records leave both shards with the same outcomes.
  void apply(std::size_t records) {
    for (; records > 0; --records) {
      const auto record = log_.next();
      const auto result = apply_at(*shard_, record.offset, record.frame);
      ASSERT_FALSE(result.stop) << result.stop->details;
      if (twin_ == nullptr) continue;
      const auto twin_result = apply_at(*twin_, record.offset, record.frame);
      ASSERT_EQ(twin_result.outcomes.size(), result.outcomes.size());
      for (std::size_t i = 0; i < result.outcomes.size(); ++i) {
        EXPECT_EQ(twin_result.outcomes[i].code, result.outcomes[i].code);
        EXPECT_EQ(twin_result.outcomes[i].affected, result.outcomes[i].affected);
      }
    }
  }

  void checkpoint() {
    if (twin_ != nullptr) expect_same(*shard_, *twin_);
    // A whole state, a delta, or one delta in place of the last few.
    const auto kept = log_.below(4) == 0 ? log_.below(chain_.files.size() + 1) : chain_.files.size();
    chain_.files.resize(kept);
    chain_.ends.resize(kept);
    const auto since = kept == 0 ? 0 : chain_.ends.back();
    const auto capture = capture_of(*shard_, since);
    ASSERT_NE(capture, nullptr);
    const auto state = shard_->state();
    EXPECT_EQ(capture->state().digest, state.digest);
    // What is applied after the capture is not in the file.
    twin_ = nullptr;
    std::vector<RandomLog::Record> later;
    for (auto i = log_.below(20); i > 0; --i) {
      later.push_back(log_.next());
      ASSERT_FALSE(apply_at(*shard_, later.back().offset, later.back().frame).stop);
    }
    chain_.files.push_back(file_of(*capture, std::size_t{1024} << log_.below(8)));
    chain_.ends.push_back(state.next_offset);
    check_rows(*capture);
    twin_ = loaded(chain_.files);
    EXPECT_EQ(twin_->state().digest, state.digest);
    EXPECT_EQ(twin_->state().next_offset, state.next_offset);
    for (const auto& record : later) ASSERT_FALSE(apply_at(*twin_, record.offset, record.frame).stop);
    expect_same(*shard_, *twin_);
    // As after a restart.
    if (log_.below(3) == 0) shard_.swap(twin_);
  }

  void check_rows(const CheckpointCapture& capture) {
    std::uint64_t rows = 0;
    for (const auto& frame : frames_of(chain_.files.back())) {
      const auto decoded = decode_record(frame, 0);
      ASSERT_TRUE(decoded.ok()) << decoded.error().details;
      if (decoded.value().kind == layout::RecordKind::checkpoint_rows) rows += decoded.value().count;
      for (const auto& block : decoded.value().vectors)
        for (const auto word : block.kept) kept_ += static_cast<std::uint64_t>(std::popcount(word));
    }
    EXPECT_EQ(rows, capture.rows());
  }

  RandomLog log_;
  std::shared_ptr<Shard> shard_ = open_shard();
  std::shared_ptr<Shard> twin_;
  Chain chain_;
  std::uint64_t kept_ = 0;
};

TEST(CheckpointDifferential, AShardLoadedFromAnyChainIsTheOneThatWasCapturedAndGoesOnAlike) {
  const auto seed = seed_of("checkpoint differential");
  std::uint64_t kept = 0;
  for (std::uint64_t i = 0; i < 30 && !HasFailure(); ++i) {
    SCOPED_TRACE("SEED=" + std::to_string(seed + i));
    kept += Differential(seed + i).run(25);
  }
  EXPECT_GT(kept, 0U);
}

TEST(Checkpoint, AnEmptyShardAndOneWithoutASchemaAreCheckpointsToo) {
  const auto shard = open_shard();
  expect_same(*shard, *loaded({file_of(*shard, 0)}));
  RecordBuilder barrier(layout::RecordKind::barrier, kCollection, 0, 0);
  ASSERT_FALSE(apply_at(*shard, 4, sealed(barrier.finish(), 8, 1, 3)).stop);
  const auto copy = loaded({file_of(*shard, 0)});
  expect_same(*shard, *copy);
  // The epoch has come along: an older writer is fenced.
  const auto fenced = apply_at(*copy, 5, sealed(barrier.finish(), 8, 2, 2));
  EXPECT_EQ(fenced.outcomes.at(0).code, Errc::writer_fenced);
}

TEST(Checkpoint, AnUnchangedShardMakesADeltaOfOneFrame) {
  RandomLog log(seed_of("unchanged"));
  const auto shard = open_shard();
  for (int i = 0; i < 50; ++i) {
    const auto record = log.next();
    ASSERT_FALSE(apply_at(*shard, record.offset, record.frame).stop);
  }
  const auto base = file_of(*shard, 0);
  const auto delta = file_of(*shard, shard->state().next_offset);
  EXPECT_EQ(frames_of(delta).size(), 1U);
  expect_same(*shard, *loaded({base, delta}));
}

TEST(Checkpoint, CapturesTellWhichPastTheyDoNotKnow) {
  RandomLog log(seed_of("past"));
  const auto shard = open_shard();
  const auto apply = [&](Shard& to, int records) {
    for (; records > 0; --records) {
      const auto record = log.next();
      ASSERT_FALSE(apply_at(to, record.offset, record.frame).stop);
    }
  };
  apply(*shard, 40);
  const auto middle = shard->state().next_offset;
  const auto base = file_of(*shard, 0);
  apply(*shard, 40);
  const auto end = shard->state().next_offset;
  const auto copy = loaded({base, file_of(*shard, middle)});
  EXPECT_EQ(copy->capture(end + 1).error().code, Errc::argument_invalid);
  EXPECT_EQ(copy->capture(middle + 1).error().code, Errc::argument_invalid);
  EXPECT_EQ(copy->capture(middle - 1).error().code, Errc::argument_invalid);
  EXPECT_TRUE(shard->capture(middle + 1).ok());
  expect_same(*shard, *loaded({base, file_of(*copy, middle)}));
  EXPECT_EQ(copy->load(base)->code, Errc::argument_invalid);
  EXPECT_EQ(copy->finish_load()->code, Errc::argument_invalid);
  EXPECT_EQ(copy->state().digest, shard->state().digest);
}

TEST(Checkpoint, AnotherVersionBaseEndsWhatCapturesKnow) {
  const auto shard = open_shard();
  auto schema = one_vector(2, Distance::dot);
  ASSERT_FALSE(apply_at(*shard, 0, sealed(schema_frame(schema))).stop);
  const auto upsert = [&](std::uint64_t id) {
    return sealed(upsert_frame({{PointId::number(id), {std::vector<float>{1, 2}}, ""}}, {0}));
  };
  ASSERT_FALSE(apply_at(*shard, 1, upsert(1)).stop);
  ++schema.version;
  schema.version_base = 500;
  ASSERT_FALSE(apply_at(*shard, 2, sealed(schema_frame(schema))).stop);
  const auto base = file_of(*shard, 0);
  ASSERT_FALSE(apply_at(*shard, 3, upsert(2)).stop);
  EXPECT_EQ(shard->capture(1).error().code, Errc::argument_invalid);
  expect_same(*shard, *loaded({base, file_of(*shard, 3)}));
}

}  // namespace
}  // namespace millrace
