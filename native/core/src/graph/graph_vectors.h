#pragma once

#include <cstdint>
#include <vector>

#include "codes/multi_encoding.h"
#include "shard/rows.h"

namespace millrace {

/// What the codes of a column's graph are made from, by position: the vector as floats, or what a multivector is encoded as.
class GraphVectors {
 public:
  /// @param encoding  null unless the column has multivectors; outlives this
  /// @throws std::bad_alloc
  GraphVectors(const VectorColumn& column, const MultiEncoding* encoding)
      : column_(column), encoding_(encoding), vector_(encoding != nullptr ? encoding->size() : column.slot.dimension) {}

  /// @return f32[dimension of the codes], valid until the next call
  /// @throws std::bad_alloc where it has to be made floats first
  [[nodiscard]] const float* at(std::uint64_t position) {
    if (encoding_ == nullptr) return column_.components(position, vector_);
    encoding_->encode(column_.multi_components(position, multi_), vector_);
    return vector_.data();
  }

 private:
  const VectorColumn& column_;
  const MultiEncoding* encoding_;
  std::vector<float> vector_;
  std::vector<float> multi_;
};

}  // namespace millrace
