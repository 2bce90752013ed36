// Generated from src/domain/record/layout.ts by `npm run generate`. Do not edit.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::layout {

inline constexpr std::uint32_t kFrameMagic = 0x31524c4dU;
inline constexpr std::uint16_t kFrameVersion = 1;
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kSectionEntryBytes = 24;
inline constexpr std::size_t kSectionAlignment = 64;
inline constexpr std::uint16_t kOptionalSectionBit = 0x8000;

/// Where a field stands and how wide it is.
template <typename T, std::size_t At>
struct Field {
  using type = T;
  static constexpr std::size_t at = At;
};

namespace header {
using magic = Field<std::uint32_t, 0>;
using version = Field<std::uint16_t, 4>;
using kind = Field<std::uint8_t, 6>;
using flags = Field<std::uint8_t, 7>;
using collection_id = Field<std::uint64_t, 8>;
using schema_version = Field<std::uint32_t, 16>;
using writer_epoch = Field<std::uint32_t, 20>;
using producer_id = Field<std::uint64_t, 24>;
using sequence = Field<std::uint64_t, 32>;
using count = Field<std::uint32_t, 40>;
using frame_bytes = Field<std::uint32_t, 44>;
using section_count = Field<std::uint32_t, 48>;
using reserved = Field<std::uint32_t, 52>;
using body_crc = Field<std::uint32_t, 56>;
using header_crc = Field<std::uint32_t, 60>;
}  // namespace header

namespace section {
using kind = Field<std::uint16_t, 0>;
using encoding = Field<std::uint16_t, 2>;
using slot = Field<std::uint32_t, 4>;
using offset = Field<std::uint32_t, 8>;
using bytes = Field<std::uint32_t, 12>;
using rows = Field<std::uint32_t, 16>;
using reserved = Field<std::uint32_t, 20>;
}  // namespace section

enum class RecordKind : std::uint8_t {
  upsert = 1,
  delete_points = 2,
  delete_by_filter = 3,
  update_vectors = 4,
  delete_vectors = 5,
  set_payload = 6,
  overwrite_payload = 7,
  delete_payload = 8,
  clear_payload = 9,
  create_field_index = 10,
  delete_field_index = 11,
  create_vector_name = 12,
  delete_vector_name = 13,
  expire = 14,
  barrier = 15,
  schema = 16,
  batch = 17,
  metadata = 32,
  checkpoint_rows = 48,
  checkpoint_deletes = 49,
  checkpoint_state = 50,
};

enum class SectionKind : std::uint16_t {
  ids = 1,
  vectors = 2,
  presence = 3,
  norms = 4,
  sparse = 5,
  multi = 6,
  payload = 7,
  meta = 8,
  operations = 9,
  versions = 10,
  kept = 11,
  source = 12,
};

enum class IdEncoding : std::uint16_t {
  numeric = 0,
  uuid = 1,
  mixed = 2,
};

enum class VectorEncoding : std::uint16_t {
  f32 = 0,
  f16 = 1,
  u8 = 2,
};

enum class SparseEncoding : std::uint16_t {
  f32 = 0,
};

enum class PayloadEncoding : std::uint16_t {
  json = 0,
};

enum class MetaEncoding : std::uint16_t {
  message_pack = 0,
};

}  // namespace millrace::layout
