#pragma once

#include "mcp/export.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mcp {

/// A place in a trace, as the W3C's Trace Context has it: 16 bytes name the trace, 8 the span.
struct trace_context {
  std::uint64_t trace_high = 0;
  std::uint64_t trace_low = 0;
  std::uint64_t span = 0;  ///< 0: none
  bool sampled = true;     ///< false: whoever began the trace does not want its spans

  [[nodiscard]] bool has_trace() const noexcept { return trace_high != 0 || trace_low != 0; }
  /// 32 and 16 lower-case hexadecimal digits.
  [[nodiscard]] MCP_EXPORT std::string trace_text() const;
  [[nodiscard]] MCP_EXPORT std::string span_text() const;
  /// The value of the header `traceparent`, version 00; empty without a trace and a span.
  [[nodiscard]] MCP_EXPORT std::string traceparent() const;
  /// Reads such a header; nothing when it breaks the rules of its version.
  [[nodiscard]] MCP_EXPORT static std::optional<trace_context> parse(
      std::string_view traceparent) noexcept;
  /// The trace of a run to which nobody gave one: its id is the run's. Without a span.
  [[nodiscard]] MCP_EXPORT static trace_context of_run(std::string_view run_id);
  /// The same trace with a span of its own, made up.
  [[nodiscard]] MCP_EXPORT trace_context child() const;

  friend bool operator==(const trace_context&, const trace_context&) = default;
};

/// As OpenTelemetry has them, with its numbers; `local` is its "internal".
enum class span_kind : std::uint8_t { local = 1, server, client, producer, consumer };

struct span_attribute {
  std::string name{};
  std::variant<std::string, std::int64_t, double, bool> content{};

  friend bool operator==(const span_attribute&, const span_attribute&) = default;
};

/// Longest text of a span, in bytes: the engine and the exporter cut what is longer.
inline constexpr std::size_t max_span_text = 1024;
/// The text, cut at a whole character of UTF-8.
[[nodiscard]] MCP_EXPORT std::string_view cut_span_text(std::string_view text) noexcept;

/// Something that was done, from its start to its end. docs/traces.md lists those of the engine.
struct span {
  trace_context place{};
  std::uint64_t parent = 0;  ///< span of the same trace; 0: none
  std::string name{};
  span_kind kind = span_kind::local;
  std::chrono::nanoseconds start{0};  ///< since 1970, UTC
  std::chrono::nanoseconds end{0};
  std::vector<span_attribute> attributes{};
  bool failed = false;
  std::string message{};  ///< why it failed
};

/// Takes spans that have ended (`executor_options::spans`): an exporter, or a test.
class span_sink {
 public:
  span_sink() = default;
  span_sink(const span_sink&) = delete;
  span_sink& operator=(const span_sink&) = delete;
  virtual ~span_sink() = default;
  /// Called on the thread that ends it, from several at once: must not block.
  virtual void ended(span one) noexcept = 0;
};

}  // namespace mcp
