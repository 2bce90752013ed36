#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/json_path.h"
#include "millrace/shard.h"

namespace millrace {

/// Which parts of a payload are shown: everything, only `paths`, or everything but `paths`.
/// On the way into a payload every list adds a `[]` step, so a pattern must spell it; `[3]` matches nothing.
struct PayloadSelector {
  enum class Mode : std::uint8_t { all, include, exclude };
  Mode mode = Mode::all;
  std::vector<JsonPath> paths;
};

/// Appends the selected parts of a payload as stored: minified and valid, or empty for none, which is shown as `{}`.
void append_selected(std::string& out, std::string_view payload, const PayloadSelector& selector);

/// What of a point is shown.
struct PointShape {
  bool has_payload = false;
  PayloadSelector payload;
  bool has_vectors = false;
  /// Names of the collection's vectors. With just the unnamed one a vector is shown as a bare list.
  std::vector<VectorSlot> vectors;
};

/// `{"id","payload"?,"vector"?}`
void append_record(std::string& out, const PointView& point, const PointShape& shape);

/// `{"id","version","score","payload"?,"vector"?}`
/// @param point  the stored point; not looked at when the shape shows neither payload nor vectors
void append_hit(std::string& out, const Hit& hit, const PointView* point, const PointShape& shape);

/// Shortest text that reads back as the same f32, with a fraction or an exponent; `null` when it is not finite.
void append_float(std::string& out, float value);

/// `{"result":`
void begin_response(std::string& out);

/// `,"status":"ok","time":<seconds>}`
/// @param start_ns  steady clock (what `process.hrtime` reads) when the request came in
void end_response(std::string& out, std::uint64_t start_ns);

/// Now on the steady clock.
[[nodiscard]] std::uint64_t steady_now_ns() noexcept;

}  // namespace millrace
