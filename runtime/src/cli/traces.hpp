#pragma once

#include "cli/command_line.hpp"
#include "cluster_file/scalar.hpp"
#include "mcp/agents/otlp_exporter.hpp"

#include <memory>
#include <optional>
#include <string>

namespace mcp::cluster {

/// Where the spans of this process go, as `--traces` (empty: not given) or the environment says:
/// docs/traces.md lists the variables. Nothing: nowhere. Throws `invalid_argument`.
[[nodiscard]] std::optional<otlp_options> traces_from(const std::string& url,
                                                      const environment& variables);

/// The exporter of a process that is the member `member`; null: nobody wants spans.
[[nodiscard]] std::shared_ptr<otlp_exporter> start_traces(const command_options& options,
                                                          const std::string& member);

}  // namespace mcp::cluster
