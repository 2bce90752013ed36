#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "millrace/record.h"
#include "millrace/shard.h"
#include "shard/digest_sum.h"

namespace millrace {

/// How far each partition of each user's topic has been applied, for the kSourcesMax that were written to last; beyond that
/// the one whose newest batch is oldest is forgotten, which every replica does at the same offset.
class Sources {
 public:
  static constexpr std::size_t kSourcesMax = 65'536;

  /// @return null when nothing of the source has been applied
  [[nodiscard]] const std::uint64_t* position_of(const SourceRange& range) const {
    const auto found = by_key_.find(key_of(range));
    return found == by_key_.end() || !found->second.is_counted ? nullptr : &found->second.next;
  }

  /// Allocates what `remember` needs. @throws std::bad_alloc; nothing that counts has changed then
  void prepare(const SourceRange& range) { by_key_.try_emplace(Owned(key_of(range))); }

  /// @param range  prepared before
  void remember(const SourceRange& range, std::uint64_t offset, DigestSum& sum) noexcept {
    const auto entry = by_key_.find(key_of(range));
    if (entry->second.is_counted) {
      sum -= hash_of(*entry);
    } else {
      ++counted_;
    }
    entry->second = {range.next, offset, true};
    sum += hash_of(*entry);
    if (counted_ > kSourcesMax) forget_oldest(sum);
  }

  /// @return by ingest, topic and partition
  /// @throws std::bad_alloc
  [[nodiscard]] std::vector<SourcePosition> positions() const {
    std::vector<SourcePosition> all;
    all.reserve(counted_);
    for (const auto& [key, value] : by_key_)
      if (value.is_counted) all.push_back({key.ingest, key.topic, key.partition, value.next, value.offset});
    return all;
  }

 private:
  using Key = std::tuple<std::uint64_t, std::string_view, std::uint32_t>;
  struct Owned {
    explicit Owned(const Key& key) : ingest(std::get<0>(key)), topic(std::get<1>(key)), partition(std::get<2>(key)) {}
    std::uint64_t ingest;
    std::string topic;
    std::uint32_t partition;
    [[nodiscard]] Key view() const noexcept { return {ingest, topic, partition}; }
  };
  struct Less {
    using is_transparent = void;
    static Key view_of(const Owned& key) noexcept { return key.view(); }
    static const Key& view_of(const Key& key) noexcept { return key; }
    bool operator()(const auto& a, const auto& b) const noexcept { return view_of(a) < view_of(b); }
  };
  struct Value {
    std::uint64_t next = 0;
    std::uint64_t offset = 0;
    bool is_counted = false;
  };
  using Entries = std::map<Owned, Value, Less>;

  static Key key_of(const SourceRange& range) noexcept { return {range.ingest, range.topic, range.partition}; }

  static DigestSum hash_of(const Entries::value_type& entry) noexcept {
    const auto& [key, value] = entry;
    const std::uint64_t words[] = {key.ingest, key.partition, value.next, value.offset};
    return component_hash(Component::source, words, std::as_bytes(std::span(key.topic)));
  }

  /// No two batches have one offset, so there is one oldest.
  void forget_oldest(DigestSum& sum) noexcept {
    const auto age = [](const Entries::value_type& entry) {
      return entry.second.is_counted ? entry.second.offset : ~std::uint64_t{0};
    };
    const auto oldest = std::ranges::min_element(by_key_, {}, age);
    sum -= hash_of(*oldest);
    by_key_.erase(oldest);
    --counted_;
  }

  Entries by_key_;
  std::size_t counted_ = 0;
};

}  // namespace millrace
