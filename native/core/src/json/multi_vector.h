#pragma once

#include <cstddef>
#include <vector>

#include "json/scanner.h"
#include "millrace/schema.h"

namespace millrace::json {

/// Components that the vectors of a multivector may have together.
inline constexpr std::size_t kMultiComponentsMax = (std::size_t{1} << 20U) - 1;

/// Reads a multivector at its bracket: a list of vectors, or one vector alone.
/// @param depth   containers around it
/// @param values  what its vectors are appended to, of unit length where the slot keeps it
/// @param norms   what the length that was taken out of each is appended to
/// @return        false when it is none, or too large; nothing can be said of what was appended then
[[nodiscard]] bool parse_multi_vector(Scanner& scanner, const VectorSlot& slot, std::uint32_t depth,
                                      std::vector<float>& values, std::vector<float>& norms);

}  // namespace millrace::json
