#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::json {

/// Nesting that the readers support at all, whatever a caller asks for: their recursion stays within a few pages.
inline constexpr std::uint32_t kNestingMax = 512;

/// A position in a JSON text. Every reader advances `at` and returns false with `reason` set when the text is wrong there.
struct Scanner {
  const char* at;
  const char* end;
  std::uint32_t depth_max = 128;
  const char* reason = nullptr;
  bool is_too_deep = false;

  Scanner(std::string_view text, std::uint32_t nesting_max)
      : at(text.data()), end(text.data() + text.size()), depth_max(nesting_max < kNestingMax ? nesting_max : kNestingMax) {}

  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end - at); }

  void skip_space() noexcept {
    while (at != end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  }

  /// The next byte that is not white space, or NUL at the end of the text.
  [[nodiscard]] char peek() noexcept {
    skip_space();
    return at == end ? '\0' : *at;
  }

  /// Steps over `expected` when it is the next byte that is not white space.
  [[nodiscard]] bool consume(char expected) noexcept {
    if (peek() != expected || at == end) return false;
    ++at;
    return true;
  }

  bool fail(const char* why) noexcept {
    reason = why;
    return false;
  }

  bool fail_too_deep() noexcept {
    is_too_deep = true;
    return fail("recursion limit exceeded");
  }
};

}  // namespace millrace::json
