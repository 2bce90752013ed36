#pragma once

#include <deque>

#include "shard/snapshot.h"

namespace millrace {

/// Keeps from readers what no graph leads to, for a collection that wants it so (`prevent_unoptimized`): a search then
/// never scans more than a bounded tail, however fast points come. What is shown is a state that the shard was in: the newest
/// one in which each column had no more vectors outside of its graph than one may have that needs no graph; and of the
/// records after it, as far as they only added points, the points that this leaves room for.
///
/// What is shown only moves forward. Everything here happens under the mutex of what is published.
class Deferral {
 public:
  explicit Deferral(const RowStore& store) noexcept : store_(store) {}

  [[nodiscard]] bool is_on() const noexcept { return is_on_; }

  /// @param published  stays visible as a whole
  /// @throws std::bad_alloc
  void begin(const Snapshot& published);
  void end() noexcept;

  /// One record more. Without memory for it, it is shown together with the next one.
  void note(const Snapshot& published) noexcept;

  /// @return what may be read now
  [[nodiscard]] const Snapshot& visible() noexcept;

 private:
  /// Beyond so many states every second one is forgotten: its records are shown together with those of the next one.
  static constexpr std::size_t kStatesMax = 4096;

  void advance();
  void show_points_of(const Snapshot& next);
  [[nodiscard]] std::uint64_t bound_of(const VectorColumn& column) const noexcept;
  [[nodiscard]] bool is_within_bounds(const Snapshot& at) const noexcept;
  [[nodiscard]] std::uint64_t rows_within(const Snapshot& next) const noexcept;

  const RowStore& store_;
  bool is_on_ = false;
  std::shared_ptr<const Generation> newest_;
  Snapshot whole_;                ///< the newest state that every column allows
  std::deque<Snapshot> waiting_;  ///< those after it
  Snapshot visible_;              ///< whole_, and perhaps points of the first of waiting_
};

}  // namespace millrace
