#pragma once

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "millrace/record.h"
#include "millrace/shard.h"

namespace millrace::testing {

inline constexpr std::uint64_t kCollection = 77;

/// The seed of a random test: from SEED, or new; printed either way.
inline std::uint64_t seed_of(const char* test) {
  const char* given = std::getenv("SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << test << ": SEED=" << seed << '\n';
  return seed;
}

/// A slot that a test writes vectors for: its number, when they are of f32.
struct TestSlot {
  TestSlot(std::uint32_t number) : slot(number) {}  // NOLINT: most tests name their slots by number
  TestSlot(const VectorSlot& described) : slot(described.slot), element(described.element) {}  // NOLINT: as above
  std::uint32_t slot;
  ElementType element = ElementType::f32;
};

/// Entries by rising index.
using Entries = std::vector<std::pair<std::uint32_t, float>>;

/// The vectors that a point has under one name.
struct TestMulti {
  VectorSlot slot;
  std::vector<std::vector<float>> rows;
};

struct TestPoint {
  PointId id;
  std::vector<std::optional<std::vector<float>>> vectors;  ///< by index of the slots given to upsert_frame
  std::string payload;
  std::map<std::uint32_t, Entries> sparse = {};  ///< by slot
  std::map<std::uint32_t, TestMulti> multi = {};  ///< by slot
};

/// The removed length that frames of tests tell of each vector.
inline constexpr float kTestNorm = 2.5F;

inline void add_multi(RecordBuilder& builder, const std::vector<TestPoint>& points) {
  std::map<std::uint32_t, VectorSlot> slots;
  for (const auto& point : points)
    for (const auto& [slot, multi] : point.multi) slots.emplace(slot, multi.slot);
  const auto count = static_cast<std::uint32_t>(points.size());
  for (const auto& [number, slot] : slots) {
    std::vector<std::uint64_t> presence((count + 63) / 64);
    std::vector<std::uint32_t> runs{0};
    std::vector<float> values;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto found = points[i].multi.find(number);
      if (found == points[i].multi.end()) continue;
      presence[i / 64] |= std::uint64_t{1} << (i % 64);
      for (const auto& row : found->second.rows) values.insert(values.end(), row.begin(), row.end());
      runs.push_back(runs.back() + static_cast<std::uint32_t>(found->second.rows.size()));
    }
    const auto present = static_cast<std::uint32_t>(runs.size() - 1);
    const auto table = std::as_bytes(std::span(runs));
    std::vector<std::byte> bytes(table.begin(), table.end());
    bytes.resize(table.size() + values.size() * element_bytes(slot.element));
    store_elements(slot.element, values, bytes.data() + table.size());
    if (present != count)
      builder.add(layout::SectionKind::presence, 0, number, count, std::as_bytes(std::span(presence)));
    builder.add(layout::SectionKind::multi, static_cast<std::uint16_t>(slot.element), number, present, bytes);
    const std::vector<float> norms(runs.back(), kTestNorm);
    if (slot.keeps_unit_length())
      builder.add(layout::SectionKind::norms, 0, number, runs.back(), std::as_bytes(std::span(norms)));
  }
}

inline void add_sparse(RecordBuilder& builder, const std::vector<TestPoint>& points) {
  std::map<std::uint32_t, std::uint32_t> rows;
  for (const auto& point : points)
    for (const auto& [slot, entries] : point.sparse) ++rows[slot];
  const auto count = static_cast<std::uint32_t>(points.size());
  for (const auto& [slot, present] : rows) {
    std::vector<std::uint64_t> presence((count + 63) / 64);
    std::vector<std::uint32_t> words{0};
    std::vector<std::uint32_t> indices;
    std::vector<std::uint32_t> values;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto found = points[i].sparse.find(slot);
      if (found == points[i].sparse.end()) continue;
      presence[i / 64] |= std::uint64_t{1} << (i % 64);
      for (const auto& [index, value] : found->second) {
        indices.push_back(index);
        values.push_back(std::bit_cast<std::uint32_t>(value));
      }
      words.push_back(static_cast<std::uint32_t>(indices.size()));
    }
    words.insert(words.end(), indices.begin(), indices.end());
    words.insert(words.end(), values.begin(), values.end());
    if (present != count)
      builder.add(layout::SectionKind::presence, 0, slot, count, std::as_bytes(std::span(presence)));
    builder.add(layout::SectionKind::sparse, 0, slot, present, std::as_bytes(std::span(words)));
  }
}

inline void put_id(std::vector<std::byte>& into, const PointId& id, bool wide) {
  for (int i = 0; i < (wide ? 16 : 8); ++i) {
    const auto shift = static_cast<unsigned>(id.is_uuid ? (7 - i % 8) * 8 : i % 8 * 8);
    const auto word = id.is_uuid ? (i < 8 ? id.high : id.low) : (i < 8 ? id.low : 0);
    into.push_back(static_cast<std::byte>(word >> shift));
  }
}

inline void add_ids(RecordBuilder& builder, const std::vector<PointId>& ids) {
  std::size_t uuids = 0;
  for (const auto& id : ids) uuids += id.is_uuid ? 1 : 0;
  const auto encoding = uuids == 0             ? layout::IdEncoding::numeric
                        : uuids == ids.size() ? layout::IdEncoding::uuid
                                              : layout::IdEncoding::mixed;
  std::vector<std::byte> bytes;
  if (encoding == layout::IdEncoding::mixed) {
    bytes.resize((ids.size() + 63) / 64 * 8);
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (ids[i].is_uuid) bytes[i / 8] |= static_cast<std::byte>(1U << (i % 8));
  }
  for (const auto& id : ids) put_id(bytes, id, encoding != layout::IdEncoding::numeric);
  builder.add(layout::SectionKind::ids, static_cast<std::uint16_t>(encoding), 0, static_cast<std::uint32_t>(ids.size()),
              bytes);
}

/// @param kind  upsert, or update_vectors, which has no payloads
inline RecordBuilder points_builder(layout::RecordKind kind, const std::vector<TestPoint>& points,
                                    const std::vector<TestSlot>& slots) {
  const auto count = static_cast<std::uint32_t>(points.size());
  RecordBuilder builder(kind, kCollection, 1, count);
  std::vector<PointId> ids;
  for (const auto& point : points) ids.push_back(point.id);
  add_ids(builder, ids);
  for (std::size_t s = 0; s < slots.size(); ++s) {
    std::vector<float> values;
    std::vector<std::uint64_t> presence((count + 63) / 64);
    std::uint32_t present = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!points[i].vectors[s]) continue;
      values.insert(values.end(), points[i].vectors[s]->begin(), points[i].vectors[s]->end());
      presence[i / 64] |= std::uint64_t{1} << (i % 64);
      ++present;
    }
    if (present == 0) continue;
    const auto [slot, element] = slots[s];
    std::vector<std::byte> stored(values.size() * element_bytes(element));
    store_elements(element, values, stored.data());
    builder.add(layout::SectionKind::vectors, static_cast<std::uint16_t>(element), slot, present, stored);
    if (present != count)
      builder.add(layout::SectionKind::presence, 0, slot, count, std::as_bytes(std::span(presence)));
    const std::vector<float> norms(present, kTestNorm);
    builder.add(layout::SectionKind::norms, 0, slot, present, std::as_bytes(std::span(norms)));
  }
  add_sparse(builder, points);
  add_multi(builder, points);
  if (kind != layout::RecordKind::upsert) return builder;
  std::vector<std::uint32_t> offsets{0};
  std::string text;
  for (const auto& point : points) {
    text += point.payload;
    offsets.push_back(static_cast<std::uint32_t>(text.size()));
  }
  std::vector<std::byte> payload(std::as_bytes(std::span(offsets)).begin(), std::as_bytes(std::span(offsets)).end());
  for (const char c : text) payload.push_back(static_cast<std::byte>(c));
  builder.add(layout::SectionKind::payload, 0, 0, count, payload);
  return builder;
}

inline std::vector<std::byte> upsert_frame(const std::vector<TestPoint>& points, const std::vector<TestSlot>& slots) {
  return points_builder(layout::RecordKind::upsert, points, slots).finish();
}

inline std::vector<std::byte> delete_frame(const std::vector<PointId>& ids) {
  RecordBuilder builder(layout::RecordKind::delete_points, kCollection, 1, static_cast<std::uint32_t>(ids.size()));
  add_ids(builder, ids);
  return builder.finish();
}

/// Writes numbers as JavaScript may: a float64 above 2^32, and non-minimal map and string headers.
class Packer {
 public:
  Packer& map(std::uint16_t pairs) { return raw(0xde).raw(pairs >> 8U).raw(pairs); }
  Packer& array(std::uint8_t items) { return raw(0xdc).raw(0).raw(items); }
  Packer& text(const std::string& value) {
    raw(0xd9).raw(value.size());
    for (const char c : value) raw(static_cast<unsigned char>(c));
    return *this;
  }
  Packer& number(std::uint64_t value) {
    const bool is_wide = value > 0xffffffffU;
    const auto bits = is_wide ? std::bit_cast<std::uint64_t>(static_cast<double>(value)) : value;
    raw(is_wide ? 0xcb : 0xce);
    for (int shift = is_wide ? 56 : 24; shift >= 0; shift -= 8) raw(bits >> static_cast<unsigned>(shift));
    return *this;
  }
  Packer& raw(std::uint64_t byte) {
    bytes.push_back(static_cast<std::byte>(byte & 0xffU));
    return *this;
  }
  std::vector<std::byte> bytes;
};

inline std::vector<std::byte> schema_frame(const Schema& schema) {
  static const char* const kNames[] = {"Cosine", "Dot", "Euclid", "Manhattan"};
  static const char* const kDatatypes[] = {"float32", "float16", "uint8"};
  Packer packer;
  const auto is_sparse = [](const VectorSlot& vector) { return vector.is_sparse; };
  const auto sparse = std::ranges::count_if(schema.vectors, is_sparse);
  packer.map(6).text("version").number(schema.version).text("versionBase").number(schema.version_base);
  packer.text("shard").number(schema.shard).text("later").array(2).raw(0xc0).raw(0x80);
  packer.text("sparse").array(static_cast<std::uint8_t>(sparse));
  for (const auto& vector : schema.vectors)
    if (vector.is_sparse) packer.map(2).text("slot").number(vector.slot).text("name").text(vector.name);
  packer.text("vectors").array(static_cast<std::uint8_t>(std::ssize(schema.vectors) - sparse));
  for (const auto& vector : schema.vectors) {
    if (vector.is_sparse) continue;
    packer.map(vector.is_multi ? 6 : vector.element == ElementType::f32 ? 4 : 5).text("slot").number(vector.slot).text("name").text(vector.name);
    if (vector.is_multi) packer.text("multi").raw(0xc3);
    if (vector.is_multi || vector.element != ElementType::f32) packer.text("datatype").text(kDatatypes[static_cast<int>(vector.element)]);
    packer.text("size").number(vector.dimension).text("distance").text(kNames[static_cast<int>(vector.distance)]);
  }
  RecordBuilder builder(layout::RecordKind::schema, kCollection, schema.version, 0);
  builder.add(layout::SectionKind::meta, 0, 0, 0, packer.bytes);
  return builder.finish();
}

inline std::vector<std::byte> sealed(std::vector<std::byte> frame, std::uint64_t producer = 0, std::uint64_t sequence = 0,
                                     std::uint32_t epoch = 0) {
  seal_record(frame, producer, sequence, epoch);
  return frame;
}

inline ApplyResult apply_at(Shard& shard, std::uint64_t offset, const std::vector<std::byte>& frame) {
  const RecordView record{offset, 0, frame};
  return shard.apply({&record, 1});
}

inline std::shared_ptr<Shard> open_shard() { return Shard::open({kCollection, 0}).value(); }

inline Schema one_vector(std::uint32_t dimension, Distance distance) {
  return {1, 0, 0, {{0, "", dimension, distance}}};
}

}  // namespace millrace::testing
