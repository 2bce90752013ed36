#include "base/msgpack_reader.h"

#include <bit>
#include <limits>

namespace millrace {

std::optional<std::uint8_t> MsgpackReader::tag() noexcept {
  if (failed_ || at_ >= bytes_.size()) return fail();
  return static_cast<std::uint8_t>(bytes_[at_++]);
}

std::optional<std::uint64_t> MsgpackReader::big_endian(std::size_t width) noexcept {
  if (failed_ || bytes_.size() - at_ < width) return fail();
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = (value << 8U) | static_cast<std::uint8_t>(bytes_[at_ + i]);
  at_ += width;
  return value;
}

bool MsgpackReader::advance(std::uint64_t bytes) noexcept {
  if (failed_ || bytes_.size() - at_ < bytes) return fail(), false;
  at_ += static_cast<std::size_t>(bytes);
  return true;
}

std::optional<std::uint32_t> MsgpackReader::map() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  if ((*form & 0xf0U) == 0x80U) return *form & 0x0fU;
  if (*form != 0xde && *form != 0xdf) return fail();
  const auto pairs = big_endian(*form == 0xde ? 2 : 4);
  if (!pairs) return std::nullopt;
  return static_cast<std::uint32_t>(*pairs);
}

std::optional<std::uint32_t> MsgpackReader::array() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  if ((*form & 0xf0U) == 0x90U) return *form & 0x0fU;
  if (*form != 0xdc && *form != 0xdd) return fail();
  const auto items = big_endian(*form == 0xdc ? 2 : 4);
  if (!items) return std::nullopt;
  return static_cast<std::uint32_t>(*items);
}

std::optional<std::string_view> MsgpackReader::text() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  std::optional<std::uint64_t> length;
  if ((*form & 0xe0U) == 0xa0U)
    length = *form & 0x1fU;
  else if (*form >= 0xd9 && *form <= 0xdb)
    length = big_endian(std::size_t{1} << (*form - 0xd9U));
  else
    return fail();
  if (!length) return std::nullopt;
  const auto start = at_;
  if (!advance(*length)) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + start, at_ - start);
}

std::optional<std::span<const std::byte>> MsgpackReader::binary() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  if (*form < 0xc4 || *form > 0xc6) return fail();
  const auto length = big_endian(std::size_t{1} << (*form - 0xc4U));
  if (!length) return std::nullopt;
  const auto start = at_;
  if (!advance(*length)) return std::nullopt;
  return bytes_.subspan(start, at_ - start);
}

std::optional<std::uint64_t> MsgpackReader::unsigned_integer() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  if (*form < 0x80) return *form;
  if (*form >= 0xcc && *form <= 0xcf) return big_endian(std::size_t{1} << (*form - 0xccU));
  if (*form >= 0xd0 && *form <= 0xd3) {
    const auto width = std::size_t{1} << (*form - 0xd0U);
    const auto value = big_endian(width);
    if (!value || ((*value >> (8 * width - 1)) & 1U) != 0) return fail();
    return value;
  }
  if (*form != 0xca && *form != 0xcb) return fail();
  const auto bits = big_endian(*form == 0xca ? 4 : 8);
  if (!bits) return std::nullopt;
  const double value = *form == 0xca ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(*bits)))
                                     : std::bit_cast<double>(*bits);
  // 2^64 as a double; a NaN fails the comparison too.
  if (!(value >= 0 && value < 18446744073709551616.0)) return fail();
  const auto integer = static_cast<std::uint64_t>(value);
  if (static_cast<double>(integer) != value) return fail();
  return integer;
}

std::optional<std::int64_t> MsgpackReader::signed_integer() noexcept {
  const auto start = at_;
  const auto form = tag();
  if (!form) return std::nullopt;
  if (*form >= 0xe0) return static_cast<std::int8_t>(*form);
  if (*form >= 0xd0 && *form <= 0xd3) {
    const auto width = std::size_t{1} << (*form - 0xd0U);
    const auto bits = big_endian(width);
    if (!bits) return std::nullopt;
    // Shifted up and down again the sign fills the upper bytes.
    const auto unused = 64 - 8 * width;
    return static_cast<std::int64_t>(*bits << unused) >> unused;
  }
  if (*form == 0xca || *form == 0xcb) {
    at_ = start;
    const auto value = number();
    if (!value) return std::nullopt;
    if (!(*value >= -9223372036854775808.0 && *value < 9223372036854775808.0)) return fail();
    const auto integer = static_cast<std::int64_t>(*value);
    if (static_cast<double>(integer) != *value) return fail();
    return integer;
  }
  at_ = start;
  const auto value = unsigned_integer();
  if (!value) return std::nullopt;
  if (*value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return fail();
  return static_cast<std::int64_t>(*value);
}

std::optional<double> MsgpackReader::number() noexcept {
  const auto start = at_;
  const auto form = tag();
  if (!form) return std::nullopt;
  if (*form == 0xca || *form == 0xcb) {
    const auto bits = big_endian(*form == 0xca ? 4 : 8);
    if (!bits) return std::nullopt;
    return *form == 0xca ? static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(*bits)))
                         : std::bit_cast<double>(*bits);
  }
  at_ = start;
  if (*form >= 0xe0 || (*form >= 0xd0 && *form <= 0xd3)) {
    const auto value = signed_integer();
    if (!value) return std::nullopt;
    return static_cast<double>(*value);
  }
  const auto value = unsigned_integer();
  if (!value) return std::nullopt;
  return static_cast<double>(*value);
}

std::optional<bool> MsgpackReader::boolean() noexcept {
  const auto form = tag();
  if (!form) return std::nullopt;
  if (*form != 0xc2 && *form != 0xc3) {
    failed_ = true;
    return std::nullopt;
  }
  return *form == 0xc3;
}

std::optional<std::span<const std::byte>> MsgpackReader::value(int levels) noexcept {
  const auto start = at_;
  if (!skip(levels)) return std::nullopt;
  return bytes_.subspan(start, at_ - start);
}

std::optional<MsgpackReader::Kind> MsgpackReader::peek() const noexcept {
  if (failed_ || at_ >= bytes_.size()) return std::nullopt;
  const auto form = static_cast<std::uint8_t>(bytes_[at_]);
  if (form < 0x80 || form >= 0xe0 || (form >= 0xca && form <= 0xd3)) return Kind::number;
  if (form < 0x90 || form == 0xde || form == 0xdf) return Kind::map;
  if (form < 0xa0 || form == 0xdc || form == 0xdd) return Kind::array;
  if (form < 0xc0 || (form >= 0xd9 && form <= 0xdb)) return Kind::text;
  if (form == 0xc0) return Kind::nil;
  if (form == 0xc2 || form == 0xc3) return Kind::boolean;
  return form >= 0xc4 && form <= 0xc6 ? Kind::binary : Kind::other;
}

bool MsgpackReader::take_nil() noexcept {
  if (peek() != Kind::nil) return false;
  ++at_;
  return true;
}

bool MsgpackReader::skip(int levels) noexcept {
  if (levels == 0) return fail(), false;
  const auto form = tag();
  if (!form) return false;
  const auto f = *form;
  if (f < 0x80 || f >= 0xe0 || f == 0xc0 || f == 0xc2 || f == 0xc3) return true;
  if ((f & 0xf0U) == 0x80U || f == 0xde || f == 0xdf || (f & 0xf0U) == 0x90U || f == 0xdc || f == 0xdd) {
    --at_;
    const bool is_map = (f & 0xf0U) == 0x80U || f >= 0xde;
    const auto items = is_map ? map() : array();
    if (!items) return false;
    // Each item takes at least a byte, so a declared length cannot make this loop longer than the bytes.
    for (std::uint64_t i = 0; i < std::uint64_t{*items} * (is_map ? 2U : 1U); ++i)
      if (!skip(levels - 1)) return false;
    return true;
  }
  if ((f & 0xe0U) == 0xa0U) return advance(f & 0x1fU);
  if (f >= 0xd9 && f <= 0xdb) {
    const auto length = big_endian(std::size_t{1} << (f - 0xd9U));
    return length && advance(*length);
  }
  if (f >= 0xc4 && f <= 0xc6) {
    const auto length = big_endian(std::size_t{1} << (f - 0xc4U));
    return length && advance(*length);
  }
  if (f == 0xca) return advance(4);
  if (f == 0xcb) return advance(8);
  if (f >= 0xcc && f <= 0xcf) return advance(1ULL << (f - 0xccU));
  if (f >= 0xd0 && f <= 0xd3) return advance(1ULL << (f - 0xd0U));
  return fail(), false;
}

}  // namespace millrace
