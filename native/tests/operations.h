#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "frames.h"
#include "packed.h"

namespace millrace::testing {

/// A record that changes points. @param meta  JSON, or empty for none
inline std::vector<std::byte> operation_frame(layout::RecordKind kind, const std::optional<std::vector<PointId>>& ids,
                                              std::string_view meta) {
  RecordBuilder builder(kind, kCollection, 1, ids ? static_cast<std::uint32_t>(ids->size()) : 0);
  if (ids) add_ids(builder, *ids);
  if (!meta.empty()) builder.add(layout::SectionKind::meta, 0, 0, 0, packed(meta));
  return builder.finish();
}

inline std::vector<std::byte> batch_frame(const std::vector<std::vector<std::byte>>& frames) {
  std::vector<std::uint32_t> offsets{0};
  std::vector<std::byte> all;
  for (const auto& frame : frames) {
    all.insert(all.end(), frame.begin(), frame.end());
    offsets.push_back(static_cast<std::uint32_t>(all.size()));
  }
  const auto table = std::as_bytes(std::span(offsets));
  std::vector<std::byte> section(table.begin(), table.end());
  section.insert(section.end(), all.begin(), all.end());
  const auto count = static_cast<std::uint32_t>(frames.size());
  RecordBuilder builder(layout::RecordKind::batch, kCollection, 1, count);
  builder.add(layout::SectionKind::operations, 0, 0, count, section);
  return builder.finish();
}

/// An upsert or an update of vectors with META.
inline std::vector<std::byte> points_frame(layout::RecordKind kind, const std::vector<TestPoint>& points,
                                           const std::vector<TestSlot>& slots, std::string_view meta) {
  auto builder = points_builder(kind, points, slots);
  if (!meta.empty()) builder.add(layout::SectionKind::meta, 0, 0, 0, packed(meta));
  return builder.finish();
}

inline Outcome outcome_at(Shard& shard, std::uint64_t offset, const std::vector<std::byte>& frame) {
  const auto result = apply_at(shard, offset, sealed(frame));
  return result.stop ? Outcome{offset, 0, 0, result.stop->code, 0, result.stop->details} : result.outcomes.at(0);
}

}  // namespace millrace::testing
