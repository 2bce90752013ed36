#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "millrace/schema.h"
#include "millrace/shard.h"
#include "shard/producers.h"

namespace millrace {

inline constexpr std::uint32_t kCheckpointFormat = 1;

/// META of each frame: which file it belongs to. The first frame's adds the schema, without which no row can be stored.
struct FileHead {
  std::uint32_t format = 0;
  std::uint32_t shard = 0;
  std::uint64_t since = 0;
  std::uint64_t next_offset = 0;
  std::span<const std::byte> schema;  ///< as META of a schema record; empty: none
};

/// What META of the last frame adds: the state that is left after the file.
struct FileState {
  ShardState state;  ///< but for rows, schema_version and memory
  std::uint32_t newest_epoch = 0;
  std::vector<Producers::Record> producers;  ///< the one whose last record is oldest first
  std::vector<SourcePosition> sources;       ///< by ingest, topic and partition
};

[[nodiscard]] std::vector<std::byte> encode_schema(const Schema& schema);
[[nodiscard]] std::vector<std::byte> encode_meta(const FileHead& head);
[[nodiscard]] std::vector<std::byte> encode_meta(const FileHead& head, const FileState& state);

struct CheckpointMeta {
  FileHead head;
  std::optional<FileState> state;
};

/// Keys that it does not know are passed over.
/// @param has_state  whether it is the META of a state frame
/// @return nothing when something is missing or of another type
/// @throws std::bad_alloc
[[nodiscard]] std::optional<CheckpointMeta> decode_meta(std::span<const std::byte> meta, bool has_state);

}  // namespace millrace
