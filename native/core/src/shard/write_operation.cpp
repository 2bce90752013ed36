#include "shard/write_operation.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/msgpack_reader.h"
#include "millrace/point_id_text.h"

namespace millrace {
namespace {

using layout::RecordKind;

/// The MessagePack levels of a filter, and the map around it.
constexpr int kLevelsMax = 4 * Filter::kDepthMax + 16;

/// Reads META of any write; members that no write knows are passed over. Gives back what is wrong, or null.
class MetaReader {
 public:
  explicit MetaReader(WriteMeta& meta) : meta_(meta) {}

  const char* read(std::span<const std::byte> bytes) {
    if (bytes.empty()) return nullptr;
    MsgpackReader reader(bytes);
    const auto pairs = reader.map();
    for (std::uint32_t i = 0; pairs && i < *pairs; ++i) {
      const auto name = reader.text();
      if (!name) break;
      if (reader.take_nil()) continue;
      if (const char* reason = read_member(reader, *name)) return reason;
    }
    if (reader.failed() || !reader.at_end()) return "meta encoding";
    return payload_ ? read_payload() : nullptr;
  }

 private:
  const char* read_member(MsgpackReader& reader, std::string_view name) {
    if (name == "filter") {
      const auto bytes = reader.value(kLevelsMax);
      if (!bytes) return "filter";
      auto filter = Filter::decode(*bytes);
      if (!filter) return "filter";
      meta_.filter.emplace(std::move(filter.value()));
      return nullptr;
    }
    if (name == "mode") return read_mode(reader.text());
    if (name == "slots") return read_slots(reader);
    if (name == "payload") {
      payload_ = reader.text();
      return payload_ ? nullptr : "payload";
    }
    if (name == "key") return read_path(reader, meta_.key);
    if (name == "keys") return read_keys(reader);
    return reader.skip(kLevelsMax) ? nullptr : "meta encoding";
  }

  const char* read_mode(std::optional<std::string_view> mode) noexcept {
    if (mode == "insert_only") {
      meta_.mode = WriteMeta::Mode::insert_only;
    } else if (mode == "update_only") {
      meta_.mode = WriteMeta::Mode::update_only;
    } else if (mode != "upsert") {
      return "update mode";
    }
    return nullptr;
  }

  const char* read_slots(MsgpackReader& reader) {
    auto& slots = meta_.slots.emplace();
    const auto items = reader.array();
    for (std::uint32_t i = 0; items && i < *items; ++i) {
      const auto slot = reader.unsigned_integer();
      if (!slot || *slot > 0xffffffffU) return "vector slots";
      slots.push_back(static_cast<std::uint32_t>(*slot));
    }
    return items ? nullptr : "vector slots";
  }

  const char* read_keys(MsgpackReader& reader) {
    auto& keys = meta_.keys.emplace();
    const auto items = reader.array();
    for (std::uint32_t i = 0; items && i < *items; ++i)
      if (const char* reason = read_path(reader, keys.emplace_back())) return reason;
    return items ? nullptr : "payload keys";
  }

  static const char* read_path(MsgpackReader& reader, JsonPath& into) {
    const auto text = reader.text();
    auto path = text ? parse_json_path(*text) : std::nullopt;
    if (!path) return "payload key";
    into = std::move(*path);
    return nullptr;
  }

  /// The payload is read last: how deep it may be depends on the key.
  const char* read_payload() {
    meta_.payload = std::make_unique<json::PayloadPatch>();
    const auto depth = static_cast<std::uint32_t>(std::min<std::size_t>(meta_.key.size(), json::kNestingMax));
    const auto verdict = meta_.payload->read(*payload_, depth);
    meta_.is_payload_too_deep = verdict == json::PayloadPatch::Verdict::too_deep;
    return verdict == json::PayloadPatch::Verdict::malformed ? "payload" : nullptr;
  }

  WriteMeta& meta_;
  std::optional<std::string_view> payload_;
};

/// Whether an operation says what its kind needs. @return what is missing
const char* missing_part(const WriteOperation& operation) noexcept {
  const auto& [frame, meta] = operation;
  if (!frame.has_ids()) return "no ids";
  const bool has_selector = frame.has_id_section() || meta.filter.has_value();
  switch (frame.kind) {
    case RecordKind::delete_by_filter: return meta.filter ? nullptr : "no filter";
    case RecordKind::delete_vectors: return meta.slots ? has_selector ? nullptr : "no points" : "no vector slots";
    case RecordKind::set_payload:
    case RecordKind::overwrite_payload: return meta.payload ? has_selector ? nullptr : "no points" : "no payload";
    case RecordKind::delete_payload: return meta.keys ? has_selector ? nullptr : "no points" : "no payload keys";
    case RecordKind::clear_payload: return has_selector ? nullptr : "no points";
    default: return nullptr;
  }
}

const char* add_operation(RecordFrame frame, WriteOperations& into) {
  auto& operation = into.list.emplace_back(WriteOperation{std::move(frame), {}});
  if (const char* reason = MetaReader(operation.meta).read(operation.frame.meta)) return reason;
  return missing_part(operation);
}

std::span<const std::byte> aligned(std::span<const std::byte> frame, WriteOperations& into) {
  if (reinterpret_cast<std::uintptr_t>(frame.data()) % 8 == 0) return frame;
  auto& copy = into.copies.emplace_back((frame.size() + 7) / 8);
  if (!frame.empty()) std::memcpy(copy.data(), frame.data(), frame.size());
  return std::as_bytes(std::span(copy)).first(frame.size());
}

}  // namespace

std::string id_detail(const PointId& id) {
  std::string text;
  append_point_id(text, id);
  return "\"id\":" + (text.starts_with('"') ? text : '"' + text + '"');
}

bool is_write(RecordKind kind) noexcept {
  return (kind >= RecordKind::upsert && kind <= RecordKind::clear_payload) || kind == RecordKind::batch;
}

std::optional<Error> read_operations(const RecordFrame& frame, std::uint64_t offset, WriteOperations& into) {
  const auto damaged = [&](const char* reason) {
    return Error{Errc::record_corrupt, "\"offset\":" + std::to_string(offset) + ",\"reason\":\"" + reason + "\""};
  };
  into.is_batch = frame.kind == RecordKind::batch;
  if (!into.is_batch) {
    if (const char* reason = add_operation(frame, into)) return damaged(reason);
    return std::nullopt;
  }
  for (std::uint32_t i = 0; i < frame.operations(); ++i) {
    auto part = decode_operation(aligned(frame.operation(i), into), offset);
    if (!part) return part.error();
    if (!is_write(part.value().kind) || part.value().kind == RecordKind::batch)
      return damaged("an operation that no batch may hold");
    const bool fits = part.value().kind == RecordKind::upsert || part.value().kind == RecordKind::delete_points;
    if (frame.source && !fits) return damaged("an operation that no batch of an ingest may hold");
    if (part.value().collection_id != frame.collection_id) return damaged("an operation of another collection");
    if (const char* reason = add_operation(std::move(part.value()), into)) return damaged(reason);
  }
  return std::nullopt;
}

}  // namespace millrace
