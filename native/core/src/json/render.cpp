#include "millrace/render.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "json/stored.h"
#include "millrace/point_id_text.h"

namespace millrace {
namespace {

/// Longest shortest-round-trip text of a float, its sign and exponent, and `.0`.
constexpr std::size_t kFloatTextMax = 24;

template <typename T>
void append_number(std::string& out, T value) {
  std::array<char, kFloatTextMax> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

void append_vector(std::string& out, std::span<const float> values) {
  out.push_back('[');
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_float(out, values[i]);
  }
  out.push_back(']');
}

void append_sparse(std::string& out, const StoredVector& vector) {
  out += "{\"indices\":[";
  for (std::size_t i = 0; i < vector.indices.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_number(out, vector.indices[i]);
  }
  out += "],\"values\":";
  append_vector(out, vector.values);
  out.push_back('}');
}

void append_multi(std::string& out, const StoredVector& vector) {
  out.push_back('[');
  for (std::size_t at = 0; at < vector.values.size(); at += vector.row_dimension) {
    if (at > 0) out.push_back(',');
    append_vector(out, vector.values.subspan(at, vector.row_dimension));
  }
  out.push_back(']');
}

void append_stored(std::string& out, const StoredVector& vector) {
  if (vector.is_sparse) return append_sparse(out, vector);
  if (vector.row_dimension > 0) return append_multi(out, vector);
  append_vector(out, vector.values);
}

void append_vectors(std::string& out, const PointView& point, const PointShape& shape) {
  const bool is_bare = shape.vectors.size() == 1 && shape.vectors.front().name.empty();
  if (is_bare && !point.vectors.empty()) return append_stored(out, point.vectors.front());
  out.push_back('{');
  bool is_first = true;
  for (const auto& stored : point.vectors) {
    for (const auto& slot : shape.vectors) {
      if (slot.slot != stored.slot) continue;
      if (!is_first) out.push_back(',');
      is_first = false;
      json::append_string(out, slot.name);
      out.push_back(':');
      append_stored(out, stored);
    }
  }
  out.push_back('}');
}

void append_parts(std::string& out, const PointView& point, const PointShape& shape) {
  if (shape.has_payload) {
    out += ",\"payload\":";
    append_selected(out, point.payload, shape.payload);
  }
  if (shape.has_vectors) {
    out += ",\"vector\":";
    append_vectors(out, point, shape);
  }
}

}  // namespace

void append_record(std::string& out, const PointView& point, const PointShape& shape) {
  out += "{\"id\":";
  append_point_id(out, point.id);
  append_parts(out, point, shape);
  out.push_back('}');
}

void append_hit(std::string& out, const Hit& hit, const PointView* point, const PointShape& shape) {
  out += "{\"id\":";
  append_point_id(out, hit.id);
  out += ",\"version\":";
  append_number(out, hit.version);
  out += ",\"score\":";
  append_float(out, hit.score);
  if (point != nullptr) append_parts(out, *point, shape);
  out.push_back('}');
}

void append_float(std::string& out, float value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const auto begin = out.size();
  append_number(out, value);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void begin_response(std::string& out) { out += "{\"result\":"; }

void end_response(std::string& out, std::uint64_t start_ns) {
  const auto now = steady_now_ns();
  out += ",\"status\":\"ok\",\"time\":";
  // Nanoseconds as seconds with nine decimals: exact, and without a conversion through a double.
  const auto elapsed = now > start_ns ? now - start_ns : 0;
  append_number(out, elapsed / 1'000'000'000);
  const auto fraction = std::to_string(elapsed % 1'000'000'000);
  out.append(".").append(9 - fraction.size(), '0').append(fraction);
  out.push_back('}');
}

std::uint64_t steady_now_ns() noexcept {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

}  // namespace millrace
