#pragma once

#include <cstddef>
#include <span>

#include "json/scanner.h"

namespace millrace::json {

/// Reads a list of exactly `out.size()` numbers at its bracket.
/// @param square_sum  Σ x² of the values, in order, in double
[[nodiscard]] bool parse_vector(Scanner& scanner, std::span<float> out, double& square_sum);

}  // namespace millrace::json
