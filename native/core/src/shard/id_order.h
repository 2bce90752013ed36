#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "millrace/shard.h"
#include "shard/rows.h"

namespace millrace {

/// Rows sorted by id, made when somebody scrolls and remade when too many rows were added or ended since. The rows after
/// `covered` are the tail, which a page looks through as it is: so ingest pays nothing for the order.
class IdOrder {
 public:
  struct Sorted {
    std::vector<std::uint32_t> rows;  ///< by id, then row
    std::uint64_t covered = 0;        ///< rows below this are in it, or had ended before `as_of`
    std::uint64_t as_of = 0;          ///< the offset at which rows were left out as ended
    std::uint64_t ended = 0;
  };

  /// @param now  a snapshot's state taken before the call; the caller then takes a new one, never older than `as_of`
  /// @throws std::bad_alloc
  [[nodiscard]] std::shared_ptr<const Sorted> get(const RowStore& store, const ShardState& now);

  /// Rows that a scroll would look at or sort now. Does not wait for a sort that is under way.
  [[nodiscard]] std::uint64_t estimate(const ShardState& now) const noexcept;

 private:
  [[nodiscard]] static bool is_stale(const Sorted& sorted, const ShardState& now) noexcept;

  mutable std::mutex mutex_;  // among readers; the writer never takes it
  std::shared_ptr<const Sorted> sorted_ = std::make_shared<const Sorted>();
};

}  // namespace millrace
