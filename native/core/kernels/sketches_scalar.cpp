#include <cmath>
#include <cstring>

#include "code_forms.h"

namespace millrace {

void sketch_dot_scalar(const SketchQuery& query, const SketchRows& rows, const std::uint32_t* ids, std::size_t count,
                       std::int32_t* keys) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* const row = rows.row(ids[i]);
    std::int32_t sum = 0;
    for (std::size_t at = 0; at < query.bytes; ++at)
      sum += std::int32_t{query.low[at]} * (row[at] & 15) + std::int32_t{query.high[at]} * (row[at] >> 4);
    std::int32_t term = 0;
    std::memcpy(&term, row + rows.stride - sizeof(term), sizeof(term));
    keys[i] = static_cast<std::int32_t>(std::nearbyint(static_cast<float>(term) * query.term_scale)) - sum;
  }
}

}  // namespace millrace
