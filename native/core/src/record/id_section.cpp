#include "record/id_section.h"

#include <algorithm>
#include <cstring>

#include "record/tables.h"

namespace millrace {
namespace {

std::size_t flag_bytes(layout::IdEncoding encoding, std::size_t rows) noexcept {
  return encoding == layout::IdEncoding::mixed ? words_of(rows) * 8 : 0;
}

void put_word(std::byte* at, std::uint64_t word) noexcept { std::memcpy(at, &word, sizeof word); }

}  // namespace

layout::IdEncoding id_encoding_of(std::span<const PointId> ids) noexcept {
  using enum layout::IdEncoding;
  const auto uuids = static_cast<std::size_t>(std::ranges::count(ids, true, &PointId::is_uuid));
  return uuids == 0 ? numeric : uuids == ids.size() ? uuid : mixed;
}

std::size_t id_section_bytes(layout::IdEncoding encoding, std::size_t rows) noexcept {
  return flag_bytes(encoding, rows) + rows * (encoding == layout::IdEncoding::numeric ? 8 : 16);
}

void write_ids(std::span<std::byte> into, layout::IdEncoding encoding, std::span<const PointId> ids) noexcept {
  const bool is_numeric = encoding == layout::IdEncoding::numeric;
  std::byte* at = into.data() + flag_bytes(encoding, ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i, at += is_numeric ? 8 : 16) {
    const auto& id = ids[i];
    if (!id.is_uuid) {
      put_word(at, id.low);
      continue;
    }
    // A UUID's halves are numbers of its bytes read big-endian; the section holds the bytes as printed.
    put_word(at, __builtin_bswap64(id.high));
    put_word(at + 8, __builtin_bswap64(id.low));
    if (encoding == layout::IdEncoding::mixed) into[i / 8] |= static_cast<std::byte>(1U << (i % 8));
  }
}

}  // namespace millrace
