#include "json/datetime.h"

#include <array>

namespace millrace::json {
namespace {

/// Takes exact digits and characters off the front of a text; the first that is not there fails the whole.
class Taker {
 public:
  explicit Taker(std::string_view text) noexcept : left_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return left_.empty(); }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

  bool take(char expected) noexcept {
    if (!left_.starts_with(expected)) return false;
    left_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view expected) noexcept {
    if (!left_.starts_with(expected)) return false;
    left_.remove_prefix(expected.size());
    return true;
  }
  void need(char expected) noexcept { failed_ = !take(expected) || failed_; }

  /// A number of exactly `digits` digits, from `least` to `most`.
  std::int64_t number(std::size_t digits, std::int64_t least, std::int64_t most) noexcept {
    std::int64_t value = 0;
    std::size_t i = 0;
    for (; i < digits && i < left_.size() && is_digit(left_[i]); ++i) value = value * 10 + (left_[i] - '0');
    failed_ = failed_ || i < digits || value < least || value > most;
    left_.remove_prefix(i);
    return value;
  }

  /// The digits behind a point, as microseconds.
  std::int64_t fraction() noexcept {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < left_.size() && is_digit(left_[digits]); ++digits)
      if (digits < 6) value = value * 10 + (left_[digits] - '0');
    failed_ = failed_ || digits == 0;
    for (auto i = digits; i < 6; ++i) value *= 10;
    left_.remove_prefix(digits);
    return value;
  }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

  std::string_view left_;
  bool failed_ = false;
};

std::int64_t days_of_month(std::int64_t year, std::int64_t month) noexcept {
  constexpr std::array<std::int64_t, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && is_leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

/// Days since 1970-01-01 in the Gregorian calendar, carried back before its time (Hinnant, days_from_civil).
std::int64_t days_since_epoch(std::int64_t year, std::int64_t month, std::int64_t day) noexcept {
  const auto shifted = month <= 2 ? year - 1 : year;
  const auto era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const auto year_of_era = shifted - era * 400;
  const auto day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

/// @return seconds east of UTC
std::int64_t take_zone(Taker& taker) noexcept {
  taker.take(' ');
  if (taker.take('Z') || taker.take('z') || taker.take("UTC")) return 0;
  const bool is_west = taker.take('-');
  if (!is_west) taker.need('+');
  auto seconds = taker.number(2, 0, 23) * 3600;
  if (!taker.at_end()) {
    taker.take(':');
    seconds += taker.number(2, 0, 59) * 60;
  }
  return is_west ? -seconds : seconds;
}

}  // namespace

std::optional<std::int64_t> parse_datetime(std::string_view text) noexcept {
  Taker taker(text);
  const auto year = taker.number(4, 0, 9999);
  taker.need('-');
  const auto month = taker.number(2, 1, 12);
  taker.need('-');
  const auto day = taker.number(2, 1, 31);
  if (taker.failed() || day > days_of_month(year, month)) return std::nullopt;
  auto seconds = days_since_epoch(year, month, day) * 86'400;
  std::int64_t micros = 0;
  if (!taker.at_end()) {
    if (!taker.take('T') && !taker.take('t')) taker.need(' ');
    seconds += taker.number(2, 0, 23) * 3600;
    taker.need(':');
    seconds += taker.number(2, 0, 59) * 60;
    if (!taker.at_end()) {
      taker.need(':');
      seconds += taker.number(2, 0, 60);
      if (taker.take('.')) micros = taker.fraction();
      if (!taker.at_end()) seconds -= take_zone(taker);
    }
  }
  if (taker.failed() || !taker.at_end()) return std::nullopt;
  return seconds * 1'000'000 + micros;
}

}  // namespace millrace::json
