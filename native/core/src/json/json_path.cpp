#include "millrace/json_path.h"

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
    path.push_back({PathStep::Kind::key, std::string(text.substr(1, close - 1))});
    text.remove_prefix(close + 1);
    return true;
  }
  while (length < text.size() && is_key_character(text[length])) ++length;
  path.push_back({PathStep::Kind::key, std::string(text.substr(0, length))});
  text.remove_prefix(length);
  return length > 0;
}

/// Takes `[]` or `[digits]` off the front of `text`.
bool take_brackets(std::string_view& text, JsonPath& path) {
  std::size_t end = 1;
  while (end < text.size() && is_digit(text[end])) ++end;
  if (end == text.size() || text[end] != ']') return false;
  path.push_back({end == 1 ? PathStep::Kind::every : PathStep::Kind::index, {}});
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

}  // namespace millrace
