#include "json/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

#include "json_seed.h"

namespace millrace::json {
namespace {

/// Parses `text` in the middle of a longer one, so that the fast path may look ahead.
float parsed(const std::string& text) {
  const std::string padded = text + "," + std::string(80, ' ');
  Scanner scanner(padded, 128);
  float value = NAN;
  EXPECT_TRUE(parse_f32(scanner, value)) << text;
  EXPECT_EQ(*scanner.at, ',') << text;
  return value;
}

void expect_exact(const std::string& text) {
  const float wanted = std::strtof(text.c_str(), nullptr);
  const float got = parsed(text);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(got), std::bit_cast<std::uint32_t>(wanted)) << text;
}

TEST(Numbers, known_hard_cases_round_to_the_nearest_float) {
  for (const char* text :
       {"0", "-0", "0.0", "1", "-1.5", "16777217", "16777216.999999999", "16777217.000000001", "0.1", "123456789012345678",
        "1234567890123456789012", "0.000000000000000000000000000000000000000000001", "1e-45", "7e-46", "1.17549435e-38",
        "3.4028235e38", "3.4028235677973366e38", "0.333333333333333333333333333", "8388608.5", "8388609.5",
        "0.50000002980232238769531250", "0.50000002980232238769531251", "0.50000002980232238769531249", "1e10", "1E+10",
        "0e999", "1e-999", "0.12345678901234567", "0.012345678901234567", "999999999999999999", "12345.678", "9.9999999"}) {
    expect_exact(text);
  }
}

TEST(Numbers, random_decimals_round_to_the_nearest_float) {
  std::mt19937_64 random(testing::seed());
  for (int i = 0; i < 200'000; ++i) {
    std::string text = random() % 2 == 0 ? "-" : "";
    const auto whole_digits = random() % 12;
    if (whole_digits == 0 || random() % 2 == 0) {
      text += "0";
    } else {
      text += static_cast<char>('1' + random() % 9);
      for (std::uint64_t j = 1; j < whole_digits; ++j) text += static_cast<char>('0' + random() % 10);
    }
    const auto fraction_digits = random() % 24;
    if (fraction_digits > 0) text += '.';
    for (std::uint64_t j = 0; j < fraction_digits; ++j) text += static_cast<char>('0' + random() % (random() % 3 == 0 ? 1 : 10));
    if (random() % 16 == 0) text += "e" + std::to_string(static_cast<int>(random() % 40) - 20);
    expect_exact(text);
    if (HasFailure()) return;
  }
}

TEST(Numbers, texts_beside_the_middle_of_two_floats_round_to_the_right_side) {
  std::mt19937_64 random(testing::seed());
  for (int i = 0; i < 50'000; ++i) {
    const auto bits = static_cast<std::uint32_t>(0x30000000U + random() % 0x18000000U);
    const double middle = (double{std::bit_cast<float>(bits)} + double{std::bit_cast<float>(bits + 1)}) / 2;
    char text[64];
    for (const int digits : {8, 12, 16, 17, 22}) {
      std::snprintf(text, sizeof text, "%.*f", digits, middle);
      expect_exact(text);
    }
    if (HasFailure()) return;
  }
}

TEST(Numbers, tokens_outside_of_the_grammar_are_refused) {
  for (const std::string text : {"", "-", ".5", "1.", "1e", "1e+", "+1", "1e999", "-1e999", "3.5e38", "x", "1.e5", "--1"}) {
    for (const std::string& body : {text, text + std::string(80, ' ')}) {
      Scanner scanner(body, 128);
      float value = 0;
      const bool is_whole = parse_f32(scanner, value) && (scanner.at == scanner.end || *scanner.at == ' ');
      EXPECT_FALSE(is_whole) << text;
    }
  }
}

}  // namespace
}  // namespace millrace::json
