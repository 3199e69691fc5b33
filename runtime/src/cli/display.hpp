#pragma once

#include "cli/progress_model.hpp"
#include "cli/terminal.hpp"
#include "mcp/executor_base.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace mcp::cluster {

/// Shows a run to a person on standard error, or its events on standard output. Takes the log while
/// it lives; there may be one at a time. `say` may be called from any thread.
class display {
 public:
  enum class mode : std::uint8_t { progress, quiet, events };

  display(std::string title, mode what);
  ~display();
  display(const display&) = delete;
  display& operator=(const display&) = delete;

  /// The events that a run has to record for `follow`.
  [[nodiscard]] event_mask events() const noexcept;
  /// Returns when the run has ended. Throws `output_closed`.
  void follow(event_stream stream);
  /// A line of the program itself; nothing when quiet.
  void say(std::string_view who, std::string_view text);

 private:
  void follow_live(event_stream& stream);
  void take(const run_event& event);
  void draw(bool with_rows);

  mode mode_;
  terminal terminal_;
  bool live_;
  std::mutex mutex_;  ///< of the model and the terminal
  progress_model model_;
};

}  // namespace mcp::cluster
