#include "quantization_forms.h"

namespace millrace {
namespace {

inline void packed_sums(unsigned bits, const std::int8_t* query, const std::byte* const* rows, std::size_t count,
                        std::size_t offset, std::size_t blocks, std::int32_t* sums) noexcept {
  const std::size_t bytes = 4 * std::size_t{bits};
  const unsigned mask = (1U << bits) - 1U;
  for (std::size_t i = 0; i < count; ++i) {
    std::int32_t sum = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
      const std::byte* const at = rows[i] + offset + block * bytes;
      const std::int8_t* const values = query + block * 32;
      for (std::size_t d = 0; d < 32; ++d) {
        const auto shifted = std::to_integer<unsigned>(at[d % bytes]) >> (bits * static_cast<unsigned>(d / bytes));
        sum += values[d] * static_cast<std::int32_t>(shifted & mask);
      }
    }
    sums[i] += sum;
  }
}

}  // namespace

void byte_dot_scalar(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                     std::int32_t* sums) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const row = reinterpret_cast<const std::int8_t*>(rows[i]);
    std::int32_t sum = 0;
    for (std::size_t d = 0; d < size; ++d) sum += std::int32_t{query[d]} * row[d];
    sums[i] = sum;
  }
}

void byte_l1_scalar(const std::int16_t* query, const std::byte* const* rows, std::size_t count, std::size_t size,
                    std::int32_t* sums) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const auto* const row = reinterpret_cast<const std::int8_t*>(rows[i]);
    std::int32_t sum = 0;
    for (std::size_t d = 0; d < size; ++d) {
      const std::int32_t apart = std::int32_t{query[d]} - 64 * std::int32_t{row[d]};
      sum += apart < 0 ? -apart : apart;
    }
    sums[i] = sum;
  }
}

void one_bit_scalar(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                    std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums(1, query, rows, count, offset, blocks, sums);
}

void two_bits_scalar(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                     std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums(2, query, rows, count, offset, blocks, sums);
}

void four_bits_scalar(const std::int8_t* query, const std::byte* const* rows, std::size_t count, std::size_t offset,
                      std::size_t blocks, std::int32_t* sums) noexcept {
  packed_sums(4, query, rows, count, offset, blocks, sums);
}

std::uint32_t nearest_scalar(const float* vector, const float* centroids, std::size_t size) noexcept {
  std::uint32_t best = 0;
  float best_sum = 0;
  for (std::uint32_t c = 0; c < 256; ++c) {
    float sum = 0;
    for (std::size_t d = 0; d < size; ++d) {
      const float apart = vector[d] - centroids[d * 256 + c];
      sum += apart * apart;
    }
    if (c != 0 && !(sum < best_sum)) continue;
    best = c;
    best_sum = sum;
  }
  return best;
}

void table_sums_scalar(const float* tables, const std::byte* const* rows, std::size_t count, std::size_t chunks,
                       float* sums) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    float lanes[8] = {};
    for (std::size_t chunk = 0; chunk < chunks; ++chunk)
      lanes[chunk % 8] += tables[chunk * 256 + std::to_integer<std::size_t>(rows[i][chunk])];
    sums[i] = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
  }
}

}  // namespace millrace
