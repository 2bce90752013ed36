#pragma once

#include <napi.h>

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "millrace/render.h"
#include "millrace/shard.h"
#include "shard_handle.h"

namespace millrace::binding {

/// What a caller wants to see of points, as given by src/engine (NativeShape).
struct ReadRequest {
  PointShape shape;
  PointSelector selector;
  std::uint64_t start_ns = 0;
};

// NativeShape: { payload: boolean, include?: string[], exclude?: string[], vectors: boolean | string[], startNs: bigint }
[[nodiscard]] Result<ReadRequest> read_request(const Napi::Value& value, std::span<const ShardReference> shards);

/// Work of showing a point, in the units of kInlineRenderMax. What payloads take is not known before: a small one is assumed.
[[nodiscard]] std::uint64_t estimate_point(const ReadRequest& request);

struct IdHash {
  std::size_t operator()(const PointId& id) const noexcept {
    return static_cast<std::size_t>((id.low ^ id.high) * 0x9E3779B97F4A7C15ULL);
  }
};

/// Points of several shards, read by `Key` in the order in which they were asked for: a PointId for what is there now, a
/// Hit for what a search has seen.
template <typename Key>
class PointReader {
 public:
  PointReader(std::span<const ShardReference> shards, const PointSelector& selector) : shards_(shards), selector_(selector) {
    keys_.resize(shards.size());
  }

  void want(std::size_t shard, const Key& key) { keys_[shard].push_back(key); }

  [[nodiscard]] std::optional<Error> read() {
    for (std::size_t shard = 0; shard < shards_.size(); ++shard) {
      auto page = read(*shards_[shard]->shard.get(), keys_[shard]);
      if (!page) return page.error();
      pages_.push_back(std::move(page.value()));
    }
    for (const auto& page : pages_)
      for (const auto& point : page.points) points_.emplace(point.id, &point);
    return std::nullopt;
  }

  /// @return nothing when the point does not exist (any more)
  [[nodiscard]] const PointView* find(const PointId& id) const {
    const auto found = points_.find(id);
    return found == points_.end() ? nullptr : found->second;
  }

 private:
  [[nodiscard]] Result<PointPage> read(const Shard& shard, std::span<const PointId> ids) const {
    return shard.retrieve(ids, selector_);
  }
  [[nodiscard]] Result<PointPage> read(const Shard& shard, std::span<const Hit> hits) const {
    return shard.retrieve_hits(hits, selector_);
  }

  std::span<const ShardReference> shards_;
  const PointSelector& selector_;
  std::vector<std::vector<Key>> keys_;
  std::vector<PointPage> pages_;
  std::unordered_map<PointId, const PointView*, IdHash> points_;
};

/// A hit and the index of its shard.
struct ShardHit {
  std::size_t shard;
  Hit hit;
};

/// The whole response for hits in their order, with payload and vectors as the search saw them; empty when a shard does not
/// know what a hit saw.
[[nodiscard]] Result<std::string> render_hits(std::span<const ShardReference> shards, std::span<const ShardHit> hits,
                                              const ReadRequest& request, bool in_object);

}  // namespace millrace::binding
