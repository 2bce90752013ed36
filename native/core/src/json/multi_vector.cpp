#include "json/multi_vector.h"

#include <span>

#include "json/syntax.h"
#include "json/vectors.h"
#include "millrace/normalize.h"

namespace millrace::json {
namespace {

bool parse_row(Scanner& scanner, const VectorSlot& slot, std::vector<float>& values, std::vector<float>& norms) {
  values.resize(values.size() + slot.dimension);
  const auto row = std::span(values).last(slot.dimension);
  double square_sum = 0;
  if (!parse_vector(scanner, row, square_sum)) return false;
  norms.push_back(slot.keeps_unit_length() ? normalize(row, square_sum) : 1.0F);
  return true;
}

}  // namespace

bool parse_multi_vector(Scanner& scanner, const VectorSlot& slot, std::uint32_t depth, std::vector<float>& values,
                        std::vector<float>& norms) {
  scanner.skip_space();
  const char* const begin = scanner.at;
  if (!scanner.consume('[')) return false;
  if (scanner.peek() != '[') {
    scanner.at = begin;
    return parse_row(scanner, slot, values, norms);
  }
  if (scanner.depth_max <= depth + 1) return false;
  const auto components_max = values.size() + kMultiComponentsMax;
  bool has_next = true;
  while (has_next)
    if (values.size() + slot.dimension > components_max || !parse_row(scanner, slot, values, norms) ||
        !next_or_close(scanner, ']', has_next))
      return false;
  return true;
}

}  // namespace millrace::json
