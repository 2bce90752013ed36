#include "json/stored.h"

namespace millrace::json {

std::string_view decode_stored(const RawString& raw, std::string& storage) {
  if (!raw.has_escape) return raw.text;
  // decode_string trusts that escapes are whole.
  Scanner scanner({raw.text.data() - 1, raw.text.size() + 2}, kNestingMax);
  RawString checked;
  if (!scan_string(scanner, checked) || checked.text.size() != raw.text.size()) return raw.text;
  return decode_string(checked, storage);
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(hex[byte >> 4U]);
      out.push_back(hex[byte & 0xFU]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace millrace::json
