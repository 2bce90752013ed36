#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "millrace/result.h"

namespace millrace {

struct FilterTree;

/// A condition on points, compiled for evaluation; copies share it. Written as one MessagePack value:
///
///     F = { should?: [C], must?: [C], must_not?: [C], min_should?: { conditions: [C], min_count } }
///     C = F | { key, match: { value } | { any } | { except } | { text } | { text_any } | { phrase } | { prefix } }
///           | { key, range: { lt?, gt?, lte?, gte? } }             numbers
///           | { key, datetime_range: { lt?, gt?, lte?, gte? } }    microseconds since 1970
///           | { key, values_count: { lt?, gt?, lte?, gte? } } | { key, is_empty: bool } | { key, is_null: bool }
///           | { is_empty: { key } } | { is_null: { key } } | { has_id: [u64 | bin16] } | { has_vector: slot | nil }
///           | { nested: { key, filter: F } }
///
/// `nil` stands for a member that is not there. A point matches when one of `should` does (or there is none), at least
/// `min_count` of `min_should`, all of `must` and none of `must_not`.
class Filter {
 public:
  /// Groups inside of groups, `nested` included: the 64 that `limits.filterDepth` may allow a request, and the one that the
  /// encoder makes of a condition that says several things of its key.
  static constexpr int kDepthMax = 65;

  /// @return ARGUMENT_INVALID with the reason when the bytes are no filter
  /// @throws std::bad_alloc
  [[nodiscard]] static Result<Filter> decode(std::span<const std::byte> bytes);

  explicit Filter(std::shared_ptr<const FilterTree> tree) noexcept : tree_(std::move(tree)) {}
  [[nodiscard]] const FilterTree& tree() const noexcept { return *tree_; }

 private:
  std::shared_ptr<const FilterTree> tree_;
};

}  // namespace millrace
