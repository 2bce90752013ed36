#pragma once

#include <random>

#include "operations.h"

namespace millrace::testing {

/// Random records of one partition: upserts of numeric and UUID ids with several slots, missing vectors and payloads,
/// deletes, payload and vector operations, batches, schema changes, repeats, records of several producers.
class RandomLog {
 public:
  explicit RandomLog(std::uint64_t seed, std::uint64_t ids = 150) : random_(seed), ids_(ids) {
    schema_ = {1, 1000, 0, {{0, "", 5, Distance::cosine}, {1, "dot", 3, Distance::dot}, {2, "l2", 17, Distance::euclid}, sparse_slot(3, "words"),
                            {4, "half", 9, Distance::cosine, false, ElementType::f16}, {5, "bytes", 21, Distance::cosine, false, ElementType::u8},
                            {6, "many", 3, Distance::cosine, false, ElementType::f32, true}, {7, "many bytes", 5, Distance::euclid, false, ElementType::u8, true}}};
  }

  struct Record {
    std::uint64_t offset;
    std::vector<std::byte> frame;
  };

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  Record next() {
    auto frame = body();
    const auto producer = 1 + below(5);
    // Now and then an old sequence, which is a repeat.
    const auto repeats = below(15) == 0 && last_[producer] > 0;
    const auto sequence = repeats ? 1 + below(last_[producer]) : ++last_[producer];
    offset_ += 1 + below(3);
    return {offset_, sealed(std::move(frame), producer, sequence, 1)};
  }

 private:
  PointId id() {
    const auto n = below(ids_);
    return n % 3 == 0 ? PointId{true, n * 0x0123456789abcdefU, n} : PointId::number(n);
  }

  std::vector<float> values(std::uint32_t dimension) {
    std::vector<float> made(dimension);
    for (auto& value : made) value = static_cast<float>(below(7)) - 3.0F;
    return made;
  }

  std::vector<std::vector<float>> many(std::uint32_t dimension) {
    std::vector<std::vector<float>> rows(1 + below(5));
    for (auto& row : rows) row = values(dimension);
    return rows;
  }

  Entries entries() {
    Entries made;
    for (std::uint32_t index = 0; index < 40; index += static_cast<std::uint32_t>(1 + below(12)))
      made.emplace_back(index * 0x0700'0001U, static_cast<float>(below(7)) - 3.0F);
    if (below(6) == 0) made.clear();
    std::ranges::sort(made);
    return made;
  }

  std::vector<std::byte> body() {
    if (is_first_) return is_first_ = false, schema_frame(schema_);
    const auto choice = below(20);
    if (choice == 0) return changed_schema();
    if (choice < 6) {
      std::vector<PointId> some(1 + below(6));
      for (auto& each : some) each = id();
      return delete_frame(some);
    }
    if (choice < 11) return operation();
    if (choice == 11) return batch_frame({operation(), operation(), operation()});
    return points(layout::RecordKind::upsert, 1 + below(12));
  }

  std::vector<std::byte> points(layout::RecordKind kind, std::size_t count) {
    std::vector<TestPoint> batch(count);
    std::vector<TestSlot> slots;
    for (const auto& vector : schema_.vectors)
      if (!vector.is_sparse && !vector.is_multi) slots.push_back(vector);
    for (auto& point : batch) {
      point.id = id();
      for (const auto& vector : schema_.vectors) {
        const bool is_missing = below(4) == 0;
        if (vector.is_multi) {
          if (!is_missing) point.multi[vector.slot] = {vector, many(vector.dimension)};
        } else if (!vector.is_sparse) {
          point.vectors.push_back(is_missing ? std::nullopt : std::optional(values(vector.dimension)));
        } else if (!is_missing) {
          point.sparse[vector.slot] = entries();
        }
      }
      if (below(3) != 0) point.payload = "{\"n\":" + std::string(1 + below(30), '7') + "}";
    }
    return points_frame(kind, batch, slots, "");
  }

  /// Mostly on points that keep their vectors.
  std::vector<std::byte> operation() {
    using layout::RecordKind;
    std::vector<PointId> some(1 + below(6));
    for (auto& each : some) each = id();
    const auto& slot = schema_.vectors[below(schema_.vectors.size())];
    switch (below(6)) {
      case 0: return points(RecordKind::update_vectors, 1 + below(4));
      case 1: return operation_frame(RecordKind::delete_vectors, some, "{\"slots\":[" + std::to_string(slot.slot) + "]}");
      case 2: return operation_frame(RecordKind::clear_payload, some, "");
      case 3:
        return operation_frame(RecordKind::delete_by_filter, std::nullopt,
                               R"({"filter":{"must":[{"has_id":[1,4]},{"is_empty":{"key":"n"}}]}})");
      default:
        return operation_frame(RecordKind::set_payload, some, "{\"payload\":'{\"m\":" + std::to_string(below(9)) + "}'}");
    }
  }

  std::vector<std::byte> changed_schema() {
    ++schema_.version;
    auto& vectors = schema_.vectors;
    if (vectors.size() > 10 || (below(2) == 0 && vectors.size() > 1)) {
      vectors.erase(vectors.begin() + static_cast<std::ptrdiff_t>(below(vectors.size())));
    } else {
      const auto distance = below(2) == 0 ? Distance::manhattan : Distance::cosine;
      const auto slot = 100 + schema_.version;
      const auto name = "v" + std::to_string(schema_.version);
      const auto is_sparse = below(3) == 0;
      vectors.push_back(is_sparse ? sparse_slot(slot, name) : VectorSlot{slot, name, 6, distance, false, static_cast<ElementType>(below(3)), below(3) == 0});
    }
    return schema_frame(schema_);
  }

  std::mt19937_64 random_;
  std::uint64_t ids_;
  Schema schema_;
  bool is_first_ = true;
  std::uint64_t offset_ = 3;
  std::uint64_t last_[6]{};
};

}  // namespace millrace::testing
