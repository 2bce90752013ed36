#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace millrace {

/// Writes the MessagePack that META sections need; the numbers in as few bytes as they take.
class MsgpackWriter {
 public:
  /// @param pairs  < 65536; as many keys and values follow
  MsgpackWriter& map(std::size_t pairs) { return pairs < 16 ? byte(0x80U | pairs) : number(0xde, pairs, 2); }
  MsgpackWriter& array(std::size_t items) { return items < 16 ? byte(0x90U | items) : number(0xdc, items, 2); }

  /// @param items  < 2^32
  MsgpackWriter& list(std::size_t items) { return items < 0x10000 ? array(items) : number(0xdd, items, 4); }

  /// @param value  < 4 GiB
  MsgpackWriter& text(std::string_view value) {
    value.size() < 32 ? byte(0xa0U | value.size()) : number(0xdb, value.size(), 4);
    return raw(std::as_bytes(std::span(value)));
  }
  MsgpackWriter& binary(std::span<const std::byte> value) { return number(0xc6, value.size(), 4).raw(value); }

  MsgpackWriter& unsigned_integer(std::uint64_t value) {
    if (value < 0x80) return byte(value);
    if (value <= 0xff) return number(0xcc, value, 1);
    if (value <= 0xffff) return number(0xcd, value, 2);
    return value <= 0xffffffffU ? number(0xce, value, 4) : number(0xcf, value, 8);
  }

  MsgpackWriter& boolean(bool value) { return byte(value ? 0xc3 : 0xc2); }

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  MsgpackWriter& byte(std::uint64_t value) {
    bytes_.push_back(static_cast<std::byte>(value & 0xffU));
    return *this;
  }
  MsgpackWriter& number(unsigned form, std::uint64_t value, std::size_t width) {
    byte(form);
    for (std::size_t i = width; i > 0; --i) byte(value >> (8 * (i - 1)));
    return *this;
  }
  MsgpackWriter& raw(std::span<const std::byte> value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }

  std::vector<std::byte> bytes_;
};

}  // namespace millrace
