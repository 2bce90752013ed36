#include "shard/schema_codec.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/msgpack_reader.h"

namespace millrace {
namespace {

std::optional<Distance> distance_of(std::string_view name) noexcept {
  if (name == "Cosine") return Distance::cosine;
  if (name == "Dot") return Distance::dot;
  if (name == "Euclid") return Distance::euclid;
  if (name == "Manhattan") return Distance::manhattan;
  return std::nullopt;
}

std::optional<ElementType> element_of(std::string_view name) noexcept {
  if (name == "float32") return ElementType::f32;
  if (name == "float16") return ElementType::f16;
  if (name == "uint8") return ElementType::u8;
  return std::nullopt;
}

bool read_u32(MsgpackReader& reader, std::uint32_t& into) noexcept {
  const auto value = reader.unsigned_integer();
  if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return false;
  into = static_cast<std::uint32_t>(*value);
  return true;
}

/// @return why the vector cannot be one more of the schema
const char* add_vector(VectorSlot vector, Schema& schema) {
  for (const auto& other : schema.vectors)
    if (other.slot == vector.slot || other.name == vector.name) return "vector twice in the schema";
  schema.vectors.push_back(std::move(vector));
  return nullptr;
}

/// @return why the pair is none that every vector has, or nothing; `is_read` is clear when it is another one
const char* read_name_or_slot(MsgpackReader& reader, std::string_view key, VectorSlot& vector, bool& is_read) {
  is_read = key == "slot" || key == "name";
  if (key == "slot") return read_u32(reader, vector.slot) ? nullptr : "vector slot";
  if (key != "name") return nullptr;
  const auto name = reader.text();
  if (!name) return "vector name";
  vector.name = *name;
  return nullptr;
}

const char* read_sparse_vector(MsgpackReader& reader, Schema& schema) {
  auto vector = sparse_slot(0, {});
  const auto pairs = reader.map();
  for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
    const auto key = reader.text();
    if (!key) break;
    bool is_read = false;
    if (const char* reason = read_name_or_slot(reader, *key, vector, is_read)) return reason;
    if (!is_read && !reader.skip()) break;
  }
  if (reader.failed()) return "schema encoding";
  return vector.name.empty() ? "sparse vector without a name" : add_vector(std::move(vector), schema);
}

const char* read_vector(MsgpackReader& reader, Schema& schema) {
  VectorSlot vector;
  bool has_distance = false;
  const auto pairs = reader.map();
  for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
    const auto key = reader.text();
    if (!key) break;
    bool is_read = false;
    if (const char* reason = read_name_or_slot(reader, *key, vector, is_read)) return reason;
    if (is_read) continue;
    if (*key == "size") {
      if (!read_u32(reader, vector.dimension)) return "vector size";
    } else if (*key == "distance") {
      const auto name = reader.text();
      const auto distance = name ? distance_of(*name) : std::nullopt;
      if (!distance) return "vector distance";
      vector.distance = *distance;
      has_distance = true;
    } else if (*key == "datatype") {
      const auto name = reader.text();
      const auto element = name ? element_of(*name) : std::nullopt;
      if (!element) return "vector datatype";
      vector.element = *element;
    } else if (*key == "multi") {
      const auto is_multi = reader.boolean();
      if (!is_multi) return "vector multi";
      vector.is_multi = *is_multi;
    } else if (!reader.skip()) {
      break;
    }
  }
  if (reader.failed()) return "schema encoding";
  if (vector.dimension == 0 || vector.dimension > kDimensionMax) return "vector size";
  if (!has_distance) return "vector distance";
  return add_vector(std::move(vector), schema);
}

const char* read_list(MsgpackReader& reader, Schema& schema, const char* (*read)(MsgpackReader&, Schema&)) {
  const auto items = reader.array();
  for (std::uint32_t i = 0; items && i < *items; ++i)
    if (const char* reason = read(reader, schema)) return reason;
  return nullptr;
}

}  // namespace

std::variant<Schema, const char*> decode_schema(std::span<const std::byte> meta) {
  MsgpackReader reader(meta);
  Schema schema;
  const auto pairs = reader.map();
  for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
    const auto key = reader.text();
    if (!key) break;
    if (*key == "version") {
      if (!read_u32(reader, schema.version)) return "schema version";
    } else if (*key == "versionBase") {
      const auto base = reader.unsigned_integer();
      if (!base) return "schema versionBase";
      schema.version_base = *base;
    } else if (*key == "shard") {
      if (!read_u32(reader, schema.shard)) return "schema shard";
    } else if (*key == "vectors") {
      if (const char* reason = read_list(reader, schema, read_vector)) return reason;
    } else if (*key == "sparse") {
      if (const char* reason = read_list(reader, schema, read_sparse_vector)) return reason;
    } else if (!reader.skip()) {
      break;
    }
  }
  if (reader.failed() || !reader.at_end()) return "schema encoding";
  if (schema.version == 0) return "schema version";
  // Whichever list comes first.
  std::ranges::stable_partition(schema.vectors, [](const VectorSlot& vector) { return !vector.is_sparse; });
  return schema;
}

DigestSum schema_content_hash(const Schema& schema) noexcept {
  DigestSum sum;
  for (const auto& vector : schema.vectors) {
    const auto shape = static_cast<std::uint64_t>(vector.distance) | static_cast<std::uint64_t>(vector.element) << 8U |
                       static_cast<std::uint64_t>(vector.is_multi) << 16U;
    const std::uint64_t words[] = {vector.slot, vector.dimension, shape};
    sum += component_hash(Component::schema_content, words, std::as_bytes(std::span(vector.name)));
  }
  return sum;
}

DigestSum schema_hash(const Schema& schema) noexcept {
  const std::uint64_t words[] = {schema.version, schema.version_base, schema.shard};
  return component_hash(Component::schema, words) + schema_content_hash(schema);
}

}  // namespace millrace
