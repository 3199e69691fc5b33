#pragma once

#include "mcp/error.hpp"
#include "mcp/metrics.hpp"

#include <memory>
#include <string>
#include <string_view>

// What an agent system measures; docs/metrics.md lists it for those who look at it.

namespace mcp::actors {

/// The counts of the agents of one system. Without metrics nothing is counted. Safe from several
/// threads.
class agent_metrics {
 public:
  agent_metrics(std::shared_ptr<metrics> to, std::string system)
      : to_(std::move(to)), system_(std::move(system)) {}

  [[nodiscard]] bool on() const noexcept { return to_ != nullptr; }
  void awake(double more) const;
  /// `outcome`: "handled", "failed", "rejected".
  void message(std::string_view type, std::string_view outcome) const;
  /// A message that nobody will handle, and nobody hears of.
  void dead_letter(std::string_view type, errc why) const;
  void restarted(std::string_view type) const;

 private:
  std::shared_ptr<metrics> to_;
  std::string system_;
};

}  // namespace mcp::actors
