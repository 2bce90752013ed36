#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/shard.h"

namespace millrace {

/// The two forms of a nearest-points request: `{"query":…}`, and the older `{"vector":…}`.
enum class QueryForm : std::uint8_t { query, search };

/// A nearest-points request of the everyday kind.
struct NearestQuery {
  std::vector<float> vector;  ///< as it stands in the body
  std::string name;           ///< of the vector that is searched; empty: the unnamed one
  std::uint32_t limit = 10;
  std::uint32_t offset = 0;
  std::uint32_t ef = 0;       ///< 0: the engine's choice
  bool exact = false;
  bool has_payload = false;
  bool has_vector = false;
  std::optional<float> score_threshold;
  QuantizationUse quantization = {};
};

/// Parses the body of a nearest-points request. Accepts only bodies that the request schema accepts, and of those only
/// the everyday ones: one dense vector, no filter, no lists of payload keys or vector names. For all others the schema
/// path reads the body again, and words the error if there is one. Bounded recursion, memory O(body).
/// @param depth_max  nesting that is accepted
/// @return nothing for a body that the schema path has to read
[[nodiscard]] std::optional<NearestQuery> parse_nearest(std::string_view body, QueryForm form, std::uint32_t depth_max);

}  // namespace millrace
