#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "frames.h"
#include "millrace/checkpoint.h"

namespace millrace::testing {

using Bytes = std::vector<std::byte>;

inline std::unique_ptr<CheckpointCapture> capture_of(const Shard& shard, std::uint64_t since) {
  auto captured = shard.capture(since);
  EXPECT_TRUE(captured.ok()) << captured.error().details;
  return captured.ok() ? std::move(captured).value() : nullptr;
}

/// A whole file; frames are as large as `bytes_max` allows.
inline Bytes file_of(CheckpointCapture& capture, std::size_t bytes_max = 1U << 20U) {
  Bytes file;
  for (;;) {
    const auto part = capture.next(bytes_max);
    EXPECT_TRUE(part.ok());
    if (!part.ok() || part.value().empty()) return file;
    file.insert(file.end(), part.value().begin(), part.value().end());
  }
}

inline Bytes file_of(const Shard& shard, std::uint64_t since, std::size_t bytes_max = 1U << 20U) {
  return file_of(*capture_of(shard, since), bytes_max);
}

inline std::vector<Bytes> frames_of(std::span<const std::byte> file) {
  std::vector<Bytes> frames;
  while (!file.empty()) {
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, file.data() + layout::header::frame_bytes::at, sizeof bytes);
    frames.emplace_back(file.begin(), file.begin() + bytes);
    file = file.subspan(bytes);
  }
  return frames;
}

inline Bytes join(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// @return why the files are no checkpoint
inline std::optional<Error> load_into(Shard& shard, const std::vector<Bytes>& files) {
  for (const auto& file : files)
    if (auto error = shard.load(file)) return error;
  return shard.finish_load();
}

inline std::shared_ptr<Shard> loaded(const std::vector<Bytes>& files) {
  auto shard = open_shard();
  const auto error = load_into(*shard, files);
  EXPECT_FALSE(error) << error->details;
  return shard;
}

/// Everything that the interface shows is the same, but for how much memory it takes.
inline void expect_same(const Shard& a, const Shard& b) {
  const auto left = a.state();
  const auto right = b.state();
  EXPECT_EQ(left.next_offset, right.next_offset);
  EXPECT_EQ(left.digest, right.digest);
  EXPECT_EQ(left.content_digest, right.content_digest);
  EXPECT_EQ(left.points, right.points);
  EXPECT_EQ(left.schema_version, right.schema_version);
  EXPECT_EQ(left.records_applied, right.records_applied);
  EXPECT_EQ(left.records_rejected, right.records_rejected);
  EXPECT_EQ(left.records_duplicate, right.records_duplicate);
  const PointSelector all{true, true, {}};
  const auto pages = {a.scroll(std::nullopt, 1U << 20U, all).value(), b.scroll(std::nullopt, 1U << 20U, all).value()};
  const auto& first = pages.begin()->points;
  const auto& second = (pages.begin() + 1)->points;
  ASSERT_EQ(first.size(), second.size());
  std::vector<PointId> ids;
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].id, second[i].id);
    EXPECT_EQ(first[i].version, second[i].version);
    EXPECT_EQ(first[i].payload, second[i].payload);
    ASSERT_EQ(first[i].vectors.size(), second[i].vectors.size());
    for (std::size_t v = 0; v < first[i].vectors.size(); ++v) {
      EXPECT_EQ(first[i].vectors[v].slot, second[i].vectors[v].slot);
      EXPECT_EQ(first[i].vectors[v].is_sparse, second[i].vectors[v].is_sparse);
      EXPECT_EQ(first[i].vectors[v].row_dimension, second[i].vectors[v].row_dimension);
      EXPECT_TRUE(std::ranges::equal(first[i].vectors[v].indices, second[i].vectors[v].indices));
      EXPECT_TRUE(std::ranges::equal(first[i].vectors[v].values, second[i].vectors[v].values));
    }
    ids.push_back(first[i].id);
  }
  EXPECT_EQ(b.retrieve(ids, all).value().points.size(), ids.size());
  for (const auto& vector : a.schema()->vectors) {
    const std::vector<std::uint32_t> indices{0, 0x0700'0001U, 3 * 0x0700'0001U, 9 * 0x0700'0001U};
    const std::vector<float> query(vector.is_sparse ? indices.size() : vector.dimension, 0.5F);
    SearchPlan plan;
    plan.is_sparse = vector.is_sparse;
    plan.idf = vector.is_sparse;
    if (vector.is_sparse) plan.indices = indices;
    plan.slot = vector.slot;
    plan.query = query;
    plan.k = 50;
    const auto found = a.search(plan).value().hits;
    const auto other = b.search(plan).value().hits;
    ASSERT_EQ(found.size(), other.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].id, other[i].id);
      EXPECT_EQ(found[i].version, other[i].version);
      EXPECT_EQ(found[i].score, other[i].score);
    }
  }
}

}  // namespace millrace::testing
