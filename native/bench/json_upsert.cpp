// How fast is an upsert body parsed into record frames?
//   bench_json_upsert [points] [dimension] [repeats]
// Prints one line per kind of body: MB/s of JSON on one core, vectors/s, and a hash of the frames.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "millrace/points_parser.h"

namespace {

using millrace::EncodeTarget;

enum class Body { f32_compact, f32_spaced, f64_compact, payload };

void append_number(std::string& out, float value, bool as_double) {
  char text[40];
  const double wide = double{value} * 1.0000000123;
  const auto end = as_double ? std::to_chars(text, text + sizeof text, wide, std::chars_format::fixed).ptr
                             : std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  out.append(text, end);
}

std::string make_body(Body kind, int points, int dimension) {
  std::mt19937_64 random(42);
  std::normal_distribution<float> normal(0, 0.1F);
  std::string body = R"({"points":[)";
  for (int i = 0; i < points; ++i) {
    if (i > 0) body += ',';
    body += R"({"id":)" + std::to_string(i) + R"(,"vector":[)";
    for (int j = 0; j < dimension; ++j) {
      if (j > 0) body += kind == Body::f32_spaced ? ", " : ",";
      append_number(body, normal(random), kind == Body::f64_compact);
    }
    body += ']';
    if (kind == Body::payload) {
      body += R"(,"payload":{"city":"Berlin","tags":["a","b","c"],"price":12.5,"nested":{"deep":[1,2,{"x":null}],"text":")" +
              std::string(200, 'x') + "\"}}";
    }
    body += '}';
  }
  return body + "]}";
}

std::uint64_t hash_of(const millrace::ParsedPoints& parsed) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const auto& record : parsed.records)
    for (const auto byte : record.frame) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
  return hash;
}

void run(const char* name, Body kind, const EncodeTarget& target, int points, int repeats) {
  const auto body = make_body(kind, points, static_cast<int>(target.vectors[0].dimension));
  millrace::ParsedPoints parsed;
  double best = 1e9;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    parsed = millrace::parse_upsert(body, target, {});
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%-12s %8.1f MB/s %10.0f vectors/s  %s, hash %016llx\n", name, static_cast<double>(body.size()) / best / 1e6,
              points / best, parsed.verdict == millrace::ParseVerdict::accepted ? "accepted" : "refused",
              static_cast<unsigned long long>(hash_of(parsed)));
}

}  // namespace

int main(int count, char** values) {
  const auto argument = [&](int i, int fallback) { return i < count ? std::atoi(values[i]) : fallback; };
  EncodeTarget target;
  target.vectors = {{1, "", static_cast<std::uint32_t>(argument(2, 768)), millrace::Distance::cosine}};
  target.shards = 2;
  for (std::uint32_t bucket = 0; bucket < millrace::kBucketCount; ++bucket)
    target.shard_of_bucket.push_back(static_cast<std::uint16_t>(bucket % 2));
  const int points = argument(1, 1000);
  const int repeats = argument(3, 10);
  run("f32", Body::f32_compact, target, points, repeats);
  run("f32 spaced", Body::f32_spaced, target, points, repeats);
  run("f64", Body::f64_compact, target, points, repeats);
  run("with payload", Body::payload, target, points, repeats);
}
