#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "base/memory.h"
#include "millrace/index_settings.h"
#include "millrace/shard.h"
#include "quantization/codebook.h"

namespace millrace {

class ColumnSample;
struct VectorColumn;

/// Codes of a column's first positions, by one codebook. They are appended and never change.
struct QuantizedStage {
  QuantizedStage(std::shared_ptr<const Codebook> trained, std::uint32_t trained_on)
      : codebook(std::move(trained)), learned(trained_on), rows(codebook->row_bytes()) {}

  std::shared_ptr<const Codebook> codebook;
  std::uint32_t learned;                  ///< the positions that the sample was taken from
  BlockColumn<std::byte> rows;
  std::atomic<std::uint32_t> encoded{0};  ///< positions whose codes can be read
};

/// Keeps the codes that the user asked for beside a column of vectors. A cache like the graph: what has no codes yet is
/// scored by its vectors.
///
/// Codes are learned from the first positions of the column, of which there are threshold · 4^i for the largest i that the
/// column has reached, and made anew when it reaches the next one. So they are a function of what stands at the positions and of
/// nothing else: not of threads, not of when they are made. They are not stored. After a restart they are made again, one to
/// thirty microseconds for a vector of 768 components, while searches score by the vectors; a file would save that time
/// only, and would be one more thing to check, to repair and to keep in step.
class QuantizedColumn {
 public:
  /// @param settings  of a quantization that is not `none`
  explicit QuantizedColumn(const IndexSettings& settings) noexcept;
  QuantizedColumn(const QuantizedColumn&) = delete;
  QuantizedColumn& operator=(const QuantizedColumn&) = delete;
  ~QuantizedColumn();

  /// What searches use now; null when there are no codes.
  [[nodiscard]] std::shared_ptr<const QuantizedStage> stage() const;
  [[nodiscard]] const QuantizationSettings& settings() const noexcept { return settings_; }

  /// What there is.
  [[nodiscard]] QuantizedCodes codes() const;

  /// Vectors that are to get codes, of the newest codebook that there is to be, and have none yet.
  [[nodiscard]] std::uint32_t waiting(const VectorColumn& column) const;

  /// Trains and encodes until `until_ns`. Any number of threads; one of them works.
  /// @return whether there may be more to do
  /// @throws std::bad_alloc; what exists stays usable
  bool grow(const VectorColumn& column, std::uint64_t until_ns);

  /// Whether there is something to do that nobody does.
  [[nodiscard]] bool has_growth(const VectorColumn& column) const;

 private:
  /// The positions to learn from; 0: the column is too small.
  [[nodiscard]] std::uint32_t milestone(const VectorColumn& column) const noexcept;
  [[nodiscard]] bool train(const VectorColumn& column, std::uint32_t learned, std::uint64_t until_ns);
  [[nodiscard]] bool encode(const VectorColumn& column, QuantizedStage& stage, std::uint64_t until_ns) const;
  void publish(std::shared_ptr<QuantizedStage> stage) noexcept;

  const QuantizationSettings settings_;
  const std::uint64_t threshold_bytes_;

  std::mutex working_;  ///< of training_, learning_ and next_
  std::unique_ptr<ColumnSample> sample_;  ///< as long as training_ needs it
  std::unique_ptr<Training> training_;
  std::uint32_t learning_ = 0;            ///< the positions that training_ learns from
  std::shared_ptr<QuantizedStage> next_;  ///< takes the place of the stage once it has as many codes

  std::atomic<bool> is_taken_{false};  ///< a thread holds working_
  mutable std::mutex visible_mutex_;
  std::shared_ptr<QuantizedStage> stage_;
};

}  // namespace millrace
