#pragma once

#include "cli/stop_signals.hpp"
#include "mcp/run.hpp"

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace mcp::cluster {

/// The question as a person reads it, with what may be answered. Pure.
[[nodiscard]] std::string question_text(const pending_interrupt& asked);

/// Whoever sits at the terminal. One thread at a time.
class person {
 public:
  explicit person(const stop_signals& signals) : signals_(signals) {}

  /// Standard input and standard error are a terminal.
  [[nodiscard]] static bool is_there();
  /// Asks until the answer fits, at most `max_tries` times; nothing when nobody answers or the
  /// program is asked to stop.
  [[nodiscard]] std::optional<nlohmann::json> answer(const pending_interrupt& asked);
  /// Asks whether to go on after a stop before or after a node; no when nobody answers.
  [[nodiscard]] bool goes_on(const pending_interrupt& stop);

  static constexpr int max_tries = 10;
  static constexpr std::size_t max_line_bytes = std::size_t{1} << 20;

 private:
  /// Nothing at the end of the input and when the program is asked to stop.
  std::optional<std::string> read_line();

  const stop_signals& signals_;
  std::string read_{};  ///< after the line that was taken
};

}  // namespace mcp::cluster
