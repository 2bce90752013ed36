#include "json/multi_vector.h"
#include "json/numbers.h"
#include "json/syntax.h"
#include "json/upsert_parser.h"
#include "json/vectors.h"
#include "millrace/normalize.h"
#include "millrace/point_id_text.h"

namespace millrace::json {
namespace {

/// Containers around a point of the list form: the body and the list.
constexpr std::uint32_t kPointDepth = 2;

}  // namespace

bool UpsertParser::parse_points() {
  if (scanner_.depth_max < kPointDepth || !scanner_.consume('[')) return false;
  bool has_next = !scanner_.consume(']');
  while (has_next)
    if (!parse_point() || !next_or_close(scanner_, ']', has_next)) return false;
  return true;
}

bool UpsertParser::parse_point() {
  std::optional<PointId> id;
  return read_point(id) && add_point(*id, point_.rows, payload_);
}

bool UpsertParser::take_message(std::string_view text) {
  scanner_ = Scanner(text, limits_.json_depth_max);
  std::optional<PointId> id;
  if (!read_point(id)) return false;
  scanner_.skip_space();
  return scanner_.at == scanner_.end && add_point(*id, point_.rows, payload_);
}

ParsedMessages UpsertParser::finish_messages() { return {points_, {}, splitter_.finish()}; }

/// @param id  of the point; its vectors and payload stay in `point_` and `payload_`
bool UpsertParser::read_point(std::optional<PointId>& id) {
  if (scanner_.depth_max <= kPointDepth || !scanner_.consume('{')) return false;
  bool has_vectors = false;
  bool has_payload = false;
  point_.rows.clear();
  payload_.clear();
  bool has_next = !scanner_.consume('}');
  while (has_next) {
    RawString key;
    if (!read_key(scanner_, key) ||
        !parse_point_member(decode_string(key, key_storage_), id, has_vectors, has_payload) ||
        !next_or_close(scanner_, '}', has_next)) {
      return false;
    }
  }
  return id.has_value() && (!is_update() || !point_.rows.empty());
}

bool UpsertParser::parse_point_member(std::string_view key, std::optional<PointId>& id, bool& has_vectors,
                                      bool& has_payload) {
  if (key == "id") return !id && parse_id(id.emplace());
  if (key == "vector" || key == "vectors") {
    if (has_vectors) return false;
    has_vectors = true;
    return consume_null(scanner_) || parse_point_vectors();
  }
  if (key == "payload" && !is_update()) {
    if (has_payload) return false;
    has_payload = true;
    return payload_writer_.write_payload(scanner_, kPointDepth + 1);
  }
  return skip_value(scanner_, kPointDepth + 1);
}

bool UpsertParser::parse_id(PointId& id) {
  if (scanner_.peek() != '"') {
    id = PointId{};
    return parse_u64(scanner_, id.low);
  }
  RawString text;
  if (!scan_string(scanner_, text)) return false;
  const auto uuid = parse_uuid(decode_string(text, key_storage_));
  if (uuid) id = *uuid;
  return uuid.has_value();
}

bool UpsertParser::parse_point_vectors() {
  if (scanner_.depth_max <= kPointDepth + 1) return false;
  if (scanner_.peek() == '[') {
    const auto unnamed = slot_index_of("");
    return unnamed && parse_slot(*unnamed, kPointDepth + 1);
  }
  if (!scanner_.consume('{')) return false;
  bool has_next = !scanner_.consume('}');
  while (has_next) {
    RawString name;
    if (!read_key(scanner_, name) || !parse_named_vector(name) || !next_or_close(scanner_, '}', has_next)) return false;
  }
  return true;
}

bool UpsertParser::parse_named_vector(const RawString& name) {
  if (scanner_.depth_max <= kPointDepth + 2) return false;
  const auto slot_index = slot_index_of(decode_string(name, key_storage_));
  if (!slot_index) return false;
  for (const auto& row : point_.rows)
    if (row.slot_index == *slot_index) return false;
  return parse_slot(*slot_index, kPointDepth + 2);
}

bool UpsertParser::parse_slot(std::size_t slot_index, std::uint32_t depth) {
  if (target_.vectors[slot_index].is_sparse) return parse_sparse_slot(slot_index);
  if (target_.vectors[slot_index].is_multi) return parse_multi_slot(slot_index, depth);
  auto& values = point_.values[slot_index];
  double square_sum = 0;
  if (!parse_vector(scanner_, values, square_sum)) return false;
  const bool is_normalised = target_.vectors[slot_index].keeps_unit_length();
  point_.rows.push_back({slot_index, values, is_normalised ? normalize(values, square_sum) : 1.0F, {}});
  return true;
}

bool UpsertParser::parse_multi_slot(std::size_t slot_index, std::uint32_t depth) {
  auto& values = point_.values[slot_index];
  auto& norms = point_.norms[slot_index];
  values.clear();
  norms.clear();
  if (!parse_multi_vector(scanner_, target_.vectors[slot_index], depth, values, norms)) return false;
  point_.rows.push_back({slot_index, values, 1.0F, {}, norms});
  return true;
}

/// Sparse vectors have names, and so stand in the map of vectors.
bool UpsertParser::parse_sparse_slot(std::size_t slot_index) {
  if (!sparse_reader_.read(scanner_, kPointDepth + 2)) return false;
  const auto vector = sparse_reader_.view();
  auto& values = point_.values[slot_index];
  auto& indices = point_.indices[slot_index];
  values.assign(vector.values.begin(), vector.values.end());
  indices.assign(vector.indices.begin(), vector.indices.end());
  point_.rows.push_back({slot_index, values, 1.0F, indices});
  return true;
}

}  // namespace millrace::json
