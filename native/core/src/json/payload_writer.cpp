#include "json/payload_writer.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "json/numbers.h"
#include "json/syntax.h"

namespace millrace::json {
namespace {

/// Up to here comparing every pair of hashes is cheaper than sorting them.
constexpr std::size_t kPairwiseMax = 12;

}  // namespace

bool PayloadWriter::write_payload(Scanner& scanner, std::uint32_t depth) {
  if (consume_null(scanner)) return true;
  if (scanner.peek() != '{') return scanner.fail("expected a map");
  const auto begin = out_.size();
  if (!write_object(scanner, depth)) return false;
  if (out_.size() - begin == 2) out_.resize(begin);
  return true;
}

bool PayloadWriter::write_value(Scanner& scanner, std::uint32_t depth) {
  const char next = scanner.peek();
  if (next == '{') return write_object(scanner, depth);
  if (next == '[') return write_list(scanner, depth);
  const char* begin = scanner.at;
  if (!skip_value(scanner, depth)) return false;
  out_.append(begin, scanner.at);
  return true;
}

bool PayloadWriter::write_list(Scanner& scanner, std::uint32_t depth) {
  if (depth >= scanner.depth_max) return scanner.fail_too_deep();
  ++scanner.at;
  out_.push_back('[');
  bool has_next = !scanner.consume(']');
  while (has_next) {
    if (!write_value(scanner, depth + 1) || !next_or_close(scanner, ']', has_next)) return false;
    if (has_next) out_.push_back(',');
  }
  out_.push_back(']');
  return true;
}

bool PayloadWriter::write_object(Scanner& scanner, std::uint32_t depth) {
  if (depth >= scanner.depth_max) return scanner.fail_too_deep();
  const auto object_begin = out_.size();
  const auto first_member = members_.size();
  ++scanner.at;
  out_.push_back('{');
  bool has_next = !scanner.consume('}');
  while (has_next) {
    if (!write_member(scanner, depth + 1) || !next_or_close(scanner, '}', has_next)) return false;
    if (has_next) out_.push_back(',');
  }
  out_.push_back('}');
  if (may_repeat(first_member)) drop_repeated(object_begin, first_member);
  members_.resize(first_member);
  return true;
}

bool PayloadWriter::write_member(Scanner& scanner, std::uint32_t depth) {
  RawString key;
  if (!read_key(scanner, key)) return false;
  const auto hash = std::hash<std::string_view>{}(decode_string(key, decoded_));
  const auto begin = out_.size();
  const auto index = members_.size();
  out_.append(key.text.data() - 1, key.text.size() + 2).push_back(':');
  members_.push_back({hash, begin, out_.size(), 0, key.has_escape});
  if (!write_value(scanner, depth)) return false;
  members_[index].end = out_.size();
  return true;
}

bool PayloadWriter::may_repeat(std::size_t first_member) {
  const auto begin = members_.begin() + static_cast<std::ptrdiff_t>(first_member);
  const auto count = members_.size() - first_member;
  if (count <= kPairwiseMax) {
    for (auto left = begin; left != members_.end(); ++left)
      for (auto right = begin; right != left; ++right)
        if (left->key_hash == right->key_hash) return true;
    return false;
  }
  hashes_.clear();
  for (auto member = begin; member != members_.end(); ++member) hashes_.push_back(member->key_hash);
  std::ranges::sort(hashes_);
  return std::ranges::adjacent_find(hashes_) != hashes_.end();
}

void PayloadWriter::drop_repeated(std::size_t object_begin, std::size_t first_member) {
  std::unordered_map<std::string, std::size_t> last_of_key;
  std::vector<std::string> keys;
  for (auto i = first_member; i < members_.size(); ++i) {
    keys.push_back(key_of(members_[i]));
    last_of_key[keys.back()] = i;
  }
  std::string object = "{";
  for (auto i = first_member; i < members_.size(); ++i) {
    const auto found = last_of_key.find(keys[i - first_member]);
    if (found == last_of_key.end()) continue;
    const auto& first = members_[i];
    const auto& last = members_[found->second];
    if (object.size() > 1) object.push_back(',');
    object.append(out_, first.begin, first.value - first.begin).append(out_, last.value, last.end - last.value);
    last_of_key.erase(found);
  }
  object.push_back('}');
  out_.resize(object_begin);
  out_ += object;
}

std::string PayloadWriter::key_of(const Member& member) const {
  const RawString raw{std::string_view(out_).substr(member.begin + 1, member.value - member.begin - 3), member.has_escape};
  std::string storage;
  return std::string(decode_string(raw, storage));
}

}  // namespace millrace::json
