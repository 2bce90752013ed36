#pragma once

#include <string>
#include <string_view>

#include "json/scanner.h"

namespace millrace::json {

/// A string as it stands in the text, without its quotes.
struct RawString {
  std::string_view text;
  bool has_escape = false;
};

/// Reads a string at its opening quote. Checks what serde_json checks: UTF-8, escapes, control characters, lone surrogates.
[[nodiscard]] bool scan_string(Scanner& scanner, RawString& out);

/// The characters that a string stands for.
/// @param storage  holds them when an escape had to be resolved; the view is valid as long as it and the text
[[nodiscard]] std::string_view decode_string(const RawString& raw, std::string& storage);

}  // namespace millrace::json
