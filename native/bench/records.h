#pragma once

// Records of a collection with one vector, for benches that fill a shard.
#include <span>
#include <string>
#include <vector>

#include "millrace/record.h"

namespace millrace::bench {

/// The schema of shard 0 of collection 1: one unnamed vector, compared by its dot product if nobody says.
inline std::vector<std::byte> schema_frame(std::uint32_t dimension, const std::string& distance = "Dot", bool is_multi = false) {
  std::vector<std::byte> meta;
  const auto put = [&](std::initializer_list<unsigned> bytes) {
    for (const auto byte : bytes) meta.push_back(static_cast<std::byte>(byte));
  };
  const auto text = [&](const std::string& value) {
    put({0xa0U | static_cast<unsigned>(value.size())});
    for (const char c : value) put({static_cast<unsigned char>(c)});
  };
  put({0x82});
  text("version");
  put({1});
  text("vectors");
  put({0x91, is_multi ? 0x85U : 0x84U});
  text("slot");
  put({0});
  text("name");
  put({0xa0});
  text("size");
  put({0xce, dimension >> 24U, dimension >> 16U & 0xffU, dimension >> 8U & 0xffU, dimension & 0xffU});
  text("distance");
  text(distance);
  if (is_multi) {
    text("multi");
    put({0xc3});
  }
  RecordBuilder builder(layout::RecordKind::schema, 1, 1, 0);
  auto frame = builder.add(layout::SectionKind::meta, 0, 0, 0, meta).finish();
  seal_record(frame, 0, 0, 0);
  return frame;
}

/// @param ends    u32[ids + 1] of the multivectors, counted in vectors
/// @param values  f32[ends.back() × dimension]
inline std::vector<std::byte> multi_upsert_frame(std::span<const std::uint64_t> ids, std::span<const std::uint32_t> ends,
                                                 std::span<const float> values) {
  const auto count = static_cast<std::uint32_t>(ids.size());
  RecordBuilder builder(layout::RecordKind::upsert, 1, 1, count);
  builder.add(layout::SectionKind::ids, 0, 0, count, std::as_bytes(ids));
  const auto table = std::as_bytes(ends);
  std::vector<std::byte> section(table.begin(), table.end());
  const auto vectors = std::as_bytes(values);
  section.insert(section.end(), vectors.begin(), vectors.end());
  builder.add(layout::SectionKind::multi, 0, 0, count, section);
  auto frame = builder.finish();
  seal_record(frame, 0, 0, 0);
  return frame;
}

/// @param values    f32[ids × dimension]
/// @param payloads  for each id, or none
inline std::vector<std::byte> upsert_frame(std::span<const std::uint64_t> ids, std::span<const float> values,
                                           std::span<const std::string> payloads = {}) {
  const auto count = static_cast<std::uint32_t>(ids.size());
  RecordBuilder builder(layout::RecordKind::upsert, 1, 1, count);
  builder.add(layout::SectionKind::ids, 0, 0, count, std::as_bytes(ids));
  if (!values.empty()) builder.add(layout::SectionKind::vectors, 0, 0, count, std::as_bytes(values));
  if (!payloads.empty()) {
    std::vector<std::uint32_t> ends{0};
    std::string texts;
    for (const auto& payload : payloads) ends.push_back(static_cast<std::uint32_t>((texts += payload).size()));
    const auto table = std::as_bytes(std::span(ends));
    std::vector<std::byte> section(table.begin(), table.end());
    for (const char c : texts) section.push_back(static_cast<std::byte>(c));
    builder.add(layout::SectionKind::payload, 0, 0, count, section);
  }
  auto frame = builder.finish();
  seal_record(frame, 0, 0, 0);
  return frame;
}

}  // namespace millrace::bench
