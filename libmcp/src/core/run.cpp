#include "mcp/run.hpp"

namespace mcp {

std::string_view name(event_kind kind) noexcept {
  switch (kind) {
    case event_kind::values:
      return "values";
    case event_kind::updates:
      return "updates";
    case event_kind::tasks:
      return "tasks";
    case event_kind::messages:
      return "messages";
    case event_kind::custom:
      return "custom";
    case event_kind::checkpoints:
      return "checkpoints";
    case event_kind::interrupts:
      return "interrupts";
    case event_kind::errors:
      return "errors";
    case event_kind::lifecycle:
      return "lifecycle";
  }
  return "unknown";
}

}  // namespace mcp
