#pragma once

#include <napi.h>

#include <atomic>
#include <memory>
#include <optional>
#include <vector>

#include "millrace/shard.h"

namespace millrace::binding {

/// An open shard as the process knows it.
struct ShardHandle {
  std::shared_ptr<Shard> shard;
  std::atomic<bool> is_applying{false};
};

using ShardReference = std::shared_ptr<ShardHandle>;

/// ShardState with offsets as bigint and digests as 32 hex digits.
[[nodiscard]] Napi::Object state_object(Napi::Env env, const ShardState& state);

[[nodiscard]] std::optional<ShardReference> as_shard(const Napi::Value& value);
[[nodiscard]] std::optional<std::vector<ShardReference>> as_shards(const Napi::Value& value);

}  // namespace millrace::binding
