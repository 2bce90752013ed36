#pragma once

#include <set>

#include "operations.h"
#include "shard_model.h"

namespace millrace::testing {

/// A random change of points: its frame, and what it did to the model.
struct MadeOperation {
  std::vector<std::byte> frame;
  Errc code = Errc::ok;
  std::size_t affected = 0;
};

/// Makes operations of every kind and applies them to a model in which payloads are `{"n":…,"m":…}` with small numbers.
/// The TypeScript differential has the payloads and filters of the whole grammar.
class OperationMaker {
 public:
  OperationMaker(std::mt19937_64& random, Model& model) : random_(random), model_(model) {}

  MadeOperation make(std::uint64_t offset) {
    version_ = model_.schema.version_base + offset;
    switch (below(8)) {
      case 0: return upsert(offset);
      case 1: return delete_by_filter();
      case 2: return update_vectors();
      case 3: return delete_vectors();
      default: return change_payload();
    }
  }

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

  PointId id() {
    const auto n = below(120);
    return n % 3 == 0 ? PointId{true, n * 0x0123456789abcdefU, n} : PointId::number(n);
  }

  std::vector<float> values(const VectorSlot& slot) {
    // Few different values, so that scores tie often, and such as the slot stores as they are.
    const float lowest = slot.element == ElementType::u8 ? 0 : -1;
    std::vector<float> made(slot.dimension);
    for (auto& value : made) value = static_cast<float>(below(3)) + lowest;
    return made;
  }

  std::vector<TestPoint> points(std::size_t count) {
    std::vector<TestPoint> batch(count);
    for (auto& point : batch) {
      point.id = id();
      for (const auto& vector : model_.schema.vectors)
        point.vectors.push_back(below(4) == 0 ? std::nullopt : std::optional(values(vector)));
      if (below(3) != 0) point.payload = "{\"n\":" + std::to_string(below(10)) + "}";
    }
    return batch;
  }

  [[nodiscard]] std::vector<TestSlot> slots() const {
    return {model_.schema.vectors.begin(), model_.schema.vectors.end()};
  }

 private:
  using Members = std::vector<std::pair<char, std::string>>;

  static Members members_of(const std::string& payload) {
    Members members;
    for (std::size_t at = 1; at + 1 < payload.size();) {
      const auto end = payload.find_first_of(",}", at);
      members.emplace_back(payload[at + 1], payload.substr(at + 4, end - at - 4));
      at = end + 1;
    }
    return members;
  }
  static std::string text_of(const Members& members) {
    std::string text;
    for (const auto& [key, value] : members) text += std::string(text.empty() ? "{" : ",") + '"' + key + "\":" + value;
    return text.empty() ? text : text + '}';
  }

  /// A filter on `n`, as its JSON and as what it means.
  struct PlainFilter {
    std::string text;
    int least;
    [[nodiscard]] bool matches(const Model::Point& point) const {
      for (const auto& [key, value] : members_of(point.payload))
        if (key == 'n') return std::stoi(value) >= least;
      return false;
    }
  };
  PlainFilter filter() {
    const auto least = static_cast<int>(below(10));
    return {R"({"must":[{"key":"n","range":{"gte":)" + std::to_string(least) + "}}]}", least};
  }

  std::vector<PointId> some_ids() {
    std::vector<PointId> ids(below(6));
    for (auto& each : ids) each = id();
    return ids;
  }

  MadeOperation upsert(std::uint64_t offset) {
    static constexpr const char* kModes[] = {"upsert", "insert_only", "update_only"};
    const auto batch = points(1 + below(6));
    const auto mode = below(3);
    const auto wanted = filter();
    const auto before = model_.points;
    std::vector<TestPoint> kept;
    std::set<PointId> distinct;
    for (const auto& point : batch) {
      const auto found = before.find(point.id);
      const bool exists = found != before.end();
      if (exists ? mode == 1 || !wanted.matches(found->second) : mode == 2) continue;
      kept.push_back(point);
      distinct.insert(point.id);
    }
    model_.upsert(kept, slots(), offset);
    const auto meta = std::string(R"({"mode":")") + kModes[mode] + R"(","filter":)" + wanted.text + "}";
    return {points_frame(layout::RecordKind::upsert, batch, slots(), meta), Errc::ok, distinct.size()};
  }

  MadeOperation delete_by_filter() {
    const auto wanted = filter();
    // Few points at once, or none would stay for long.
    const auto only = "{\"filter\":{\"must\":[" + wanted.text + R"(,{"has_id":[4,5,7,8,10,11]}]}})";
    const auto deleted = std::erase_if(model_.points, [&](const auto& entry) {
      const auto& [each, point] = entry;
      const bool is_named = !each.is_uuid && (each.low == 4 || each.low == 5 || each.low == 7 || each.low == 8 ||
                                              each.low == 10 || each.low == 11);
      return is_named && wanted.matches(point);
    });
    return {operation_frame(layout::RecordKind::delete_by_filter, std::nullopt, only), Errc::ok, deleted};
  }

  MadeOperation update_vectors() {
    auto batch = points(1 + below(5));
    const auto wanted = filter();
    const bool is_filtered = below(2) == 0;
    const auto before = model_.points;
    MadeOperation made{points_frame(layout::RecordKind::update_vectors, batch, slots(),
                                    is_filtered ? "{\"filter\":" + wanted.text + "}" : ""),
                       Errc::ok, 0};
    std::set<PointId> updated;
    for (const auto& given : batch) {
      const auto found = before.find(given.id);
      if (found == before.end()) made.code = Errc::point_not_found;
      if (found == before.end() || (is_filtered && !wanted.matches(found->second))) continue;
      auto& point = model_.points.at(given.id);
      point.version = version_;
      for (std::size_t s = 0; s < slots().size(); ++s)
        if (given.vectors[s]) point.vectors[slots()[s].slot] = *given.vectors[s];
      updated.insert(given.id);
    }
    made.affected = updated.size();
    return made;
  }

  MadeOperation delete_vectors() {
    const auto slot = slots()[below(slots().size())].slot;
    const auto meta = "{\"slots\":[" + std::to_string(slot) + "]";
    return touch(layout::RecordKind::delete_vectors, meta, [&](Model::Point& point) { point.vectors.erase(slot); });
  }

  MadeOperation change_payload() {
    const auto value = std::to_string(below(10));
    switch (below(4)) {
      case 0:
        return touch(layout::RecordKind::clear_payload, "{\"unknown\":1", [](Model::Point& point) { point.payload = ""; });
      case 1:
        return touch(layout::RecordKind::overwrite_payload, "{\"payload\":'{\"n\":" + value + "}'",
                     [&](Model::Point& point) { point.payload = "{\"n\":" + value + "}"; });
      case 2:
        return touch(layout::RecordKind::delete_payload, R"({"keys":["n","x.y"])", [](Model::Point& point) {
          auto members = members_of(point.payload);
          std::erase_if(members, [](const auto& member) { return member.first == 'n'; });
          point.payload = text_of(members);
        });
      default:
        return touch(layout::RecordKind::set_payload, "{\"payload\":'{\"m\":" + value + ",\"n\":" + value + "}'",
                     [&](Model::Point& point) {
                       auto members = members_of(point.payload);
                       for (const char key : {'m', 'n'}) {
                         const auto found = std::ranges::find(members, key, &std::pair<char, std::string>::first);
                         if (found == members.end()) {
                           members.emplace_back(key, value);
                         } else {
                           found->second = value;
                         }
                       }
                       point.payload = text_of(members);
                     });
    }
  }

  /// @param meta    without its closing brace
  template <typename Change>
  MadeOperation touch(layout::RecordKind kind, const std::string& meta, const Change& change) {
    const auto wanted = filter();
    const bool has_ids = below(2) == 0;
    const bool has_filter = !has_ids || below(3) == 0;
    const bool uses_filter = has_filter && (!has_ids || kind == layout::RecordKind::delete_vectors);
    MadeOperation made;
    std::set<PointId> touched;
    std::optional<std::vector<PointId>> ids;
    if (has_ids) ids = some_ids();
    for (const auto& each : ids.value_or(std::vector<PointId>())) {
      if (model_.points.contains(each)) touched.insert(each);
      if (!model_.points.contains(each)) made.code = Errc::point_not_found;
    }
    for (const auto& [each, point] : model_.points)
      if (uses_filter && wanted.matches(point)) touched.insert(each);
    for (const auto& each : touched) {
      auto& point = model_.points.at(each);
      change(point);
      point.version = version_;
    }
    made.frame = operation_frame(kind, ids, meta + (has_filter ? ",\"filter\":" + wanted.text : "") + "}");
    made.affected = touched.size();
    return made;
  }

  std::mt19937_64& random_;
  Model& model_;
  std::uint64_t version_ = 0;
};

}  // namespace millrace::testing
