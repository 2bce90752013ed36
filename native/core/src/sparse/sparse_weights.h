#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "millrace/elements.h"
#include "millrace/half.h"

namespace millrace {

/// What the codes of a list stand for: weight = (code - origin) × step.
struct WeightScale {
  float step = 1;
  float origin = 0;
  float error = 0;  ///< no weight is farther than this from the one that was given
};

/// The weights of some entries of a list: f32 as they were given, or rounded to f16 or u8.
struct WeightCodes {
  ElementType type = ElementType::f32;
  const void* first = nullptr;
  WeightScale scale;

  /// Calls `use` with a function that gives the code of an entry, less the origin, so that a loop over entries is compiled
  /// for each type.
  template <typename Use>
  decltype(auto) visit(Use use) const {
    switch (type) {
      case ElementType::f16: return use([codes = static_cast<const Half*>(first)](auto at) { return widened(codes[at]); });
      case ElementType::u8:
        return use([codes = static_cast<const std::uint8_t*>(first), origin = scale.origin](auto at) {
          return static_cast<float>(codes[at]) - origin;
        });
      default: return use([weights = static_cast<const float*>(first)](auto at) { return weights[at]; });
    }
  }
};

/// Weights of lists, one list after the other. Each has its own scale, by its largest weight.
class SparseWeights {
 public:
  explicit SparseWeights(ElementType type = ElementType::f32) noexcept : type_(type) {}

  [[nodiscard]] ElementType type() const noexcept { return type_; }

  /// @param entries  of all lists that will come
  /// @throws std::bad_alloc
  void reserve(std::size_t entries);
  /// Adds a list.
  /// @param weights  finite, at least one; of f16 and u8 they are changed to what the codes stand for
  /// @param error    no weight is farther than this from the one that was given
  /// @throws std::bad_alloc
  void add(std::span<float> weights, float error);

  /// @param list    by the order of their coming
  /// @param begin   the list's first entry among all
  [[nodiscard]] WeightCodes codes(std::uint32_t list, std::size_t begin) const noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// Gives back what was set aside for more lists.
  /// @throws std::bad_alloc
  void fit() { steps_.shrink_to_fit(); }

 private:
  void add_halves(std::span<float> weights, float error);
  void add_bytes(std::span<float> weights, float error);
  void add_scale(const WeightScale& scale, float error);

  /// A multiple of the step is all that is kept of each list's error: a step is never so small beside the errors that a
  /// list comes with that it would tell more than there is left, so no list has many steps of it.
  float error_steps_ = 0;
  ElementType type_;
  std::vector<float> floats_;  ///< of the three the one that the type says
  std::vector<Half> halves_;
  std::vector<std::uint8_t> bytes_;
  std::vector<float> steps_;  ///< by list, below 0 where codes are counted from 128; empty for f32
};

}  // namespace millrace
