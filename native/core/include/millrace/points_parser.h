#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "millrace/point_id.h"
#include "millrace/record_layout.generated.h"
#include "millrace/schema.h"

namespace millrace {

/// What the parser must know of a collection.
struct EncodeTarget {
  std::uint64_t collection_id = 0;
  std::uint32_t schema_version = 0;
  std::vector<VectorSlot> vectors;
  std::vector<std::uint16_t> shard_of_bucket;  ///< u16[kBucketCount]
  std::uint32_t shards = 1;
};

struct EncodeLimits {
  std::uint32_t record_bytes_target = 512U << 10U;
  std::uint32_t record_bytes_max = 8U << 20U;
  std::uint32_t json_depth_max = 128;
};

/// What the points of a body are for.
struct EncodeOperation {
  layout::RecordKind kind = layout::RecordKind::upsert;  ///< or update_vectors: a list of ids and vectors
  std::span<const std::byte> meta;                       ///< META of every record; must outlive the call
  bool has_modes = false;  ///< `update_mode` and `update_filter` of the body are in `meta`; else they make it irregular
};

/// Frames for one shard, complete but for producer, sequence, epoch and header CRC, which the write port stamps.
struct EncodedRecord {
  std::uint32_t shard = 0;
  std::uint32_t points = 0;
  std::vector<std::byte> frame;
};

enum class ParseVerdict : std::uint8_t {
  accepted,
  irregular,   ///< not a body that this parser accepts: the schema path words the error
  too_large,   ///< one point needs a record over record_bytes_max
};

struct ParsedPoints {
  ParseVerdict verdict = ParseVerdict::irregular;
  std::uint64_t points = 0;
  std::uint64_t record_bytes = 0;        ///< too_large: what the point would need
  std::vector<EncodedRecord> records;    ///< in request order within each shard
};

/// Parses the body of an upsert (`{"points":[…]}` or `{"batch":{ids, vectors, payloads}}`) straight into record frames.
/// Accepts exactly the bodies that the request schema accepts; words no errors. Bounded recursion, memory O(body).
/// Cosine vectors are normalised (the removed length goes into NORMS); payloads are minified with number tokens verbatim,
/// key order kept and of duplicate keys the last value.
/// An update of vectors has the list form only, at least one point, and at least one vector of each; payloads mean nothing there.
[[nodiscard]] ParsedPoints parse_upsert(std::string_view body, const EncodeTarget& target, const EncodeLimits& limits,
                                        const EncodeOperation& operation = {});

struct ParsedMessages {
  std::uint64_t points = 0;
  std::vector<std::uint32_t> refused;    ///< messages that are no point, or one that needs a record over record_bytes_max
  std::vector<EncodedRecord> records;    ///< in the order of the messages within each shard
};

/// Parses messages that are one point each, as they stand in `{"points":[…]}`: those that are none are left out and told.
/// Members other than id, vector and payload mean nothing.
[[nodiscard]] ParsedMessages parse_point_messages(std::span<const std::string_view> messages, const EncodeTarget& target,
                                                  const EncodeLimits& limits);

}  // namespace millrace
