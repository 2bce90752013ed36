#pragma once

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "millrace/point_id.h"
#include "millrace/points_parser.h"
#include "millrace/record_layout.generated.h"

namespace millrace::testing {

/// One point of a frame, read back by code that shares nothing with the encoder but the layout.
struct DecodedPoint {
  PointId id;
  std::map<std::uint32_t, std::vector<float>> vectors;
  std::map<std::uint32_t, float> norms;
  std::string payload;
};

class FrameReader {
 public:
  explicit FrameReader(const std::vector<std::byte>& frame) : frame_(frame) {}

  template <typename Field>
  [[nodiscard]] typename Field::type get(std::size_t base = 0) const {
    typename Field::type value;
    std::memcpy(&value, frame_.data() + base + Field::at, sizeof value);
    return value;
  }

  [[nodiscard]] std::vector<DecodedPoint> points(const EncodeTarget& target) const {
    const auto rows = get<layout::header::count>();
    std::vector<DecodedPoint> points(rows);
    read_ids(points);
    for (const auto& slot : target.vectors) read_slot(points, slot);
    if (const auto payload = find(layout::SectionKind::payload, 0)) {
      const auto* texts = at(payload->offset + (rows + 1) * 4);
      for (std::uint32_t row = 0; row < rows; ++row) {
        const auto begin = read<std::uint32_t>(payload->offset + row * 4);
        const auto end = read<std::uint32_t>(payload->offset + (row + 1) * 4);
        points[row].payload.assign(texts + begin, texts + end);
      }
    }
    return points;
  }

 private:
  struct Section {
    std::uint16_t encoding;
    std::uint32_t offset;
    std::uint32_t rows;
  };

  template <typename T>
  [[nodiscard]] T read(std::size_t offset) const {
    T value;
    std::memcpy(&value, frame_.data() + offset, sizeof value);
    return value;
  }
  [[nodiscard]] const char* at(std::size_t offset) const { return reinterpret_cast<const char*>(frame_.data()) + offset; }

  [[nodiscard]] std::optional<Section> find(layout::SectionKind kind, std::uint32_t slot) const {
    for (std::uint32_t i = 0; i < get<layout::header::section_count>(); ++i) {
      const auto base = layout::kHeaderBytes + i * layout::kSectionEntryBytes;
      if (get<layout::section::kind>(base) != static_cast<std::uint16_t>(kind)) continue;
      if (get<layout::section::slot>(base) != slot) continue;
      return Section{get<layout::section::encoding>(base), get<layout::section::offset>(base), get<layout::section::rows>(base)};
    }
    return std::nullopt;
  }

  [[nodiscard]] bool bit(std::size_t offset, std::size_t i) const {
    return ((static_cast<unsigned>(frame_[offset + i / 8]) >> (i % 8)) & 1U) != 0;
  }

  [[nodiscard]] std::uint64_t big_endian(std::size_t offset) const {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = (value << 8U) | static_cast<std::uint64_t>(frame_[offset + i]);
    return value;
  }

  void read_ids(std::vector<DecodedPoint>& points) const {
    const auto ids = find(layout::SectionKind::ids, 0).value();
    const auto bitmap = ids.encoding == 2 ? (points.size() + 63) / 64 * 8 : 0;
    for (std::size_t row = 0; row < points.size(); ++row) {
      const bool is_uuid = ids.encoding == 1 || (ids.encoding == 2 && bit(ids.offset, row));
      const auto offset = ids.offset + bitmap + row * (ids.encoding == 0 ? 8 : 16);
      points[row].id = is_uuid ? PointId{true, big_endian(offset), big_endian(offset + 8)}
                               : PointId::number(read<std::uint64_t>(offset));
    }
  }

  void read_slot(std::vector<DecodedPoint>& points, const VectorSlot& slot) const {
    const auto vectors = find(layout::SectionKind::vectors, slot.slot);
    if (!vectors) return;
    const auto presence = find(layout::SectionKind::presence, slot.slot);
    const auto norms = find(layout::SectionKind::norms, slot.slot);
    std::size_t index = 0;
    for (std::size_t row = 0; row < points.size(); ++row) {
      if (presence && !bit(presence->offset, row)) continue;
      auto& values = points[row].vectors[slot.slot];
      values.resize(slot.dimension);
      std::memcpy(values.data(), at(vectors->offset + index * slot.dimension * 4), slot.dimension * 4);
      if (norms) points[row].norms[slot.slot] = read<float>(norms->offset + index * 4);
      ++index;
    }
  }

  const std::vector<std::byte>& frame_;
};

/// A target of `shards` shards that buckets go round in turn.
inline EncodeTarget target_of(std::vector<VectorSlot> vectors, std::uint32_t shards = 1) {
  EncodeTarget target{77, 3, std::move(vectors), {}, shards};
  for (std::uint32_t bucket = 0; bucket < kBucketCount; ++bucket)
    target.shard_of_bucket.push_back(static_cast<std::uint16_t>(bucket % shards));
  return target;
}

/// All points of the records of one shard after the other.
inline std::vector<DecodedPoint> points_of(const ParsedPoints& parsed, const EncodeTarget& target) {
  std::vector<DecodedPoint> all;
  for (std::uint32_t shard = 0; shard < target.shards; ++shard)
    for (const auto& record : parsed.records)
      if (record.shard == shard)
        for (auto& point : FrameReader(record.frame).points(target)) all.push_back(std::move(point));
  return all;
}

}  // namespace millrace::testing
