#pragma once

#include <span>
#include <variant>

#include "millrace/schema.h"
#include "shard/digest_sum.h"

namespace millrace {

inline constexpr std::uint32_t kDimensionMax = 65'536;

/// Reads the META of a `schema` record; keys that it does not know are passed over.
/// @return the schema, or why it is none (a constant text)
/// @throws std::bad_alloc
[[nodiscard]] std::variant<Schema, const char*> decode_schema(std::span<const std::byte> meta);

/// Component of the digest with versions: everything that the record says.
[[nodiscard]] DigestSum schema_hash(const Schema& schema) noexcept;
/// Component of the content digest: the vectors only.
[[nodiscard]] DigestSum schema_content_hash(const Schema& schema) noexcept;

}  // namespace millrace
