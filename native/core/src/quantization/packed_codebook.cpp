#include "quantization/packed_codebook.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "millrace/quantization_kernels.h"

namespace millrace {
namespace {

constexpr std::size_t kBlock = 32;

/// The distance of levels that is best for a normal distribution of variance 1 (Max 1960).
double spacing_of(unsigned bits) noexcept { return bits == 1 ? 1.5958 : bits == 2 ? 0.9957 : 0.3352; }

/// Of level 0, counted from the middle of all, in levels.
double lowest_of(unsigned bits) noexcept { return -(static_cast<double>(1U << bits) - 1) / 2; }

QuantizationKernels::Packed kernel_of_bits(unsigned bits) noexcept {
  const auto& kernels = quantization_kernels();
  return bits == 1 ? kernels.one_bit : bits == 2 ? kernels.two_bits : kernels.four_bits;
}

/// Adds the codes of a block to its zeroes.
void pack(const std::uint8_t* codes, unsigned bits, std::byte* into) noexcept {
  const std::size_t bytes = 4 * std::size_t{bits};
  for (unsigned shift = 0; shift < 8; shift += bits)
    for (std::size_t byte = 0; byte < bytes; ++byte) into[byte] |= static_cast<std::byte>(*codes++ << shift);
}

/// Calls `visit(component, code)` for each component of the blocks.
template <typename Visit>
void unpack(const std::byte* from, std::size_t blocks, unsigned bits, Visit visit) noexcept {
  const std::size_t bytes = 4 * std::size_t{bits};
  const unsigned mask = (1U << bits) - 1U;
  std::size_t component = 0;
  for (std::size_t block = 0; block < blocks; ++block, from += bytes)
    for (unsigned shift = 0; shift < 8; shift += bits)
      for (std::size_t byte = 0; byte < bytes; ++byte)
        visit(component++, (std::to_integer<unsigned>(from[byte]) >> shift) & mask);
}

float float_at(const std::byte* at) noexcept {
  float value = 0;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

/// What a search and an encoder need for a moment.
std::vector<float>& scratch_of_thread() noexcept {
  thread_local std::vector<float> scratch;
  return scratch;
}

std::uint32_t limit_of(std::uint32_t query_bits) noexcept { return query_bits == 1 ? 1 : query_bits == 4 ? 7 : 127; }

}  // namespace

PackedCodebook::PackedCodebook(Precision precision, Distance distance, std::size_t dimension,
                               std::span<const float* const> sample)
    : distance_(distance),
      dimension_(dimension),
      size_((dimension + kBlock - 1) / kBlock * kBlock),
      query_limit_(limit_of(precision.query_bits)),
      mean_(dimension) {
  const auto blocks = size_ / kBlock;
  const auto add_part = [&](unsigned bits, std::size_t count) {
    if (count == 0) return;
    const auto first = part_count_ == 0 ? 0 : parts_[0].blocks * kBlock;
    parts_[part_count_++] = {bits, first, count, code_bytes_};
    code_bytes_ += count * 4 * bits;
  };
  if (precision.half_bits == 3) {
    add_part(2, (blocks + 1) / 2);
    add_part(1, blocks / 2);
  } else {
    add_part(precision.half_bits / 2, blocks);
  }
  std::vector<double> sums(dimension);
  for (const float* const vector : sample)
    for (std::size_t d = 0; d < dimension; ++d) sums[d] += double{vector[d]};
  for (std::size_t d = 0; d < dimension; ++d) mean_[d] = static_cast<float>(sums[d] / static_cast<double>(sample.size()));
  if (distance != Distance::manhattan) rotation_.emplace(size_);
}

void PackedCodebook::turn(const float* vector, std::vector<float>& into) const {
  into.assign(2 * size_, 0);
  for (std::size_t d = 0; d < dimension_; ++d) into[d] = vector[d] - mean_[d];
  if (rotation_) rotation_->apply(into.data(), into.data() + size_);
}

void PackedCodebook::encode(const float* vector, std::byte* row) const {
  auto& turned = scratch_of_thread();
  turn(vector, turned);
  double square_sum = 0;
  for (std::size_t i = 0; i < size_; ++i) square_sum += double{turned[i]} * double{turned[i]};
  const double size = static_cast<double>(rotation_ ? size_ : dimension_);
  const auto to_units = static_cast<float>(square_sum > 0 ? std::sqrt(size / square_sum) : 0);
  double product = 0;
  double level_squares = 0;
  for (const auto& part : parts()) {
    const auto spacing = static_cast<float>(spacing_of(part.bits));
    const auto highest = static_cast<float>(part.levels() - 1);
    const auto lowest = static_cast<float>(lowest_of(part.bits));
    const float* const values = turned.data() + part.first;
    const float to_steps = to_units / spacing;
    for (std::size_t block = 0; block < part.blocks; ++block) {
      std::uint8_t codes[kBlock];
      // What is no number is the lowest.
      for (std::size_t i = 0; i < kBlock; ++i) {
        const float steps = values[block * kBlock + i] * to_steps + (0.5F - lowest);
        const float bounded = steps < highest ? steps : highest;
        codes[i] = static_cast<std::uint8_t>(static_cast<std::int32_t>(steps > 0 ? bounded : 0.0F));
      }
      pack(codes, part.bits, row + part.offset + block * 4 * part.bits);
      // What only fills up the last block counts when the rotation has put something there.
      const auto first = part.first + block * kBlock;
      const auto counted = rotation_ ? kBlock : std::min(kBlock, dimension_ - std::min(dimension_, first));
      for (std::size_t i = 0; i < counted; ++i) {
        const double level = (double{lowest} + codes[i]) * double{spacing};
        product += level * double{values[block * kBlock + i]};
        level_squares += level * level;
      }
    }
  }
  const double scale = !(product > 0) ? 0 : rotation_ ? square_sum / product : product / level_squares;
  double term = square_sum;
  if (distance_ == Distance::cosine || distance_ == Distance::dot) {
    term = 0;
    for (std::size_t d = 0; d < dimension_; ++d) term += double{mean_[d]} * (double{vector[d]} - double{mean_[d]});
  }
  const float kept[] = {static_cast<float>(scale), static_cast<float>(term)};
  std::memcpy(row + code_bytes_, kept, sizeof(kept));
}

void PackedCodebook::read_levels(const std::byte* row, float* into) const noexcept {
  for (const auto& part : parts()) {
    float levels[16];
    for (unsigned code = 0; code < part.levels(); ++code)
      levels[code] = static_cast<float>((lowest_of(part.bits) + code) * spacing_of(part.bits));
    unpack(row + part.offset, part.blocks, part.bits,
           [&](std::size_t i, unsigned code) { into[part.first + i] = levels[code]; });
  }
}

void PackedCodebook::decode(const std::byte* row, float* vector) const {
  auto& turned = scratch_of_thread();
  turned.resize(2 * size_);
  read_levels(row, turned.data());
  if (rotation_) rotation_->revert(turned.data(), turned.data() + size_);
  const float scale = float_at(row + code_bytes_);
  for (std::size_t d = 0; d < dimension_; ++d) vector[d] = mean_[d] + scale * turned[d];
}

/// Inner products of what is left of query and row without the mean, from which both other metrics follow.
class PackedCodebook::Product final : public QueryScorer {
 public:
  Product(const PackedCodebook& book, const float* query) : book_(book), values_(book.size_) {
    auto& turned = scratch_of_thread();
    book.turn(query, turned);
    double largest = 0;
    double sum = 0;
    double square_sum = 0;
    for (std::size_t i = 0; i < book.size_; ++i) {
      const double value = double{turned[i]};
      largest = std::max(largest, std::fabs(value));
      sum += std::fabs(value);
      square_sum += value * value;
    }
    // A query of signs stands for its average size.
    const double limit = book.query_limit_;
    const double unit = largest > 0 ? (limit > 1 ? largest / limit : sum / static_cast<double>(book.size_)) : 1;
    for (std::size_t i = 0; i < book.size_; ++i) values_[i] = static_cast<std::int8_t>(code_of(double{turned[i]} / unit, limit));
    for (std::size_t p = 0; p < book.part_count_; ++p) {
      const auto& part = book.parts_[p];
      std::int32_t total = 0;
      for (std::size_t i = 0; i < part.blocks * kBlock; ++i) total += values_[part.first + i];
      scale_[p] = spacing_of(part.bits) * unit;
      lowest_[p] = scale_[p] * lowest_of(part.bits) * total;
    }
    if (book.distance_ == Distance::euclid) {
      constant_ = square_sum;
      factor_ = -2;
      least_ = 0;
      return;
    }
    for (std::size_t d = 0; d < book.dimension_; ++d) constant_ += double{query[d]} * double{book.mean_[d]};
  }

  void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept override {
    constexpr std::size_t kBatch = 64;
    for (std::size_t from = 0; from < count; from += kBatch) {
      const auto batch = std::min(kBatch, count - from);
      double products[kBatch] = {};
      for (std::size_t p = 0; p < book_.part_count_; ++p) {
        const auto& part = book_.parts_[p];
        std::int32_t sums[kBatch] = {};
        kernel_of_bits(part.bits)(values_.data() + part.first, rows + from, batch, part.offset, part.blocks, sums);
        for (std::size_t i = 0; i < batch; ++i) products[i] += scale_[p] * sums[i] + lowest_[p];
      }
      for (std::size_t i = 0; i < batch; ++i) {
        const auto* const kept = rows[from + i] + book_.code_bytes_;
        const double value = constant_ + double{float_at(kept + sizeof(float))} + factor_ * double{float_at(kept)} * products[i];
        values[from + i] = static_cast<float>(std::max(least_, value));
      }
    }
  }

 private:
  /// A query of signs has no zero.
  static int code_of(double value, double limit) noexcept {
    if (limit == 1) return value < 0 ? -1 : 1;
    const double bounded = std::clamp(value, -limit, limit);
    return bounded == bounded ? static_cast<int>(bounded < 0 ? bounded - 0.5 : bounded + 0.5) : 0;
  }

  const PackedCodebook& book_;
  std::vector<std::int8_t> values_;
  std::array<double, 2> scale_{};
  std::array<double, 2> lowest_{};  ///< what the sums would be if all codes were 0, with the levels below the middle
  double constant_ = 0;
  double factor_ = 1;
  double least_ = -std::numeric_limits<double>::infinity();
};

/// Sums of absolute differences, of vectors that were decoded.
class PackedCodebook::Difference final : public QueryScorer {
 public:
  Difference(const PackedCodebook& book, const float* query) : book_(book), centred_(query, query + book.dimension_) {
    for (std::size_t d = 0; d < book.dimension_; ++d) centred_[d] -= book.mean_[d];
  }

  void score(const std::byte* const* rows, std::size_t count, float* values) const noexcept override {
    for (std::size_t i = 0; i < count; ++i) {
      const float scale = float_at(rows[i] + book_.code_bytes_);
      double sum = 0;
      for (const auto& part : book_.parts()) sum += sum_of(part, rows[i], scale);
      values[i] = static_cast<float>(sum);
    }
  }

 private:
  [[nodiscard]] double sum_of(const Part& part, const std::byte* row, float scale) const noexcept {
    float levels[16];
    for (unsigned code = 0; code < part.levels(); ++code)
      levels[code] = scale * static_cast<float>((lowest_of(part.bits) + code) * spacing_of(part.bits));
    const auto end = std::min(book_.dimension_ - std::min(book_.dimension_, part.first), part.blocks * kBlock);
    float sum = 0;
    unpack(row + part.offset, part.blocks, part.bits, [&](std::size_t i, unsigned code) {
      if (i < end) sum += std::fabs(centred_[part.first + i] - levels[code]);
    });
    return double{sum};
  }

  const PackedCodebook& book_;
  std::vector<float> centred_;
};

std::unique_ptr<QueryScorer> PackedCodebook::scorer(const float* query) const {
  if (distance_ == Distance::manhattan) return std::make_unique<Difference>(*this, query);
  return std::make_unique<Product>(*this, query);
}

}  // namespace millrace
