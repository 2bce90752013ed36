#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "json/strings.h"

namespace millrace::json {

/// Readers of payload texts as they are stored: minified, and checked when they were written. So they check nothing again;
/// of a text that is not so they read something or other, but never beyond its end.

/// @param at          a string's opening quote
/// @param has_escape  set when the string has one, else left alone
/// @return            behind the closing quote
[[nodiscard]] inline const char* skip_stored_string(const char* at, const char* end, bool& has_escape) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  for (++at; at < end; ++at) {
    // Eight bytes at once. A borrow can only mark bytes above one that is marked rightly, so the lowest mark is exact.
    while (std::endian::native == std::endian::little && end - at >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      const auto quotes = word ^ (ones * '"');
      const auto slashes = word ^ (ones * '\\');
      const auto marks = (((quotes - ones) & ~quotes) | ((slashes - ones) & ~slashes)) & (ones << 7U);
      at += marks == 0 ? 8 : std::countr_zero(marks) / 8;
      if (marks != 0) break;
    }
    if (at == end) break;
    if (*at == '"') return at + 1;
    if (*at != '\\') continue;
    has_escape = true;
    if (++at == end) break;
  }
  return end;
}

/// Steps over one value, however deep it is.
[[nodiscard]] inline const char* skip_stored(const char* at, const char* end) noexcept {
  bool has_escape = false;
  if (at == end) return end;
  if (*at == '"') return skip_stored_string(at, end, has_escape);
  if (*at != '{' && *at != '[') {
    while (at < end && *at != ',' && *at != '}' && *at != ']') ++at;
    return at;
  }
  for (std::size_t depth = 0; at < end;) {
    const char next = *at;
    if (next == '"') {
      at = skip_stored_string(at, end, has_escape);
      continue;
    }
    ++at;
    if (next == '{' || next == '[') ++depth;
    if ((next == '}' || next == ']') && --depth == 0) break;
  }
  return at;
}

/// A member of a stored object.
struct StoredMember {
  RawString key;
  const char* begin = nullptr;  ///< the key's quote
  const char* value = nullptr;
};

/// Reads `"key":` of the next member, and the comma before it.
/// @param at  behind `{` or behind a member's value; then at the value, or behind the object
/// @return    false at the end of the object or of the text
[[nodiscard]] inline bool next_stored_member(const char*& at, const char* end, StoredMember& member) noexcept {
  if (at < end && *at == ',') ++at;
  if (at >= end || *at != '"') {
    at = at < end && *at == '}' ? at + 1 : end;
    return false;
  }
  member.begin = at;
  member.key.has_escape = false;
  const char* const behind = skip_stored_string(at, end, member.key.has_escape);
  if (behind == end) {
    at = end;
    return false;
  }
  member.key.text = {at + 1, static_cast<std::size_t>(behind - at - 2)};
  at = member.value = behind + 1;
  return true;
}

/// Steps to the next element of a stored array.
/// @param at  behind `[` or behind an element; then at the element, or behind the array
/// @return    false at the end of the array or of the text
[[nodiscard]] inline bool next_stored_element(const char*& at, const char* end) noexcept {
  if (at < end && *at == ',') ++at;
  if (at < end && *at != ']' && *at != '}' && *at != ',') return true;
  at = at < end && *at == ']' ? at + 1 : end;
  return false;
}

/// The characters of a stored string that has an escape. One that was never checked stays as it is written.
[[nodiscard]] std::string_view decode_stored(const RawString& raw, std::string& storage);

/// The characters of a stored string value, its quotes included in `value`.
[[nodiscard]] inline std::string_view stored_text(std::string_view value, std::string& storage) {
  if (value.size() < 2) return {};
  const auto inner = value.substr(1, value.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner;
  return decode_stored({inner, true}, storage);
}

/// Appends `text` as a JSON string.
void append_string(std::string& out, std::string_view text);

}  // namespace millrace::json
