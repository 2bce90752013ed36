#include "json/strings.h"

#include <bit>
#include <cstring>

namespace millrace::json {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

/// High bits mark the bytes that need a look: quote, backslash, control characters, anything not ASCII.
/// A borrow can only mark bytes above a byte that is marked rightly, so the lowest mark is exact.
std::uint64_t special_bytes(std::uint64_t word) noexcept {
  const auto quotes = word ^ (kOnes * '"');
  const auto slashes = word ^ (kOnes * '\\');
  return (word | (word - kOnes * 0x20) | (quotes - kOnes) | (slashes - kOnes)) & kHighs;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// @return the code unit of four hex digits, or -1
int hex_quad(const char* at) noexcept {
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_digit(at[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

bool is_lead_surrogate(int unit) noexcept { return unit >= 0xD800 && unit < 0xDC00; }
bool is_trail_surrogate(int unit) noexcept { return unit >= 0xDC00 && unit < 0xE000; }

/// Steps over an escape that begins at `at` (its backslash).
bool skip_escape(Scanner& scanner) noexcept {
  if (scanner.left() < 2) return scanner.fail("EOF while parsing a string");
  const char kind = scanner.at[1];
  if (kind != 'u') {
    if (kind == '\0' || std::strchr("\"\\/bfnrt", kind) == nullptr) return scanner.fail("invalid escape");
    scanner.at += 2;
    return true;
  }
  if (scanner.left() < 6) return scanner.fail("EOF while parsing a string");
  const int unit = hex_quad(scanner.at + 2);
  if (unit < 0) return scanner.fail("invalid escape");
  if (is_trail_surrogate(unit)) return scanner.fail("lone leading surrogate in hex escape");
  scanner.at += 6;
  if (!is_lead_surrogate(unit)) return true;
  if (scanner.left() < 6 || scanner.at[0] != '\\' || scanner.at[1] != 'u' ||
      !is_trail_surrogate(hex_quad(scanner.at + 2))) {
    return scanner.fail("lone leading surrogate in hex escape");
  }
  scanner.at += 6;
  return true;
}

/// Length of the well-formed UTF-8 sequence at `at` (Unicode 15, table 3-7), or 0.
std::size_t utf8_length(const char* at, std::size_t left) noexcept {
  const auto byte = [at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned lead = byte(0);
  if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (left < 3 || !continues(1) || !continues(2)) return 0;
    if (lead == 0xE0 && byte(1) < 0xA0) return 0;
    return lead == 0xED && byte(1) > 0x9F ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return 0;
    if (lead == 0xF0 && byte(1) < 0x90) return 0;
    return lead == 0xF4 && byte(1) > 0x8F ? 0 : 4;
  }
  return 0;
}

void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (point < 0x80) return put(point);
  if (point < 0x800) {
    put(0xC0U | (point >> 6U));
  } else {
    if (point < 0x10000) {
      put(0xE0U | (point >> 12U));
    } else {
      put(0xF0U | (point >> 18U));
      put(0x80U | ((point >> 12U) & 0x3FU));
    }
    put(0x80U | ((point >> 6U) & 0x3FU));
  }
  put(0x80U | (point & 0x3FU));
}

/// Appends what a checked escape stands for and returns the position after it.
const char* append_escape(std::string& out, const char* at) {
  switch (at[1]) {
    case 'b': out.push_back('\b'); return at + 2;
    case 'f': out.push_back('\f'); return at + 2;
    case 'n': out.push_back('\n'); return at + 2;
    case 'r': out.push_back('\r'); return at + 2;
    case 't': out.push_back('\t'); return at + 2;
    case 'u': break;
    default: out.push_back(at[1]); return at + 2;
  }
  const auto unit = static_cast<std::uint32_t>(hex_quad(at + 2));
  if (!is_lead_surrogate(static_cast<int>(unit))) {
    append_utf8(out, unit);
    return at + 6;
  }
  const auto trail = static_cast<std::uint32_t>(hex_quad(at + 8));
  append_utf8(out, 0x10000U + ((unit - 0xD800U) << 10U) + (trail - 0xDC00U));
  return at + 12;
}

}  // namespace

bool scan_string(Scanner& scanner, RawString& out) {
  const char* begin = ++scanner.at;
  out.has_escape = false;
  for (;;) {
    while (scanner.left() >= 8) {
      std::uint64_t word;
      std::memcpy(&word, scanner.at, 8);
      if constexpr (std::endian::native == std::endian::big) break;
      const auto marks = special_bytes(word);
      scanner.at += marks == 0 ? 8 : std::countr_zero(marks) / 8;
      if (marks != 0) break;
    }
    if (scanner.at == scanner.end) return scanner.fail("EOF while parsing a string");
    const auto byte = static_cast<unsigned char>(*scanner.at);
    if (byte == '"') {
      out.text = {begin, static_cast<std::size_t>(scanner.at - begin)};
      ++scanner.at;
      return true;
    }
    if (byte == '\\') {
      out.has_escape = true;
      if (!skip_escape(scanner)) return false;
    } else if (byte < 0x20) {
      return scanner.fail("control character (\\u0000-\\u001F) found while parsing a string");
    } else if (byte < 0x80) {
      ++scanner.at;
    } else {
      const auto length = utf8_length(scanner.at, scanner.left());
      if (length == 0) return scanner.fail("invalid unicode code point");
      scanner.at += length;
    }
  }
}

std::string_view decode_string(const RawString& raw, std::string& storage) {
  if (!raw.has_escape) return raw.text;
  storage.clear();
  const char* at = raw.text.data();
  const char* end = at + raw.text.size();
  while (at != end) {
    if (*at == '\\') {
      at = append_escape(storage, at);
    } else {
      storage.push_back(*at++);
    }
  }
  return storage;
}

}  // namespace millrace::json
