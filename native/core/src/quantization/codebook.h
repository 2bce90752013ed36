#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "millrace/index_settings.h"
#include "millrace/schema.h"

namespace millrace {

/// Estimates what a metric's kernel gives for a query and rows, from the rows' codes: the inner product, the squared
/// distance, or the sum of absolute differences.
class QueryScorer {
 public:
  QueryScorer() = default;
  QueryScorer(const QueryScorer&) = delete;
  QueryScorer& operator=(const QueryScorer&) = delete;
  virtual ~QueryScorer() = default;

  /// Any number of threads at once.
  /// @param rows    pointers to the codes of `count` rows
  /// @param values  f32[count]
  virtual void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept = 0;
};

/// How the vectors of one column become the codes that the user asked for. Does not change once it is trained.
class Codebook {
 public:
  Codebook() = default;
  Codebook(const Codebook&) = delete;
  Codebook& operator=(const Codebook&) = delete;
  virtual ~Codebook() = default;

  /// Of the codes of one vector, with all that belongs to them.
  [[nodiscard]] virtual std::size_t row_bytes() const noexcept = 0;
  /// @param vector  f32[dimension]
  /// @param row     row_bytes() of zeroes
  virtual void encode(const float* vector, std::byte* row) const = 0;
  /// The vector that the codes stand for.
  /// @param vector  f32[dimension]
  virtual void decode(const std::byte* row, float* vector) const = 0;
  /// @param query  f32[dimension], which must live as long as the scorer; so must the codebook
  /// @throws std::bad_alloc
  [[nodiscard]] virtual std::unique_ptr<QueryScorer> scorer(const float* query) const = 0;
};

/// The making of a codebook from a sample, in steps of some milliseconds.
class Training {
 public:
  Training() = default;
  Training(const Training&) = delete;
  Training& operator=(const Training&) = delete;
  virtual ~Training() = default;
  /// @return null: there is more to do
  /// @throws std::bad_alloc; then it is to be begun anew
  [[nodiscard]] virtual std::shared_ptr<const Codebook> step() = 0;
};

/// Begins to train what the settings ask for; equal samples make equal codebooks on every machine.
/// @param settings  not of the kind `none`
/// @param sample    pointers to f32[dimension] that stay valid until the end; at least one
/// @throws std::bad_alloc
[[nodiscard]] std::unique_ptr<Training> begin_training(const QuantizationSettings& settings, Distance distance,
                                                       std::size_t dimension, std::span<const float* const> sample);

}  // namespace millrace
