#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/payload_edit.h"
#include "millrace/filter.h"
#include "millrace/json_path.h"
#include "millrace/record.h"

namespace millrace {

/// What the META of a record that changes points says.
struct WriteMeta {
  enum class Mode : std::uint8_t { upsert, insert_only, update_only };
  Mode mode = Mode::upsert;
  std::optional<Filter> filter;
  std::optional<std::vector<std::uint32_t>> slots;
  std::unique_ptr<json::PayloadPatch> payload;
  bool is_payload_too_deep = false;
  JsonPath key;  ///< empty: the payload itself
  std::optional<std::vector<JsonPath>> keys;
};

/// One change of points: a record, or a part of a batch.
struct WriteOperation {
  RecordFrame frame;
  WriteMeta meta;
};

/// The operations of a record, all read before the first is applied, so that a damaged one leaves no trace.
struct WriteOperations {
  std::vector<WriteOperation> list;
  bool is_batch = false;
  std::deque<std::vector<std::uint64_t>> copies;  ///< of frames that were not aligned
};

/// Whether records of this kind change points.
[[nodiscard]] bool is_write(layout::RecordKind kind) noexcept;

/// @param frame  of a write
/// @return       why the record is damaged, or of a newer format
/// @throws std::bad_alloc
[[nodiscard]] std::optional<Error> read_operations(const RecordFrame& frame, std::uint64_t offset, WriteOperations& into);

/// `"id":"…"` for the details of an error. As a text: details are read as JSON, which would round a large number.
[[nodiscard]] std::string id_detail(const PointId& id);

}  // namespace millrace
