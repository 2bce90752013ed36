#include "checkpoint/checkpoint_meta.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <tuple>

#include "base/msgpack_reader.h"
#include "base/msgpack_writer.h"
#include "record/field.h"
#include "shard/sources.h"

namespace millrace {
namespace {

constexpr std::size_t kHeadPairs = 4;
constexpr std::size_t kStatePairs = 8;
constexpr std::size_t kProducerBytes = 24;
constexpr std::size_t kDigestBytes = 16;

constexpr const char* kDistanceNames[] = {"Cosine", "Dot", "Euclid", "Manhattan"};
constexpr const char* kDatatypeNames[] = {"float32", "float16", "uint8"};

/// Most significant byte first, as the 32 digits print it.
std::vector<std::byte> digest_bytes(const Digest& digest) {
  std::vector<std::byte> bytes;
  for (const auto half : {digest.high, digest.low})
    for (unsigned shift = 64; shift > 0; shift -= 8) bytes.push_back(static_cast<std::byte>(half >> (shift - 8)));
  return bytes;
}

std::vector<std::byte> producer_bytes(std::span<const Producers::Record> producers) {
  std::vector<std::byte> bytes;
  bytes.reserve(producers.size() * kProducerBytes);
  for (const auto& each : producers) {
    const std::uint64_t words[] = {each.producer, each.sequence, each.offset};
    const auto entry = std::as_bytes(std::span(words));
    bytes.insert(bytes.end(), entry.begin(), entry.end());
  }
  return bytes;
}

void put_sources(MsgpackWriter& writer, std::span<const SourcePosition> sources) {
  if (sources.empty()) return;
  writer.text("sources").list(sources.size());
  for (const auto& each : sources) {
    writer.array(5).unsigned_integer(each.ingest).text(each.topic).unsigned_integer(each.partition);
    writer.unsigned_integer(each.next).unsigned_integer(each.offset);
  }
}

void put_head(MsgpackWriter& writer, const FileHead& head) {
  writer.text("format").unsigned_integer(head.format).text("shard").unsigned_integer(head.shard);
  writer.text("since").unsigned_integer(head.since).text("nextOffset").unsigned_integer(head.next_offset);
  if (!head.schema.empty()) writer.text("schema").binary(head.schema);
}

std::vector<std::byte> take(const MsgpackWriter& writer) { return {writer.bytes().begin(), writer.bytes().end()}; }

template <typename T>
bool read_number(MsgpackReader& reader, T& into) noexcept {
  const auto value = reader.unsigned_integer();
  if (!value || *value > std::numeric_limits<T>::max()) return false;
  into = static_cast<T>(*value);
  return true;
}

bool read_digest(MsgpackReader& reader, Digest& into) noexcept {
  const auto bytes = reader.binary();
  if (!bytes || bytes->size() != kDigestBytes) return false;
  into = {__builtin_bswap64(read_at<std::uint64_t>(*bytes, 0)), __builtin_bswap64(read_at<std::uint64_t>(*bytes, 8))};
  return true;
}

/// Each producer once cannot be told from the bytes alone; that their last records rise in offset can.
bool read_producers(MsgpackReader& reader, std::vector<Producers::Record>& into) {
  const auto bytes = reader.binary();
  if (!bytes || bytes->size() % kProducerBytes != 0 || bytes->size() / kProducerBytes > Producers::kProducersMax)
    return false;
  into.clear();
  into.reserve(bytes->size() / kProducerBytes);
  for (std::size_t at = 0; at < bytes->size(); at += kProducerBytes) {
    const Producers::Record record{read_at<std::uint64_t>(*bytes, at), read_at<std::uint64_t>(*bytes, at + 8),
                                   read_at<std::uint64_t>(*bytes, at + 16)};
    if (record.producer == 0 || (!into.empty() && record.offset <= into.back().offset)) return false;
    into.push_back(record);
  }
  return true;
}

/// Written in their order, so that none can come twice.
bool read_sources(MsgpackReader& reader, std::vector<SourcePosition>& into) {
  const auto items = reader.array();
  if (!items || *items > Sources::kSourcesMax) return false;
  into.clear();
  for (std::uint32_t i = 0; i < *items; ++i) {
    SourcePosition one;
    if (reader.array() != 5 || !read_number(reader, one.ingest)) return false;
    const auto topic = reader.text();
    if (!topic || !read_number(reader, one.partition) || !read_number(reader, one.next) || !read_number(reader, one.offset))
      return false;
    one.topic = *topic;
    const auto key = [](const SourcePosition& of) { return std::tie(of.ingest, of.topic, of.partition); };
    if (!into.empty() && key(into.back()) >= key(one)) return false;
    into.push_back(std::move(one));
  }
  return true;
}

/// Reads the value of one key of a file's state.
/// @return nothing when it is no such key
std::optional<bool> read_state_value(MsgpackReader& reader, std::string_view key, FileState& into) {
  if (key == "digest") return read_digest(reader, into.state.digest);
  if (key == "contentDigest") return read_digest(reader, into.state.content_digest);
  if (key == "points") return read_number(reader, into.state.points);
  if (key == "applied") return read_number(reader, into.state.records_applied);
  if (key == "rejected") return read_number(reader, into.state.records_rejected);
  if (key == "duplicate") return read_number(reader, into.state.records_duplicate);
  if (key == "epoch") return read_number(reader, into.newest_epoch);
  if (key == "producers") return read_producers(reader, into.producers);
  return std::nullopt;
}

std::optional<bool> read_head_value(MsgpackReader& reader, std::string_view key, FileHead& into) {
  if (key == "format") return read_number(reader, into.format);
  if (key == "shard") return read_number(reader, into.shard);
  if (key == "since") return read_number(reader, into.since);
  if (key == "nextOffset") return read_number(reader, into.next_offset);
  return std::nullopt;
}

}  // namespace

std::vector<std::byte> encode_schema(const Schema& schema) {
  MsgpackWriter writer;
  const auto is_sparse = [](const VectorSlot& vector) { return vector.is_sparse; };
  const auto sparse = static_cast<std::size_t>(std::ranges::count_if(schema.vectors, is_sparse));
  writer.map(sparse == 0 ? 4 : 5).text("version").unsigned_integer(schema.version);
  writer.text("versionBase").unsigned_integer(schema.version_base).text("shard").unsigned_integer(schema.shard);
  writer.text("vectors").array(schema.vectors.size() - sparse);
  for (const auto& vector : schema.vectors) {
    if (vector.is_sparse) continue;
    const bool is_float32 = vector.element == ElementType::f32;
    writer.map(4 + (is_float32 ? 0 : 1) + (vector.is_multi ? 1 : 0)).text("slot").unsigned_integer(vector.slot).text("name").text(vector.name);
    writer.text("size").unsigned_integer(vector.dimension);
    writer.text("distance").text(kDistanceNames[static_cast<std::size_t>(vector.distance)]);
    if (!is_float32) writer.text("datatype").text(kDatatypeNames[static_cast<std::size_t>(vector.element)]);
    if (vector.is_multi) writer.text("multi").boolean(true);
  }
  if (sparse == 0) return take(writer);
  writer.text("sparse").array(sparse);
  for (const auto& vector : schema.vectors)
    if (vector.is_sparse) writer.map(2).text("slot").unsigned_integer(vector.slot).text("name").text(vector.name);
  return take(writer);
}

std::vector<std::byte> encode_meta(const FileHead& head) {
  MsgpackWriter writer;
  writer.map(kHeadPairs + (head.schema.empty() ? 0 : 1));
  put_head(writer, head);
  return take(writer);
}

std::vector<std::byte> encode_meta(const FileHead& head, const FileState& state) {
  MsgpackWriter writer;
  writer.map(kHeadPairs + (head.schema.empty() ? 0 : 1) + kStatePairs + (state.sources.empty() ? 0 : 1));
  put_head(writer, head);
  writer.text("digest").binary(digest_bytes(state.state.digest));
  writer.text("contentDigest").binary(digest_bytes(state.state.content_digest));
  writer.text("points").unsigned_integer(state.state.points);
  writer.text("applied").unsigned_integer(state.state.records_applied);
  writer.text("rejected").unsigned_integer(state.state.records_rejected);
  writer.text("duplicate").unsigned_integer(state.state.records_duplicate);
  writer.text("epoch").unsigned_integer(state.newest_epoch);
  writer.text("producers").binary(producer_bytes(state.producers));
  put_sources(writer, state.sources);
  return take(writer);
}

std::optional<CheckpointMeta> decode_meta(std::span<const std::byte> meta, bool has_state) {
  MsgpackReader reader(meta);
  CheckpointMeta decoded;
  FileState state;
  std::size_t head_values = 0;
  std::size_t state_values = 0;
  const auto pairs = reader.map();
  for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
    const auto key = reader.text();
    if (!key) return std::nullopt;
    if (*key == "schema") {
      const auto schema = reader.binary();
      if (!schema) return std::nullopt;
      decoded.head.schema = *schema;
    } else if (has_state && *key == "sources") {
      // Not in files of shards that no ingest writes to.
      if (!read_sources(reader, state.sources)) return std::nullopt;
    } else if (const auto of_head = read_head_value(reader, *key, decoded.head)) {
      if (!*of_head) return std::nullopt;
      ++head_values;
    } else if (const auto of_state = has_state ? read_state_value(reader, *key, state) : std::nullopt) {
      if (!*of_state) return std::nullopt;
      ++state_values;
    } else if (!reader.skip()) {
      return std::nullopt;
    }
  }
  if (reader.failed() || !reader.at_end() || head_values != kHeadPairs) return std::nullopt;
  if (!has_state) return decoded;
  if (state_values != kStatePairs) return std::nullopt;
  decoded.state = std::move(state);
  return decoded;
}

}  // namespace millrace
