#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace millrace {

/// Reads the MessagePack subset of META sections in place: nothing is allocated, whatever lengths are declared.
/// The first read that fails makes all later ones fail, so callers may check once.
class MsgpackReader {
 public:
  explicit MsgpackReader(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}

  /// @return the number of key-value pairs that follow
  std::optional<std::uint32_t> map() noexcept;
  std::optional<std::uint32_t> array() noexcept;
  std::optional<std::string_view> text() noexcept;
  /// @return the bytes of a bin value, in place
  std::optional<std::span<const std::byte>> binary() noexcept;
  /// Any form of a non-negative integer, and a float that is one (JavaScript writes numbers above 2^32 so).
  std::optional<std::uint64_t> unsigned_integer() noexcept;
  /// Any integer that fits, and a float that is one.
  std::optional<std::int64_t> signed_integer() noexcept;
  /// Any form of a number, as the nearest double.
  std::optional<double> number() noexcept;
  std::optional<bool> boolean() noexcept;
  /// The bytes of one value of any type, at most `levels` deep.
  std::optional<std::span<const std::byte>> value(int levels = 32) noexcept;
  /// What comes next; nothing at the end.
  enum class Kind : std::uint8_t { nil, boolean, number, text, binary, array, map, other };
  [[nodiscard]] std::optional<Kind> peek() const noexcept;
  /// Steps over `nil` when it comes next.
  bool take_nil() noexcept;
  /// Passes over one value of any type, at most 32 levels deep.
  bool skip(int levels = 32) noexcept;

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ == bytes_.size(); }

 private:
  std::optional<std::uint8_t> tag() noexcept;
  std::optional<std::uint64_t> big_endian(std::size_t width) noexcept;
  bool advance(std::uint64_t bytes) noexcept;
  std::nullopt_t fail() noexcept {
    failed_ = true;
    return std::nullopt;
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace millrace
