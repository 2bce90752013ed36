#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "shard/digest_sum.h"

namespace millrace {

/// The last sequence of each producer, for the newest kProducersMax of them; beyond that the one whose last record is
/// oldest is forgotten, which every replica does at the same offset.
class Producers {
 public:
  static constexpr std::size_t kProducersMax = 65'536;

  /// The last record of a producer.
  struct Record {
    std::uint64_t producer;
    std::uint64_t sequence;
    std::uint64_t offset;
  };

  [[nodiscard]] bool has_applied(std::uint64_t producer, std::uint64_t sequence) const {
    if (producer == 0) return false;
    const auto found = by_id_.find(producer);
    return found != by_id_.end() && sequence <= found->second->sequence && found->second->is_counted;
  }

  /// Allocates what `remember` needs. @throws std::bad_alloc; nothing that counts has changed then
  void prepare(std::uint64_t producer) {
    if (producer == 0 || by_id_.contains(producer)) return;
    spare_.push_front({producer, 0, 0, false});
    try {
      by_id_.emplace(producer, spare_.begin());
    } catch (...) {
      spare_.pop_front();
      throw;
    }
  }

  /// @param producer  prepared before
  void remember(std::uint64_t producer, std::uint64_t sequence, std::uint64_t offset, DigestSum& sum) noexcept {
    if (producer == 0) return;
    const auto entry = by_id_.find(producer)->second;
    if (entry->is_counted) sum -= hash_of(*entry);
    recent_.splice(recent_.end(), entry->is_counted ? recent_ : spare_, entry);
    *entry = {producer, sequence, offset, true};
    sum += hash_of(*entry);
    if (recent_.size() <= kProducersMax) return;
    sum -= hash_of(recent_.front());
    by_id_.erase(recent_.front().producer);
    recent_.pop_front();
  }

  /// @return the last records, oldest first
  /// @throws std::bad_alloc
  [[nodiscard]] std::vector<Record> records() const {
    std::vector<Record> all;
    all.reserve(recent_.size());
    for (const auto& entry : recent_) all.push_back({entry.producer, entry.sequence, entry.offset});
    return all;
  }

 private:
  struct Entry {
    std::uint64_t producer;
    std::uint64_t sequence;
    std::uint64_t offset;
    bool is_counted;
  };

  static DigestSum hash_of(const Entry& entry) noexcept {
    const std::uint64_t words[] = {entry.producer, entry.sequence, entry.offset};
    return component_hash(Component::producer, words);
  }

  std::list<Entry> recent_;  ///< oldest last record first
  std::list<Entry> spare_;   ///< prepared, no record yet
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_id_;
};

}  // namespace millrace
