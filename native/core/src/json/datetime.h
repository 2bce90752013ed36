#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::json {

/// Reads a date as microseconds since 1970 in UTC, cut to whole ones.
///
///     YYYY-MM-DD                                        midnight
///     YYYY-MM-DD[T| ]HH:MM                              no seconds, no zone
///     YYYY-MM-DD[T| ]HH:MM:SS[.f…][[ ]zone]             zone: Z, UTC, ±HH:MM, ±HHMM or ±HH; none is UTC
///
/// `t` and `z` stand for `T` and `Z`. Second 60 is the first of the next minute.
/// @return nothing for any other text
[[nodiscard]] std::optional<std::int64_t> parse_datetime(std::string_view text) noexcept;

}  // namespace millrace::json
