#include "filter/text_tokens.h"

namespace millrace {
namespace {

/// Bytes of the white space character that a UTF-8 text begins with, or 0.
std::size_t space_length(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  if ((byte(0) >= 0x09 && byte(0) <= 0x0d) || byte(0) == ' ') return 1;
  if (byte(0) == 0xc2) return byte(1) == 0x85 || byte(1) == 0xa0 ? 2 : 0;              // U+0085, U+00A0
  if (byte(0) == 0xe1) return byte(1) == 0x9a && byte(2) == 0x80 ? 3 : 0;              // U+1680
  if (byte(0) == 0xe3) return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;              // U+3000
  if (byte(0) != 0xe2) return 0;
  if (byte(1) == 0x81) return byte(2) == 0x9f ? 3 : 0;                                 // U+205F
  const bool is_narrow = (byte(2) >= 0x80 && byte(2) <= 0x8a) || byte(2) == 0xa8 || byte(2) == 0xa9 || byte(2) == 0xaf;
  return byte(1) == 0x80 && is_narrow ? 3 : 0;                                         // U+2000–200A, 2028, 2029, 202F
}

}  // namespace

std::vector<std::string_view> split_at_space(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const auto space = space_length(text.substr(at));
    if (space == 0 && at < text.size()) {
      ++at;
      continue;
    }
    if (at > begin) parts.push_back(text.substr(begin, at - begin));
    at += space + (at == text.size() ? 1U : 0U);
    begin = at;
  }
  return parts;
}

}  // namespace millrace
