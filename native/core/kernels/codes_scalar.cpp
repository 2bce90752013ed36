#include <cmath>
#include <cstring>

#include "code_forms.h"

namespace millrace {

void code_dot_scalar(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                     std::int32_t* keys) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int8_t* const row = rows.row(ids[i]);
    std::int32_t sum = 0;
    for (std::size_t d = 0; d < query.dimension; ++d) sum += std::int32_t{query.values[d]} * row[d];
    std::int32_t term = 0;
    std::memcpy(&term, row + rows.stride - sizeof(term), sizeof(term));
    keys[i] = static_cast<std::int32_t>(std::nearbyint(static_cast<float>(term) * query.term_scale)) - sum;
  }
}

void code_l1_scalar(const CodeQuery& query, const CodeRows& rows, const std::uint32_t* ids, std::size_t count,
                    std::int32_t* keys) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::int8_t* const row = rows.row(ids[i]);
    std::int32_t sum = 0;
    for (std::size_t d = 0; d < query.dimension; ++d) {
      const std::int32_t difference = std::int32_t{query.values[d]} - row[d];
      sum += difference < 0 ? -difference : difference;
    }
    keys[i] = sum;
  }
}

}  // namespace millrace
