#include "json/numbers.h"

#include <charconv>
#include <cmath>
#include <system_error>

namespace millrace::json {
namespace {

bool is_digit(const Scanner& scanner) noexcept {
  return scanner.at != scanner.end && *scanner.at >= '0' && *scanner.at <= '9';
}

bool skip_digits(Scanner& scanner) noexcept {
  if (!is_digit(scanner)) return scanner.fail(scanner.at == scanner.end ? "EOF while parsing a value" : "invalid number");
  while (is_digit(scanner)) ++scanner.at;
  return true;
}

/// Steps over a number and says whether an exponent was met.
bool skip_number(Scanner& scanner, bool& has_exponent) noexcept {
  if (scanner.at != scanner.end && *scanner.at == '-') ++scanner.at;
  const bool leads_with_zero = scanner.at != scanner.end && *scanner.at == '0';
  const char* first = scanner.at;
  if (!skip_digits(scanner)) return false;
  if (leads_with_zero && scanner.at - first > 1) return scanner.fail("invalid number");
  if (scanner.at != scanner.end && *scanner.at == '.') {
    ++scanner.at;
    if (!skip_digits(scanner)) return false;
  }
  has_exponent = scanner.at != scanner.end && (*scanner.at == 'e' || *scanner.at == 'E');
  if (!has_exponent) return true;
  ++scanner.at;
  if (scanner.at != scanner.end && (*scanner.at == '+' || *scanner.at == '-')) ++scanner.at;
  return skip_digits(scanner);
}

/// Whether a number outside of a float's range is large rather than tiny: by the power of ten of its first significant digit.
bool is_large(std::string_view token) noexcept {
  std::int64_t power = 0;
  std::int64_t exponent = 0;
  bool has_point = false;
  bool has_significant = false;
  bool is_exponent_negative = false;
  std::size_t i = 0;
  for (; i < token.size() && token[i] != 'e' && token[i] != 'E'; ++i) {
    if (token[i] == '.') has_point = true;
    if (token[i] < '0' || token[i] > '9') continue;
    has_significant = has_significant || token[i] != '0';
    if (!has_point && has_significant) ++power;
    if (has_point && !has_significant) --power;
  }
  for (; i < token.size(); ++i) {
    if (token[i] == '-') is_exponent_negative = true;
    if (token[i] >= '0' && token[i] <= '9' && exponent < 1'000'000'000'000) exponent = exponent * 10 + (token[i] - '0');
  }
  return has_significant && power + (is_exponent_negative ? -exponent : exponent) > 0;
}

/// @return false when the number is too large; one that is too small becomes a zero of its sign
template <typename T>
bool convert(std::string_view token, T& out) noexcept {
  const auto [rest, error] = std::from_chars(token.data(), token.data() + token.size(), out);
  if (error == std::errc::result_out_of_range) {
    if (is_large(token)) return false;
    out = token.front() == '-' ? -T{0} : T{0};
    return true;
  }
  return error == std::errc{} && rest == token.data() + token.size() && std::isfinite(out);
}

}  // namespace

bool scan_number(Scanner& scanner, std::string_view& token) {
  const char* begin = scanner.at;
  bool has_exponent = false;
  if (!skip_number(scanner, has_exponent)) return false;
  token = {begin, static_cast<std::size_t>(scanner.at - begin)};
  // Below 300 digits and without an exponent a number cannot leave the range of a double.
  double value = 0;
  if ((has_exponent || token.size() > 300) && !convert(token, value)) return scanner.fail("number out of range");
  return true;
}

std::optional<double> parse_f64(std::string_view token) noexcept {
  if (token.empty()) return std::nullopt;
  // Up to 15 digits and ten to the 22nd are exact doubles, so one division rounds once (Clinger 1990).
  const char* at = token.data() + (token.front() == '-' ? 1 : 0);
  const char* const end = token.data() + token.size();
  std::uint64_t mantissa = 0;
  std::size_t scale = 0;
  std::size_t digits = 0;
  bool has_point = false;
  for (; at != end && digits <= 15; ++at) {
    if (*at == '.' && !has_point && digits > 0) {
      has_point = true;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    mantissa = mantissa * 10 + static_cast<std::uint64_t>(*at - '0');
    scale += has_point ? 1U : 0U;
    ++digits;
  }
  if (at == end && digits > 0 && digits <= 15) {
    const double value =
        static_cast<double>(mantissa) / static_cast<double>(detail::kPowersOfTen[scale]);
    return token.front() == '-' ? -value : value;
  }
  double value = 0;
  if (!convert(token, value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_i64(std::string_view token) noexcept {
  if (token.empty() || token == "-0") return std::nullopt;
  std::int64_t value = 0;
  const char* const end = token.data() + token.size();
  const auto [rest, error] = std::from_chars(token.data(), end, value);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return value;
}

bool parse_u64(Scanner& scanner, std::uint64_t& out) {
  const auto [rest, error] = std::from_chars(scanner.at, scanner.end, out);
  if (error != std::errc{}) return scanner.fail("invalid number");
  const bool has_leading_zero = *scanner.at == '0' && rest - scanner.at > 1;
  const bool is_longer = rest != scanner.end && (*rest == '.' || *rest == 'e' || *rest == 'E');
  if (has_leading_zero || is_longer) return scanner.fail("invalid number");
  scanner.at = rest;
  return true;
}

bool parse_f32_slowly(Scanner& scanner, float& out) {
  const char* begin = scanner.at;
  bool has_exponent = false;
  if (!skip_number(scanner, has_exponent)) return false;
  if (!convert({begin, static_cast<std::size_t>(scanner.at - begin)}, out)) return scanner.fail("number out of range");
  return true;
}

}  // namespace millrace::json
