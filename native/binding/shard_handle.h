#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "millrace/shard.h"

namespace millrace::binding {

/// Holds a shard until it is closed. JavaScript may keep the handle for long after that, until it next collects its
/// garbage: the memory must not wait for it. Whoever works on the shard meanwhile keeps it to the end of its call.
class HeldShard {
 public:
  explicit HeldShard(std::shared_ptr<Shard> shard) : held_(std::move(shard)) {}
  [[nodiscard]] std::shared_ptr<Shard> get() const noexcept { return held_.load(); }
  [[nodiscard]] std::shared_ptr<Shard> operator->() const noexcept { return get(); }
  /// From now on it is this one.
  void put(std::shared_ptr<Shard> shard) noexcept { held_.store(std::move(shard)); }

 private:
  std::atomic<std::shared_ptr<Shard>> held_;
};

/// An open shard as the process knows it.
struct ShardHandle {
  explicit ShardHandle(std::shared_ptr<Shard> opened) : shard(std::move(opened)) {}

  HeldShard shard;
  std::atomic<bool> is_applying{false};
};

using ShardReference = std::shared_ptr<ShardHandle>;

/// ShardState with offsets as bigint and digests as 32 hex digits.
[[nodiscard]] Napi::Object state_object(Napi::Env env, const ShardState& state);

[[nodiscard]] std::optional<ShardReference> as_shard(const Napi::Value& value);
[[nodiscard]] std::optional<std::vector<ShardReference>> as_shards(const Napi::Value& value);

}  // namespace millrace::binding
