// Generated from src/errors/codes.ts by `npm run generate`. Do not edit.
#pragma once

#include <cstdint>

namespace millrace {

/// Failures that the engine itself can name; each is a code of the one error table.
enum class Errc : std::uint16_t {
  ok = 0,
  vector_dimension_mismatch = 1,
  vector_name_unknown = 2,
  schema_changed = 3,
  schema_missing = 4,
  record_duplicate = 5,
  writer_fenced = 6,
  vector_not_finite = 7,
  out_of_memory = 8,
  record_corrupt = 9,
  record_format_newer = 10,
  deadline_passed = 11,
  cancelled = 12,
  argument_invalid = 13,
  shard_closed = 14,
  engine_busy = 15,
  point_not_found = 17,
  payload_too_large = 18,
  payload_too_deep = 19,
  checkpoint_corrupt = 20,
  source_applied = 21,
  source_gap = 22,
  graph_corrupt = 23,
  scratch_full = 24,
  vector_kind_mismatch = 31,
};

}  // namespace millrace
