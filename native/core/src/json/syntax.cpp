#include "json/syntax.h"

#include <array>

#include "json/numbers.h"
#include "millrace/json_check.h"

namespace millrace::json {
namespace {

/// For each open container whether it is an object.
class Nesting {
 public:
  [[nodiscard]] std::uint32_t depth() const noexcept { return depth_; }
  [[nodiscard]] bool is_object() const noexcept { return ((bits_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64)) & 1U) != 0; }
  void pop() noexcept { --depth_; }
  void push(bool object) noexcept {
    auto& word = bits_[depth_ / 64];
    const auto bit = std::uint64_t{1} << (depth_ % 64);
    word = object ? word | bit : word & ~bit;
    ++depth_;
  }

 private:
  std::array<std::uint64_t, kNestingMax / 64 + 1> bits_{};
  std::uint32_t depth_ = 0;
};

bool skip_scalar(Scanner& scanner) {
  RawString text;
  std::string_view token;
  switch (*scanner.at) {
    case '"': return scan_string(scanner, text);
    case 't': return skip_literal(scanner, "true");
    case 'f': return skip_literal(scanner, "false");
    case 'n': return skip_literal(scanner, "null");
    default: break;
  }
  if (*scanner.at != '-' && (*scanner.at < '0' || *scanner.at > '9')) return scanner.fail("expected value");
  return scan_number(scanner, token);
}

/// Opens the container at `at`; an empty one is closed at once.
bool open_container(Scanner& scanner, Nesting& nesting, std::uint32_t depth, bool& has_value) {
  const bool object = *scanner.at == '{';
  if (depth + nesting.depth() >= scanner.depth_max) return scanner.fail_too_deep();
  ++scanner.at;
  has_value = !scanner.consume(object ? '}' : ']');
  if (!has_value) return true;
  nesting.push(object);
  RawString key;
  return !object || read_key(scanner, key);
}

/// After a value: closes what ends here.
/// @param has_value  set when another value of an open container follows
bool close_containers(Scanner& scanner, Nesting& nesting, bool& has_value) {
  RawString key;
  while (nesting.depth() > 0) {
    const bool object = nesting.is_object();
    if (!next_or_close(scanner, object ? '}' : ']', has_value)) return false;
    if (has_value) return !object || read_key(scanner, key);
    nesting.pop();
  }
  has_value = false;
  return true;
}

}  // namespace

bool read_key(Scanner& scanner, RawString& key) {
  if (scanner.peek() != '"') return scanner.fail(scanner.at == scanner.end ? "EOF while parsing an object" : "key must be a string");
  if (!scan_string(scanner, key)) return false;
  if (!scanner.consume(':')) return scanner.fail(scanner.at == scanner.end ? "EOF while parsing an object" : "expected `:`");
  return true;
}

bool skip_literal(Scanner& scanner, std::string_view literal) {
  const std::string_view rest(scanner.at, scanner.left());
  if (!rest.starts_with(literal)) return scanner.fail(literal.starts_with(rest) ? "EOF while parsing a value" : "expected ident");
  scanner.at += literal.size();
  return true;
}

bool consume_null(Scanner& scanner) { return scanner.peek() == 'n' && skip_literal(scanner, "null"); }

bool next_or_close(Scanner& scanner, char close, bool& has_next) {
  const bool is_list = close == ']';
  const char next = scanner.peek();
  if (scanner.at == scanner.end) return scanner.fail(is_list ? "EOF while parsing a list" : "EOF while parsing an object");
  if (next == close) {
    ++scanner.at;
    has_next = false;
    return true;
  }
  if (next != ',') return scanner.fail(is_list ? "expected `,` or `]`" : "expected `,` or `}`");
  ++scanner.at;
  has_next = true;
  return scanner.peek() == close && scanner.at != scanner.end ? scanner.fail("trailing comma") : true;
}

bool skip_value(Scanner& scanner, std::uint32_t depth) {
  Nesting nesting;
  bool has_value = true;
  while (has_value) {
    const char next = scanner.peek();
    if (scanner.at == scanner.end) return scanner.fail("EOF while parsing a value");
    if (next == '{' || next == '[') {
      if (!open_container(scanner, nesting, depth, has_value)) return false;
      if (has_value) continue;
    } else if (!skip_scalar(scanner)) {
      return false;
    }
    if (!close_containers(scanner, nesting, has_value)) return false;
  }
  return true;
}

}  // namespace millrace::json

namespace millrace {

JsonCheck json_check(std::string_view body, std::uint32_t depth_max) {
  json::Scanner scanner(body, depth_max);
  bool is_valid = json::skip_value(scanner, 0);
  if (is_valid) {
    scanner.skip_space();
    is_valid = scanner.at == scanner.end || scanner.fail("trailing characters");
  }
  if (is_valid) return {};
  const auto verdict = scanner.is_too_deep ? JsonVerdict::too_deep : JsonVerdict::malformed;
  return {verdict, static_cast<std::size_t>(scanner.at - body.data()), scanner.reason};
}

}  // namespace millrace
