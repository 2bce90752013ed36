#include "millrace/json_path.h"

#include <charconv>
#include <limits>

#include "json/path_walk.h"

namespace millrace {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_key_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Takes a plain or quoted key off the front of `text`.
bool take_key(std::string_view& text, JsonPath& path) {
  std::size_t length = 0;
  if (text.starts_with('"')) {
    const auto close = text.find_first_of("\"\\", 1);
    if (close == std::string_view::npos || text[close] != '"') return false;
    path.push_back({PathStep::Kind::key, std::string(text.substr(1, close - 1)), 0});
    text.remove_prefix(close + 1);
    return true;
  }
  while (length < text.size() && is_key_character(text[length])) ++length;
  path.push_back({PathStep::Kind::key, std::string(text.substr(0, length)), 0});
  text.remove_prefix(length);
  return length > 0;
}

/// Takes `[]` or `[digits]` off the front of `text`.
bool take_brackets(std::string_view& text, JsonPath& path) {
  std::size_t end = 1;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == text.size() || text[end] != ']') return false;
  PathStep step{end == 1 ? PathStep::Kind::every : PathStep::Kind::index, {}, 0};
  // An index too large to be told is one that no array has.
  if (std::from_chars(text.data() + 1, text.data() + end, step.index).ec == std::errc::result_out_of_range)
    step.index = std::numeric_limits<std::uint64_t>::max();
  path.push_back(std::move(step));
  text.remove_prefix(end + 1);
  return true;
}

}  // namespace

std::optional<JsonPath> parse_json_path(std::string_view text) {
  JsonPath path;
  if (!take_key(text, path)) return std::nullopt;
  while (!text.empty()) {
    if (text.front() == '.') {
      text.remove_prefix(1);
      if (!take_key(text, path)) return std::nullopt;
    } else if (text.front() != '[' || !take_brackets(text, path)) {
      return std::nullopt;
    }
  }
  return path;
}

std::vector<std::string_view> json_values(std::string_view payload, const JsonPath& path) {
  json::PathTrie trie;
  trie.add(path);
  std::vector<std::string_view> values;
  json::PathWalk(trie, [&](std::uint32_t, std::string_view value) {
    values.push_back(value);
    return true;
  }).run(payload);
  return values;
}

}  // namespace millrace
