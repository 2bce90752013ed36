#include "millrace/json_children.h"

#include "json/payload_writer.h"
#include "json/syntax.h"

namespace millrace {
namespace {

bool is_at_end(json::Scanner& scanner) {
  scanner.skip_space();
  return scanner.at == scanner.end;
}

}  // namespace

std::optional<JsonChildren> json_children(std::string_view text, std::uint32_t depth_max) {
  json::Scanner scanner(text, depth_max);
  JsonChildren children;
  children.is_object = scanner.peek() == '{';
  if (depth_max == 0 || (!children.is_object && scanner.peek() != '[')) return std::nullopt;
  const char close = children.is_object ? '}' : ']';
  ++scanner.at;
  std::string decoded;
  bool has_next = !scanner.consume(close);
  while (has_next) {
    if (children.is_object) {
      json::RawString key;
      if (!json::read_key(scanner, key)) return std::nullopt;
      children.keys.emplace_back(json::decode_string(key, decoded));
    }
    scanner.skip_space();
    children.spans.push_back(static_cast<std::uint32_t>(scanner.at - text.data()));
    if (!json::skip_value(scanner, 1)) return std::nullopt;
    children.spans.push_back(static_cast<std::uint32_t>(scanner.at - text.data()));
    if (!json::next_or_close(scanner, close, has_next)) return std::nullopt;
  }
  if (!is_at_end(scanner)) return std::nullopt;
  return children;
}

std::optional<std::string> payload_text(std::string_view text, std::uint32_t depth_max) {
  json::Scanner scanner(text, depth_max);
  if (scanner.peek() != '{') return std::nullopt;
  std::string out;
  if (!json::PayloadWriter(out).write_payload(scanner, 0) || !is_at_end(scanner)) return std::nullopt;
  // An empty object is written as no text.
  return out.empty() ? "{}" : out;
}

}  // namespace millrace
