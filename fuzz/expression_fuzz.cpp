// What a model gives to the calculator: a number, which reads back as itself, or an error.

#include "fuzzed.hpp"
#include "tools/expression.hpp"

#include <cmath>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzzed::accepted([&] {
    const double value = mcp::tools::evaluate(fuzzed::text_of(data, size));
    fuzzed::require(std::isfinite(value));
    fuzzed::require(mcp::tools::evaluate(mcp::tools::number_text(value)) == value);
  });
  return 0;
}
