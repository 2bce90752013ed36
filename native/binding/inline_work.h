#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::binding {

/// Up to here, about a millisecond of multiply-adds, a search runs inside the call: handing it to another thread and
/// back costs more than it would hold up the event loop.
inline constexpr std::uint64_t kInlineWorkMax = 4'000'000;

/// Up to here, about a millisecond, a response is rendered inside the call. One unit is a component of a vector
/// printed, or about as much: some tens of nanoseconds.
inline constexpr std::uint64_t kInlineRenderMax = 25'000;

/// Up to here, some tens of microseconds, upserts are applied inside the call.
inline constexpr std::size_t kInlineApplyBytesMax = 16U << 10U;

}  // namespace millrace::binding
