#pragma once

#include "mcp/tracing.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// OpenTelemetry's protocol as JSON: ExportTraceServiceRequest and its answer. What differs from
// protobuf's usual JSON: ids are hexadecimal, enumerators are numbers.

namespace mcp::telemetry {

/// One request. Texts are cut to `max_span_text`; what is not UTF-8 is replaced.
[[nodiscard]] std::string encode_otlp(std::span<const mcp::span> spans,
                                      const std::vector<span_attribute>& resource);

/// What a receiver said to a request that it took.
struct otlp_answer {
  std::uint64_t rejected = 0;  ///< spans
  std::string message{};
};
/// Whatever it is: an answer that is none rejects nothing.
[[nodiscard]] otlp_answer read_otlp_answer(std::string_view body) noexcept;

}  // namespace mcp::telemetry
