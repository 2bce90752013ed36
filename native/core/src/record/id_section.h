#pragma once

#include <cstddef>
#include <span>

#include "millrace/point_id.h"
#include "millrace/record_layout.generated.h"

namespace millrace {

/// How ids are laid out in an IDS section (docs/reference/log-format.md).
[[nodiscard]] layout::IdEncoding id_encoding_of(std::span<const PointId> ids) noexcept;
[[nodiscard]] std::size_t id_section_bytes(layout::IdEncoding encoding, std::size_t rows) noexcept;
/// @param into  id_section_bytes, zeroed
void write_ids(std::span<std::byte> into, layout::IdEncoding encoding, std::span<const PointId> ids) noexcept;

}  // namespace millrace
