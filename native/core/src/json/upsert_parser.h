#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "json/payload_writer.h"
#include "json/record_splitter.h"
#include "json/scanner.h"
#include "json/sparse_vector.h"
#include "millrace/points_parser.h"

namespace millrace::json {

/// State of one `parse_upsert`: the body's members, whichever form they have.
class UpsertParser {
 public:
  UpsertParser(std::string_view body, const EncodeTarget& target, const EncodeLimits& limits,
               const EncodeOperation& operation);

  [[nodiscard]] ParsedPoints parse();

  /// Takes one point that is a text of its own. @return false when it is none, or too large; nothing of it is kept then
  [[nodiscard]] bool take_message(std::string_view text);
  [[nodiscard]] ParsedMessages finish_messages();

 private:
  /// What was read of one point. Values of a vector lie in `values_` of its slot.
  struct PointVectors {
    std::vector<RowVector> rows;
    std::vector<std::vector<float>> values;           ///< per slot of the target
    std::vector<std::vector<std::uint32_t>> indices;  ///< the same, of sparse ones
    std::vector<std::vector<float>> norms;            ///< the same, of multivectors
  };

  /// Columns of the batch form: for each slot the vectors of all points, when it was given.
  struct Batch {
    std::optional<std::vector<PointId>> ids;
    std::vector<std::vector<float>> values;
    std::vector<std::vector<float>> norms;            ///< one for each vector, sparse ones as well
    std::vector<std::vector<std::uint32_t>> indices;  ///< of sparse vectors
    std::vector<std::vector<std::size_t>> ends;       ///< of sparse vectors and multivectors: where their values end
    std::vector<std::vector<float>> row_norms;        ///< of the vectors of multivectors
    std::vector<bool> has_slot;
    std::vector<std::size_t> payload_ends;
    std::string payloads;
    bool has_vectors = false;
    bool has_payloads = false;  ///< and they were not null
    bool names_payloads = false;
    bool must_be_empty = false;  ///< an empty list of vectors was given where no vector is unnamed
    bool is_given = false;
  };

  /// Members of the body that mean something; none may come twice.
  enum class Member : std::uint8_t { points = 1, batch = 2, update_mode = 4, update_filter = 8, shard_key = 16 };

  bool parse_body();
  bool parse_body_member(std::string_view key);
  [[nodiscard]] bool is_first(Member member) noexcept;
  [[nodiscard]] bool is_update() const noexcept { return operation_.kind == layout::RecordKind::update_vectors; }
  bool parse_points_member();
  bool parse_batch_member_of_body();
  bool parse_update_filter();
  bool parse_update_mode();
  bool add_point(const PointId& id, std::span<const RowVector> vectors, std::string_view payload);

  // The list form, points_list.cpp.
  bool parse_points();
  bool parse_point();
  bool read_point(std::optional<PointId>& id);
  bool parse_point_member(std::string_view key, std::optional<PointId>& id, bool& has_vectors, bool& has_payload);
  bool parse_id(PointId& id);
  bool parse_point_vectors();
  bool parse_named_vector(const RawString& name);
  /// @param depth  containers around the vector
  bool parse_slot(std::size_t slot_index, std::uint32_t depth);
  bool parse_multi_slot(std::size_t slot_index, std::uint32_t depth);
  bool parse_sparse_slot(std::size_t slot_index);
  [[nodiscard]] std::optional<std::size_t> slot_index_of(std::string_view name) const noexcept;

  // The batch form, points_batch.cpp.
  bool parse_batch();
  bool parse_batch_member(std::string_view key);
  bool parse_batch_ids();
  bool parse_batch_vectors();
  bool parse_batch_slot(std::size_t slot_index);
  bool parse_batch_vector(std::size_t slot_index);
  [[nodiscard]] RowVector batch_vector(std::size_t slot_index, std::size_t row) const noexcept;
  bool parse_batch_payloads();
  bool add_batch();

  Scanner scanner_;
  const EncodeTarget& target_;
  const EncodeLimits& limits_;
  const EncodeOperation& operation_;
  RecordSplitter splitter_;
  PointVectors point_;
  Batch batch_;
  std::string payload_;
  PayloadWriter payload_writer_;
  SparseReader sparse_reader_;
  PayloadWriter batch_payload_writer_;
  std::string key_storage_;
  std::uint64_t points_ = 0;
  std::uint64_t record_bytes_ = 0;
  std::uint8_t members_ = 0;   ///< bits of Member
  bool has_points_ = false;    ///< a list of points that are all right
};

}  // namespace millrace::json
