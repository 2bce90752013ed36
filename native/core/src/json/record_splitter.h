#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millrace/points_parser.h"
#include "millrace/record.h"

namespace millrace::json {

/// A point's vector, of unit length where its slot keeps it; what its components are stored as is the splitter's matter.
struct RowVector {
  std::size_t slot_index = 0;  ///< in EncodeTarget::vectors
  std::span<const float> values;  ///< of a sparse one as many as indices
  float norm = 1.0F;              ///< length taken out by normalisation
  std::span<const std::uint32_t> indices = {};  ///< of a sparse one, rising
  std::span<const float> norms = {};            ///< of a multivector, those of its vectors instead of `norm`
};

/// Distributes points over the records of their shards. A record is closed when the next point would take it over the
/// target size; a point that is larger than the target gets a record of its own.
class RecordSplitter {
 public:
  RecordSplitter(const EncodeTarget& target, const EncodeLimits& limits, const EncodeOperation& operation);

  /// @return 0, or the bytes of the record that this point alone would need when they are over the limit
  [[nodiscard]] std::uint64_t add(const PointId& id, std::span<const RowVector> vectors, std::string_view payload);

  /// Closes all records and gives them away.
  [[nodiscard]] std::vector<EncodedRecord> finish();

 private:
  struct SlotColumn {
    std::vector<std::byte> stored;    ///< of dense vectors
    std::vector<float> values;        ///< of sparse ones
    std::vector<float> norms;  ///< one for each vector; of multivectors, one for each point
    std::vector<float> row_norms;     ///< of multivectors: one for each vector
    std::vector<std::uint32_t> indices;
    std::vector<std::uint32_t> ends;  ///< of sparse vectors and of multivectors
    std::vector<std::uint64_t> presence;
  };

  /// The record of one shard that points are added to.
  struct OpenRecord {
    std::vector<PointId> ids;
    std::vector<SlotColumn> slots;
    std::vector<std::uint32_t> payload_ends;
    std::string payloads;
    std::uint64_t bytes = 0;  ///< at most what the frame will take
  };

  [[nodiscard]] std::uint64_t row_bytes(std::span<const RowVector> vectors, std::string_view payload) const noexcept;
  void append(OpenRecord& record, const PointId& id, std::span<const RowVector> vectors, std::string_view payload);
  void close(std::uint32_t shard);
  static void add_vectors(RecordBuilder& builder, const SlotColumn& column, const VectorSlot& slot, std::uint32_t rows);

  const EncodeTarget* target_;
  const EncodeLimits* limits_;
  const EncodeOperation* operation_;
  std::uint64_t fixed_bytes_ = 0;  ///< of a frame without rows
  std::vector<OpenRecord> open_;
  std::vector<EncodedRecord> closed_;
};

}  // namespace millrace::json
