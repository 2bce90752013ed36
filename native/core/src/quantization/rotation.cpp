#include "quantization/rotation.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

namespace millrace {
namespace {

constexpr std::uint64_t kSeed = 0x6d696c6c72616365ULL;
constexpr std::uint32_t kSignBit = 0x80000000U;

/// One transform of a power of two that is at least 4, not normalised.
void hadamard(float* values, std::size_t size) noexcept {
  // The first two levels at once: their pairs are too near to each other for wide registers.
  for (float* four = values; four < values + size; four += 4) {
    const float a = four[0] + four[1];
    const float b = four[0] - four[1];
    const float c = four[2] + four[3];
    const float d = four[2] - four[3];
    four[0] = a + c;
    four[1] = b + d;
    four[2] = a - c;
    four[3] = b - d;
  }
  for (std::size_t half = 4; half < size; half *= 2)
    for (std::size_t block = 0; block < size; block += 2 * half) {
      float* const low = values + block;
      float* const high = low + half;
      for (std::size_t i = 0; i < half; ++i) {
        const float sum = low[i] + high[i];
        high[i] = low[i] - high[i];
        low[i] = sum;
      }
    }
}

}  // namespace

Rotation::Rotation(std::size_t size) : size_(size), places_(size * kRounds) {
  std::mt19937_64 random(kSeed);
  for (int round = 0; round < kRounds; ++round) {
    auto* const places = places_.data() + static_cast<std::size_t>(round) * size;
    std::iota(places, places + size, 0U);
    // Not std::shuffle, whose order is each library's own.
    for (std::size_t i = size - 1; i > 0; --i) std::swap(places[i], places[random() % (i + 1)]);
    for (std::size_t i = 0; i < size; ++i)
      if ((random() >> 63U) != 0) places[i] |= kSignBit;
  }
}

/// Each power of two that the size consists of on its own; the rounds mix them.
void Rotation::transform(float* vector) const noexcept {
  for (std::size_t at = 0; at < size_;) {
    const auto chunk = std::bit_floor(size_ - at);
    hadamard(vector + at, chunk);
    const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(chunk)));
    for (std::size_t i = at; i < at + chunk; ++i) vector[i] *= scale;
    at += chunk;
  }
}

void Rotation::apply(float* vector, float* spare) const noexcept {
  for (int round = 0; round < kRounds; ++round) {
    const auto* const places = places_.data() + static_cast<std::size_t>(round) * size_;
    std::memcpy(spare, vector, size_ * sizeof(float));
    for (std::size_t i = 0; i < size_; ++i) {
      const float value = spare[places[i] & ~kSignBit];
      vector[i] = (places[i] & kSignBit) != 0 ? -value : value;
    }
    transform(vector);
  }
}

void Rotation::revert(float* vector, float* spare) const noexcept {
  for (int round = kRounds; round-- > 0;) {
    const auto* const places = places_.data() + static_cast<std::size_t>(round) * size_;
    transform(vector);
    std::memcpy(spare, vector, size_ * sizeof(float));
    for (std::size_t i = 0; i < size_; ++i)
      vector[places[i] & ~kSignBit] = (places[i] & kSignBit) != 0 ? -spare[i] : spare[i];
  }
}

}  // namespace millrace
