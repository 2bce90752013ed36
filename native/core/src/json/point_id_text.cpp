#include "millrace/point_id_text.h"

#include <array>
#include <charconv>
#include <system_error>

namespace millrace {
namespace {

constexpr std::size_t kHyphenatedLength = 36;
constexpr std::size_t kSimpleLength = 32;
constexpr std::string_view kUrnPrefix = "urn:uuid:";

constexpr bool is_hyphen_place(std::size_t i) noexcept { return i == 8 || i == 13 || i == 18 || i == 23; }

/// Value of each hex digit, 0xFF for other bytes.
constexpr auto kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xFF);
  for (std::uint8_t i = 0; i < 10; ++i) values['0' + std::size_t{i}] = i;
  for (std::uint8_t i = 0; i < 6; ++i) {
    values['a' + std::size_t{i}] = static_cast<std::uint8_t>(10 + i);
    values['A' + std::size_t{i}] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}();

/// Whether `text` begins with the prefix, whose letters may have any case.
bool has_urn_prefix(std::string_view text) noexcept {
  if (text.size() < kUrnPrefix.size()) return false;
  for (std::size_t i = 0; i < kUrnPrefix.size(); ++i) {
    const char lower = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + ('a' - 'A')) : text[i];
    if (lower != kUrnPrefix[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<PointId> parse_uuid(std::string_view text) noexcept {
  if (text.size() == kHyphenatedLength + 2 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, kHyphenatedLength);
  } else if (text.size() == kHyphenatedLength + kUrnPrefix.size() && has_urn_prefix(text)) {
    text.remove_prefix(kUrnPrefix.size());
  } else if (text.size() != kHyphenatedLength && text.size() != kSimpleLength) {
    return std::nullopt;
  }
  const bool has_hyphens = text.size() == kHyphenatedLength;
  std::array<std::uint64_t, 2> halves{};
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (has_hyphens && is_hyphen_place(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto value = kHexValues[static_cast<unsigned char>(text[i])];
    if (value == 0xFF) return std::nullopt;
    auto& half = halves[digits++ / 16];
    half = (half << 4U) | value;
  }
  return PointId{true, halves[0], halves[1]};
}

std::optional<PointId> parse_point_id(std::string_view text) noexcept {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && rest == end) return PointId::number(number);
  return parse_uuid(text);
}

void append_point_id(std::string& out, const PointId& id) {
  if (!id.is_uuid) {
    std::array<char, 20> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), id.low);
    out.append(digits.data(), end);
    return;
  }
  std::array<char, kHyphenatedLength + 2> text;
  std::size_t digit = 0;
  text.front() = text.back() = '"';
  for (std::size_t i = 0; i < kHyphenatedLength; ++i) {
    if (is_hyphen_place(i)) {
      text[i + 1] = '-';
      continue;
    }
    const auto half = digit < 16 ? id.high : id.low;
    text[i + 1] = "0123456789abcdef"[(half >> (60 - 4 * (digit % 16))) & 0xFU];
    ++digit;
  }
  out.append(text.data(), text.size());
}

}  // namespace millrace
