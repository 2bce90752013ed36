#include "json/upsert_parser.h"

#include <algorithm>

#include "json/syntax.h"

namespace millrace::json {

UpsertParser::UpsertParser(std::string_view body, const EncodeTarget& target, const EncodeLimits& limits,
                           const EncodeOperation& operation)
    : scanner_(body, limits.json_depth_max),
      target_(target),
      limits_(limits),
      operation_(operation),
      splitter_(target, limits, operation),
      payload_writer_(payload_),
      batch_payload_writer_(batch_.payloads) {
  for (const auto& vector : target.vectors) point_.values.emplace_back(vector.dimension);
  point_.indices.resize(target.vectors.size());
  point_.norms.resize(target.vectors.size());
}

ParsedPoints UpsertParser::parse() {
  ParsedPoints parsed;
  const bool is_accepted = parse_body() && (!batch_.is_given || add_batch()) && (!is_update() || points_ > 0);
  if (record_bytes_ != 0) {
    parsed.verdict = ParseVerdict::too_large;
    parsed.record_bytes = record_bytes_;
  } else if (is_accepted && (batch_.is_given || has_points_)) {
    parsed.verdict = ParseVerdict::accepted;
    parsed.points = points_;
    parsed.records = splitter_.finish();
  }
  return parsed;
}

bool UpsertParser::parse_body() {
  if (scanner_.depth_max == 0 || !scanner_.consume('{')) return false;
  bool has_next = !scanner_.consume('}');
  while (has_next) {
    RawString key;
    if (!read_key(scanner_, key) || !parse_body_member(decode_string(key, key_storage_)) ||
        !next_or_close(scanner_, '}', has_next)) {
      return false;
    }
  }
  scanner_.skip_space();
  return scanner_.at == scanner_.end;
}

bool UpsertParser::parse_body_member(std::string_view key) {
  if (key == "points") return is_first(Member::points) && parse_points_member();
  if (key == "batch" && !is_update()) return is_first(Member::batch) && parse_batch_member_of_body();
  if (key == "update_mode" && !is_update()) return is_first(Member::update_mode) && parse_update_mode();
  if (key == "update_filter") return is_first(Member::update_filter) && parse_update_filter();
  if (key == "shard_key") return is_first(Member::shard_key) && consume_null(scanner_);
  return skip_value(scanner_, 1);
}

bool UpsertParser::is_first(Member member) noexcept {
  const auto bit = static_cast<std::uint8_t>(member);
  const bool is_new = (members_ & bit) == 0;
  members_ = static_cast<std::uint8_t>(members_ | bit);
  return is_new;
}

/// The batch form wins, wherever it stands, and then nobody looks at the points: so a list in which something is wrong
/// is stepped over, and decides the verdict only when no batch follows.
bool UpsertParser::parse_points_member() {
  if (consume_null(scanner_)) return true;
  scanner_.skip_space();
  const char* begin = scanner_.at;
  if (!batch_.is_given && parse_points()) {
    has_points_ = true;
    return true;
  }
  scanner_.at = begin;
  return skip_value(scanner_, 1);
}

bool UpsertParser::parse_batch_member_of_body() {
  if (consume_null(scanner_)) return true;
  if (!parse_batch()) return false;
  splitter_ = RecordSplitter(target_, limits_, operation_);
  points_ = 0;
  record_bytes_ = 0;
  return true;
}

bool UpsertParser::parse_update_filter() { return operation_.has_modes ? skip_value(scanner_, 1) : consume_null(scanner_); }

bool UpsertParser::parse_update_mode() {
  if (operation_.has_modes) return skip_value(scanner_, 1);
  if (consume_null(scanner_)) return true;
  RawString mode;
  return scanner_.peek() == '"' && scan_string(scanner_, mode) && decode_string(mode, key_storage_) == "upsert";
}

bool UpsertParser::add_point(const PointId& id, std::span<const RowVector> vectors, std::string_view payload) {
  record_bytes_ = splitter_.add(id, vectors, payload);
  points_ += record_bytes_ == 0 ? 1 : 0;
  return record_bytes_ == 0;
}

std::optional<std::size_t> UpsertParser::slot_index_of(std::string_view name) const noexcept {
  const auto found = std::ranges::find(target_.vectors, name, &VectorSlot::name);
  if (found == target_.vectors.end()) return std::nullopt;
  return static_cast<std::size_t>(found - target_.vectors.begin());
}

}  // namespace millrace::json

namespace millrace {

ParsedPoints parse_upsert(std::string_view body, const EncodeTarget& target, const EncodeLimits& limits,
                          const EncodeOperation& operation) {
  return json::UpsertParser(body, target, limits, operation).parse();
}

ParsedMessages parse_point_messages(std::span<const std::string_view> messages, const EncodeTarget& target,
                                    const EncodeLimits& limits) {
  const EncodeOperation upsert;
  json::UpsertParser parser({}, target, limits, upsert);
  std::vector<std::uint32_t> refused;
  for (std::uint32_t i = 0; i < messages.size(); ++i)
    if (!parser.take_message(messages[i])) refused.push_back(i);
  auto parsed = parser.finish_messages();
  parsed.refused = std::move(refused);
  return parsed;
}

}  // namespace millrace
