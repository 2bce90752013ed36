#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "json/scanner.h"
#include "millrace/sparse_view.h"

namespace millrace::json {

/// Reads sparse vectors, `{"indices":[…],"values":[…]}` with the members in any order; others mean nothing.
class SparseReader {
 public:
  /// @param depth  containers around the vector
  /// @return       false when a list is missing or given twice, when they differ in length, when an index is no u32, or comes
  ///               twice, or a value rounds to infinity
  [[nodiscard]] bool read(Scanner& scanner, std::uint32_t depth);

  /// What was read last, by rising index. Valid until the next call.
  [[nodiscard]] SparseView view() const noexcept { return {indices_, values_}; }

 private:
  [[nodiscard]] bool read_indices(Scanner& scanner);
  [[nodiscard]] bool read_values(Scanner& scanner);
  [[nodiscard]] bool sort();

  std::vector<std::uint32_t> indices_;
  std::vector<float> values_;
  std::vector<std::pair<std::uint32_t, float>> entries_;
  std::string key_;
};

}  // namespace millrace::json
