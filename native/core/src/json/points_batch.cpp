#include "json/multi_vector.h"
#include "json/numbers.h"
#include "json/syntax.h"
#include "json/upsert_parser.h"
#include "json/vectors.h"
#include "millrace/normalize.h"

namespace millrace::json {
namespace {

/// Deepest container of the batch form besides payloads: the numbers of a named vector.
constexpr std::uint32_t kBatchDepthMin = 5;

/// Containers around a vector of the batch form.
constexpr std::uint32_t kBatchVectorDepth = 4;

/// Containers around a payload of the batch form.
constexpr std::uint32_t kBatchPayloadDepth = 3;

}  // namespace

bool UpsertParser::parse_batch() {
  batch_.is_given = true;
  batch_.values.resize(target_.vectors.size());
  batch_.norms.resize(target_.vectors.size());
  batch_.indices.resize(target_.vectors.size());
  batch_.ends.resize(target_.vectors.size());
  batch_.row_norms.resize(target_.vectors.size());
  batch_.has_slot.resize(target_.vectors.size());
  if (scanner_.depth_max < kBatchDepthMin || !scanner_.consume('{')) return false;
  bool has_next = !scanner_.consume('}');
  while (has_next) {
    RawString key;
    if (!read_key(scanner_, key) || !parse_batch_member(decode_string(key, key_storage_)) ||
        !next_or_close(scanner_, '}', has_next)) {
      return false;
    }
  }
  return batch_.ids.has_value() && batch_.has_vectors;
}

bool UpsertParser::parse_batch_member(std::string_view key) {
  if (key == "ids") return !batch_.ids && parse_batch_ids();
  if (key == "vectors") return !batch_.has_vectors && parse_batch_vectors();
  if (key == "payloads") {
    if (batch_.names_payloads) return false;
    batch_.names_payloads = true;
    return consume_null(scanner_) || parse_batch_payloads();
  }
  return skip_value(scanner_, 2);
}

bool UpsertParser::parse_batch_ids() {
  auto& ids = batch_.ids.emplace();
  if (!scanner_.consume('[')) return false;
  bool has_next = !scanner_.consume(']');
  while (has_next)
    if (!parse_id(ids.emplace_back()) || !next_or_close(scanner_, ']', has_next)) return false;
  return true;
}

bool UpsertParser::parse_batch_vectors() {
  batch_.has_vectors = true;
  if (scanner_.peek() == '[') {
    if (const auto unnamed = slot_index_of("")) return parse_batch_slot(*unnamed);
    // No vectors of no points are right for any collection.
    batch_.must_be_empty = true;
    return scanner_.consume('[') && scanner_.consume(']');
  }
  if (!scanner_.consume('{')) return false;
  bool has_next = !scanner_.consume('}');
  while (has_next) {
    RawString name;
    if (!read_key(scanner_, name)) return false;
    const auto slot_index = slot_index_of(decode_string(name, key_storage_));
    if (!slot_index || batch_.has_slot[*slot_index]) return false;
    if (!parse_batch_slot(*slot_index) || !next_or_close(scanner_, '}', has_next)) return false;
  }
  return true;
}

bool UpsertParser::parse_batch_slot(std::size_t slot_index) {
  batch_.has_slot[slot_index] = true;
  if (!scanner_.consume('[')) return false;
  bool has_next = !scanner_.consume(']');
  while (has_next)
    if (!parse_batch_vector(slot_index) || !next_or_close(scanner_, ']', has_next)) return false;
  return true;
}

bool UpsertParser::parse_batch_vector(std::size_t slot_index) {
  const auto& slot = target_.vectors[slot_index];
  auto& values = batch_.values[slot_index];
  auto& norms = batch_.norms[slot_index];
  if (slot.is_sparse) {
    if (!sparse_reader_.read(scanner_, kBatchVectorDepth)) return false;
    const auto vector = sparse_reader_.view();
    auto& indices = batch_.indices[slot_index];
    values.insert(values.end(), vector.values.begin(), vector.values.end());
    indices.insert(indices.end(), vector.indices.begin(), vector.indices.end());
    batch_.ends[slot_index].push_back(values.size());
    norms.push_back(1.0F);
    return true;
  }
  if (slot.is_multi) {
    if (!parse_multi_vector(scanner_, slot, kBatchVectorDepth, values, batch_.row_norms[slot_index])) return false;
    batch_.ends[slot_index].push_back(values.size());
    norms.push_back(1.0F);
    return true;
  }
  values.resize(values.size() + slot.dimension);
  const auto row = std::span(values).last(slot.dimension);
  double square_sum = 0;
  if (!parse_vector(scanner_, row, square_sum)) return false;
  norms.push_back(slot.keeps_unit_length() ? normalize(row, square_sum) : 1.0F);
  return true;
}

RowVector UpsertParser::batch_vector(std::size_t slot_index, std::size_t row) const noexcept {
  const auto& slot = target_.vectors[slot_index];
  const auto values = std::span(batch_.values[slot_index]);
  const auto norm = batch_.norms[slot_index][row];
  if (!slot.is_sparse && !slot.is_multi)
    return {slot_index, values.subspan(row * slot.dimension, slot.dimension), norm};
  const auto& ends = batch_.ends[slot_index];
  const auto begin = row == 0 ? 0 : ends[row - 1];
  const auto count = ends[row] - begin;
  if (slot.is_multi) {
    const auto norms = std::span(batch_.row_norms[slot_index]).subspan(begin / slot.dimension, count / slot.dimension);
    return {slot_index, values.subspan(begin, count), norm, {}, norms};
  }
  return {slot_index, values.subspan(begin, count), norm, std::span(batch_.indices[slot_index]).subspan(begin, count)};
}

bool UpsertParser::parse_batch_payloads() {
  batch_.has_payloads = true;
  if (!scanner_.consume('[')) return false;
  bool has_next = !scanner_.consume(']');
  while (has_next) {
    if (!batch_payload_writer_.write_payload(scanner_, kBatchPayloadDepth)) return false;
    batch_.payload_ends.push_back(batch_.payloads.size());
    if (!next_or_close(scanner_, ']', has_next)) return false;
  }
  return true;
}

bool UpsertParser::add_batch() {
  const auto& ids = *batch_.ids;
  if (batch_.must_be_empty && !ids.empty()) return false;
  for (std::size_t i = 0; i < batch_.norms.size(); ++i)
    if (batch_.has_slot[i] && batch_.norms[i].size() != ids.size()) return false;
  if (batch_.has_payloads && batch_.payload_ends.size() != ids.size()) return false;
  std::size_t payload_begin = 0;
  for (std::size_t row = 0; row < ids.size(); ++row) {
    point_.rows.clear();
    for (std::size_t i = 0; i < batch_.norms.size(); ++i)
      if (batch_.has_slot[i]) point_.rows.push_back(batch_vector(i, row));
    const auto payload_end = batch_.has_payloads ? batch_.payload_ends[row] : payload_begin;
    const auto payload = std::string_view(batch_.payloads).substr(payload_begin, payload_end - payload_begin);
    payload_begin = payload_end;
    if (!add_point(ids[row], point_.rows, payload)) return false;
  }
  return true;
}

}  // namespace millrace::json
