#pragma once

#include <cstdio>
#include <cstdlib>
#include <random>

namespace millrace::testing {

/// The seed of this run: the environment variable SEED, or a new one; printed once.
inline std::uint64_t seed() {
  static const std::uint64_t value = [] {
    const char* given = std::getenv("SEED");
    const std::uint64_t chosen = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    std::printf("SEED=%llu\n", static_cast<unsigned long long>(chosen));
    return chosen;
  }();
  return value;
}

}  // namespace millrace::testing
