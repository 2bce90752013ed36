#pragma once

#include <algorithm>
#include <cmath>
#include <map>

#include "frames.h"
#include "shard/digest_sum.h"

namespace millrace::testing {

/// The shard as a plain map, for comparison.
struct Model {
  struct Point {
    std::uint64_t version = 0;
    std::map<std::uint32_t, std::vector<float>> vectors;
    std::string payload;
  };
  std::map<PointId, Point> points;
  Schema schema;

  void upsert(const std::vector<TestPoint>& batch, const std::vector<TestSlot>& slots, std::uint64_t offset) {
    for (const auto& given : batch) {
      Point point{schema.version_base + offset, {}, given.payload};
      for (std::size_t s = 0; s < slots.size(); ++s)
        if (given.vectors[s]) point.vectors[slots[s].slot] = *given.vectors[s];
      points[given.id] = std::move(point);
    }
  }

  /// Points, vectors and payloads without versions, as contract §7 counts them.
  [[nodiscard]] DigestSum content() const {
    DigestSum sum;
    for (const auto& [id, point] : points) {
      sum += point_hash(id) + payload_hash(id, point.payload);
      for (const auto& [slot, values] : point.vectors) {
        const auto* described = schema.find_slot(slot);
        if (described == nullptr) continue;
        const auto norm = described->keeps_unit_length() ? std::bit_cast<std::uint32_t>(2.5F) : 0;
        std::vector<std::byte> stored(values.size() * element_bytes(described->element));
        store_elements(described->element, values, stored.data());
        sum += vector_hash(id, slot, stored, norm);
      }
    }
    return sum;
  }

  struct Scored {
    double score;
    double tolerance;
  };

  [[nodiscard]] std::map<PointId, Scored> scores(const VectorSlot& slot, const std::vector<float>& query) const {
    std::map<PointId, Scored> all;
    for (const auto& [id, point] : points) {
      const auto found = point.vectors.find(slot.slot);
      if (found == point.vectors.end()) continue;
      double sum = 0;
      double absolute = 0;
      double squares[2] = {0, 0};
      for (std::size_t i = 0; i < query.size(); ++i) {
        const double x = query[i];
        const double y = found->second[i];
        const double term = slot.distance == Distance::euclid      ? (x - y) * (x - y)
                            : slot.distance == Distance::manhattan ? std::fabs(x - y)
                                                                   : x * y;
        sum += term;
        absolute += std::fabs(term);
        squares[0] += x * x;
        squares[1] += y * y;
      }
      const double relative = (static_cast<double>(query.size()) + 4) * 0x1p-23;
      if (slot.distance == Distance::cosine && !slot.keeps_unit_length()) {
        const double lengths = std::sqrt(squares[0] * squares[1]);
        all[id] = {lengths == 0 ? 0 : sum / lengths, 0x1p-23};
        continue;
      }
      // The root halves a relative error and adds one rounding of its own.
      if (slot.distance == Distance::euclid) {
        all[id] = {std::sqrt(sum), relative * std::sqrt(sum) + 1e-30};
      } else {
        all[id] = {sum, relative * absolute + 1e-30};
      }
    }
    return all;
  }
};

}  // namespace millrace::testing
