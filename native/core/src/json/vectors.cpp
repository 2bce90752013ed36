#include "json/vectors.h"

#include "json/numbers.h"

namespace millrace::json {

bool parse_vector(Scanner& scanner, std::span<float> out, double& square_sum) {
  if (!scanner.consume('[')) return scanner.fail("expected a list");
  double sum = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (scanner.at != scanner.end && *scanner.at == ' ') ++scanner.at;
    if (scanner.at == scanner.end || static_cast<unsigned char>(*scanner.at) <= ' ') scanner.skip_space();
    if (!parse_f32(scanner, out[i])) return false;
    // Summed here because the addition's latency hides behind the parsing of the next number.
    sum += double{out[i]} * double{out[i]};
    if (i + 1 == out.size()) break;
    if (scanner.at != scanner.end && *scanner.at == ',') {
      ++scanner.at;
    } else if (!scanner.consume(',')) {
      return scanner.fail("expected `,` or `]`");
    }
  }
  square_sum = sum;
  return scanner.consume(']') || scanner.fail("expected `,` or `]`");
}

}  // namespace millrace::json
