#pragma once

#include "mcp/run.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mcp::cluster {

/// What a person sees of a run: events in, lines out. Draws nothing and reads no clock. Not
/// thread-safe.
class progress_model {
 public:
  using instant = std::chrono::steady_clock::time_point;

  static constexpr std::size_t max_rows = 256;         ///< nodes at work that are kept
  static constexpr std::size_t max_messages = 64;      ///< messages that are being streamed
  static constexpr std::size_t max_line_bytes = 2000;  ///< of streamed text; longer ones are cut

  /// `title` names the run. `live`: rows are drawn too, so lines do not repeat what they say.
  progress_model(std::string title, instant start, bool live)
      : title_(std::move(title)), start_(start), live_(live) {}

  /// The kinds of events that `apply` needs.
  [[nodiscard]] static event_mask events() noexcept;
  void apply(const run_event& event, instant now);
  /// A line of the program itself.
  void say(std::string_view who, std::string_view text);
  /// Forgets who is at work: the run has ended or waits.
  void settle();
  /// Nobody is at work.
  [[nodiscard]] bool idle() const noexcept { return rows_.empty(); }

  /// Lines that stay, in their order, since the last call; without line ends.
  [[nodiscard]] std::vector<std::string> take_lines();
  /// The nodes at work: a header and one row each, none wider than `columns`, at most `height`.
  [[nodiscard]] std::vector<std::string> rows(instant now, std::size_t columns,
                                              std::size_t height) const;

 private:
  struct row {
    std::string what{};  ///< what it does just now
    int at_work = 0;     ///< tasks
    int attempt = 1;
    std::int64_t streamed_bytes = 0;
    std::int64_t tokens = 0;  ///< as the node said; zero: estimated from what was streamed
    std::int64_t cost_micros = 0;
    instant since{};
  };
  struct streamed {
    std::string id{};
    std::string who{};
    std::string line{};  ///< not ended yet
    std::string tool{};  ///< being called
    std::string arguments{};
  };

  void task(const run_event& event, const std::string& who, instant now);
  void start(const run_event& event, const std::string& who, instant now);
  void finish(const std::string& who, std::string_view how, instant now);
  void message_part(const run_event& event, const std::string& who);
  void custom(const run_event& event, const std::string& who);
  void add_text(streamed& to, std::string_view text);
  void end_call(streamed& of);
  void flush(streamed& of);
  void flush_all_of(const std::string& who);
  streamed& stream_of(const std::string& id, const std::string& who);
  [[nodiscard]] std::string row_text(const std::string& who, const row& of, instant now,
                                     std::size_t columns) const;

  std::string title_;
  instant start_;
  bool live_;
  std::int64_t step_ = 0;
  std::int64_t tokens_ = 0;  ///< as the nodes said
  std::int64_t cost_micros_ = 0;
  std::map<std::string, row> rows_;
  std::deque<streamed> streams_;
  std::vector<std::string> lines_;
};

/// "outer/inner/node" for a node of a subgraph; the node's name in the root graph.
[[nodiscard]] std::string node_path(std::string_view ns, std::string_view node);

}  // namespace mcp::cluster
