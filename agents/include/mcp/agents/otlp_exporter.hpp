#pragma once

#include "mcp/agents/export.hpp"
#include "mcp/policy.hpp"
#include "mcp/tracing.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace mcp {

class metrics;

/// Sends spans to a receiver of OpenTelemetry's protocol over HTTP, as JSON:
///     auto traces = std::make_shared<mcp::otlp_exporter>(
///         mcp::otlp_options{.endpoint = "http://127.0.0.1:4318/v1/traces"});
///     mcp::executor executor{graph, {.spans = traces}};
///     traces->flush(std::chrono::seconds{5});   // before the end
struct otlp_options {
  std::string endpoint{};  ///< http or https, as it is: no path is added
  std::vector<std::pair<std::string, std::string>> headers{};  ///< of each request
  /// What these spans are of; without a "service.name" it is "fastmcp".
  std::vector<span_attribute> resource{};
  std::string ca_file{};            ///< PEM; empty: the system's store
  std::size_t queue = 16'384;       ///< spans that wait; more are dropped
  std::size_t batch = 512;          ///< spans of one request
  milliseconds every{1'000};        ///< longest wait of a span for its batch
  milliseconds timeout{10'000};     ///< of one request
  int attempts = 5;                 ///< of one batch; then it is dropped
  milliseconds shortest_wait{500};  ///< before the second attempt; doubled for each further one
  milliseconds longest_wait{
      30'000};  ///< between attempts; who asks for more gets the batch no more
  /// Told when the receiver stops taking spans, and when it takes them again (`works`); at most
  /// once a minute, on a thread of the exporter's. Must not block.
  std::function<void(bool works, const std::string& what)> on_change{};
};

/// What became of the spans so far.
struct otlp_counts {
  std::uint64_t exported = 0;
  std::uint64_t dropped = 0;   ///< no room, refused, or given up
  std::uint64_t failures = 0;  ///< requests that failed, each attempt of a batch counted
  std::size_t waiting = 0;
};

/// One request is under way at a time. What 429, 502, 503, 504 or a broken connection met is sent
/// again, as `Retry-After` says or after a growing time; nothing that runs waits for it. Safe from
/// several threads.
class MCP_AGENTS_EXPORT otlp_exporter final : public span_sink {
 public:
  /// Throws `invalid_argument`.
  explicit otlp_exporter(otlp_options options);
  /// Drops what was not sent.
  ~otlp_exporter() override;

  void ended(span one) noexcept override;
  /// Sends all that waits, trying each batch once. False: some was not sent within the time.
  bool flush(milliseconds within);
  [[nodiscard]] otlp_counts counts() const;
  /// Sets mcp_spans_exported_total, mcp_spans_dropped_total, mcp_span_exports_failed_total and
  /// mcp_spans_waiting.
  void measure(metrics& to) const;

 private:
  class parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp
