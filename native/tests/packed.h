#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/filter.h"

namespace millrace::testing {

/// Turns a JSON text without escapes into MessagePack, so that filters can be read in tests. Numbers become integers, or
/// float64 when they have a fraction; a text "uuid:<32 hex digits>" becomes binary; 'a text' may hold double quotes.
class JsonPacker {
 public:
  explicit JsonPacker(std::string_view json) : at_(json) { value(); }
  std::vector<std::byte> bytes;

 private:
  void put(std::uint64_t value, int width) {
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8)
      bytes.push_back(static_cast<std::byte>((value >> static_cast<unsigned>(shift)) & 0xffU));
  }
  char next() {
    while (!at_.empty() && (at_.front() == ' ' || at_.front() == ',' || at_.front() == ':' || at_.front() == '\n'))
      at_.remove_prefix(1);
    return at_.empty() ? '\0' : at_.front();
  }
  void value() {
    const char first = next();
    if (first == '{' || first == '[') return container(first == '{');
    if (first == '"' || first == '\'') return text(first);
    for (const auto& [literal, form] : {std::pair{"true", 0xc3U}, std::pair{"false", 0xc2U}, std::pair{"null", 0xc0U}})
      if (at_.starts_with(literal)) {
        at_.remove_prefix(std::string_view(literal).size());
        return put(form, 1);
      }
    number();
  }
  void container(bool is_map) {
    at_.remove_prefix(1);
    const auto header = bytes.size();
    put(is_map ? 0xdf : 0xdd, 1);
    put(0, 4);
    std::uint32_t values = 0;
    for (; next() != (is_map ? '}' : ']') && !at_.empty(); ++values) value();
    at_.remove_prefix(at_.empty() ? 0 : 1);
    const auto items = is_map ? values / 2 : values;
    for (std::size_t i = 0; i < 4; ++i) bytes[header + 1 + i] = static_cast<std::byte>((items >> (24 - 8 * i)) & 0xffU);
  }
  void text(char quote) {
    const auto length = at_.find(quote, 1) - 1;
    auto content = at_.substr(1, length);
    at_.remove_prefix(length + 2);
    if (content.starts_with("uuid:")) {
      put(0xc4, 1);
      put(16, 1);
      for (std::size_t i = 5; i + 1 < content.size(); i += 2) {
        std::uint8_t byte = 0;
        std::from_chars(content.data() + i, content.data() + i + 2, byte, 16);
        put(byte, 1);
      }
      return;
    }
    put(0xdb, 1);
    put(content.size(), 4);
    for (const char c : content) put(static_cast<unsigned char>(c), 1);
  }
  void number() {
    const auto end = at_.find_first_not_of("0123456789+-.eE");
    const auto token = at_.substr(0, end);
    at_.remove_prefix(token.size());
    std::int64_t integer = 0;
    const auto last = token.data() + token.size();
    if (const auto [rest, error] = std::from_chars(token.data(), last, integer); error == std::errc{} && rest == last) {
      put(0xd3, 1);
      return put(static_cast<std::uint64_t>(integer), 8);
    }
    double value = 0;
    std::from_chars(token.data(), last, value);
    put(0xcb, 1);
    put(std::bit_cast<std::uint64_t>(value), 8);
  }

  std::string_view at_;
};

inline std::vector<std::byte> packed(std::string_view json) { return JsonPacker(json).bytes; }
inline Filter filter_of(std::string_view json) { return Filter::decode(packed(json)).value(); }

}  // namespace millrace::testing
