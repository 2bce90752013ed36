#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "millrace/checksum.h"
#include "record/field.h"

/// How graphs lie in a file: docs/reference/graph-format.md draws it.
namespace millrace::graph_file {

inline constexpr std::uint32_t kMagic = 0x46474c4dU;  // "MLGF"
inline constexpr std::uint32_t kFormat = 1;
inline constexpr std::size_t kHeaderBytes = 64;
inline constexpr std::size_t kSectionHeaderBytes = 32;
/// A section holds near so many bytes; a reader refuses one of many times as much.
inline constexpr std::size_t kSectionBytes = std::size_t{1} << 20U;
inline constexpr std::size_t kSectionBytesMax = std::size_t{64} << 20U;

enum class Section : std::uint32_t { graph = 1, space, nodes, members, links, end };

/// What orders the vectors of a graph; readers that do not know it leave the graph alone.
inline constexpr std::uint32_t kInt8Codes = 1;
/// The same of what multivectors are encoded as, by anchors that the file holds. Another encoding is another number.
inline constexpr std::uint32_t kMultiInt8Codes = 2;

struct FileHeader {
  std::uint32_t magic = kMagic;
  std::uint32_t format = kFormat;
  std::uint64_t collection_id = 0;
  std::uint32_t shard = 0;
  std::uint32_t graphs = 0;
  std::uint64_t next_offset = 0;
  std::uint32_t unused[7] = {};
  std::uint32_t check = 0;  ///< CRC32C of what stands before it
};
static_assert(sizeof(FileHeader) == kHeaderBytes);

struct SectionHeader {
  std::uint32_t kind = 0;
  std::uint32_t layer = 0;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  std::uint64_t bytes = 0;       ///< of the data, a multiple of 8
  std::uint32_t data_check = 0;  ///< CRC32C of the data
  std::uint32_t check = 0;       ///< CRC32C of what stands before it
};
static_assert(sizeof(SectionHeader) == kSectionHeaderBytes);

struct GraphHeader {
  std::uint32_t slot = 0;
  std::uint32_t dimension = 0;
  std::uint32_t distance = 0;
  std::uint32_t links = 0;
  std::uint32_t ef_construct = 0;
  std::uint32_t codes = kInt8Codes;
  std::uint32_t sizes[10] = {};  ///< members of each layer; sizes[0]: nodes
};
static_assert(sizeof(GraphHeader) == 64);

enum class NodeKind : std::uint32_t { gone = 0, number = 1, uuid = 2 };

/// Which vector a node is: the point that has it, and what the vector is.
struct Node {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t vector_hash = 0;
  std::uint32_t kind = 0;
  std::uint32_t unused = 0;
};
static_assert(sizeof(Node) == 32);

/// A member of a layer above the lowest.
struct Member {
  std::uint32_t node = 0;
  std::uint32_t below = 0;
};
static_assert(sizeof(Member) == 8);

struct End {
  std::uint64_t file_bytes = 0;  ///< the whole file, this section included
};

template <typename T>
[[nodiscard]] std::span<const std::byte> bytes_of(const T& value) noexcept {
  return std::as_bytes(std::span<const T, 1>(&value, 1));
}

inline void append(std::vector<std::byte>& buffer, std::span<const std::byte> bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

[[nodiscard]] constexpr std::uint32_t codes_of(bool is_multi) noexcept { return is_multi ? kMultiInt8Codes : kInt8Codes; }

/// Appends a section, its data padded with zeroes.
inline void append_section(std::vector<std::byte>& buffer, SectionHeader header, std::span<const std::byte> data) {
  const std::size_t padding = (8 - data.size() % 8) % 8;
  constexpr std::byte kZeroes[8] = {};
  const auto zeroes = std::span(kZeroes).first(padding);
  header.bytes = data.size() + padding;
  header.data_check = crc32c(zeroes, crc32c(data));
  header.check = crc32c(bytes_of(header).first(kSectionHeaderBytes - sizeof(header.check)));
  append(buffer, bytes_of(header));
  append(buffer, data);
  append(buffer, zeroes);
}

}  // namespace millrace::graph_file
