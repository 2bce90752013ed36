#include "json/sparse_vector.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "json/numbers.h"
#include "json/strings.h"
#include "json/syntax.h"

namespace millrace::json {

bool SparseReader::read(Scanner& scanner, std::uint32_t depth) {
  // The lists in it are one deeper.
  if (scanner.depth_max < depth + 2 || !scanner.consume('{')) return false;
  bool has_indices = false;
  bool has_values = false;
  bool has_next = !scanner.consume('}');
  while (has_next) {
    RawString raw;
    if (!read_key(scanner, raw)) return false;
    const auto key = decode_string(raw, key_);
    if (key == "indices") {
      if (has_indices || !read_indices(scanner)) return false;
      has_indices = true;
    } else if (key == "values") {
      if (has_values || !read_values(scanner)) return false;
      has_values = true;
    } else if (!skip_value(scanner, depth + 1)) {
      return false;
    }
    if (!next_or_close(scanner, '}', has_next)) return false;
  }
  return has_indices && has_values && indices_.size() == values_.size() && sort();
}

bool SparseReader::read_indices(Scanner& scanner) {
  indices_.clear();
  if (!scanner.consume('[')) return false;
  bool has_next = !scanner.consume(']');
  while (has_next) {
    std::uint64_t index = 0;
    scanner.skip_space();
    if (!parse_u64(scanner, index) || index > std::numeric_limits<std::uint32_t>::max()) return false;
    indices_.push_back(static_cast<std::uint32_t>(index));
    if (!next_or_close(scanner, ']', has_next)) return false;
  }
  return true;
}

bool SparseReader::read_values(Scanner& scanner) {
  values_.clear();
  if (!scanner.consume('[')) return false;
  bool has_next = !scanner.consume(']');
  while (has_next) {
    float value = 0;
    scanner.skip_space();
    if (!parse_f32(scanner, value)) return false;
    values_.push_back(value);
    if (!next_or_close(scanner, ']', has_next)) return false;
  }
  return true;
}

/// @return false when an index comes twice
bool SparseReader::sort() {
  const auto is_rising = [](auto a, auto b) { return a < b; };
  if (std::ranges::adjacent_find(indices_, std::not_fn(is_rising)) == indices_.end()) return true;
  entries_.clear();
  for (std::size_t i = 0; i < indices_.size(); ++i) entries_.emplace_back(indices_[i], values_[i]);
  std::ranges::sort(entries_, {}, &std::pair<std::uint32_t, float>::first);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (i > 0 && entries_[i - 1].first == entries_[i].first) return false;
    indices_[i] = entries_[i].first;
    values_[i] = entries_[i].second;
  }
  return true;
}

}  // namespace millrace::json
