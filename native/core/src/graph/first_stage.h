#pragma once

#include <memory>

#include "graph/column_index.h"

namespace millrace {

/// What multivectors are encoded as is compared by it: near ones are found by the same queries. A query orders them by its
/// weights alone: CodeSpace::encode_weights.
inline constexpr Distance kEncodedDistance = Distance::euclid;

/// A graph without rows, with what it learned from the first `count` vectors of a column: mean and scale of the codes, and
/// the encoding of multivectors.
/// @param count  at least 1
/// @throws std::bad_alloc
[[nodiscard]] std::shared_ptr<GraphStage> first_stage(const VectorColumn& column, std::uint32_t count, GraphShape shape);

}  // namespace millrace
