#pragma once

#include "options.hpp"

#include <string>

#include <mcp/executor.hpp>

namespace research {

/// Events of a run that `progress` reads.
inline constexpr mcp::event_mask progress_events =
    mcp::event_kind::tasks | mcp::event_kind::custom | mcp::event_kind::errors;

/// Shows on standard error what the agents do: a line each, and on a terminal that can draw a bar
/// for the executors that run side by side.
class progress {
 public:
  explicit progress(progress_kind kind);
  /// Reads the run's events until it stops.
  void follow(mcp::event_stream events);
  /// A line of the program itself.
  void say(const std::string& who, const std::string& text);

 private:
  void show(const mcp::run_event& event);
  void draw_bar();
  void clear_bar();

  bool lines_;
  bool bar_;
  int done_ = 0;
  int total_ = 0;  ///< executors of this round; 0: no bar
};

/// `text` without control characters: what documents and models say may not steer a terminal.
std::string printable(const std::string& text);

}  // namespace research
