#include "cli/display.hpp"

#include "cli/logging.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <thread>
#include <utility>

namespace mcp::cluster {
namespace {

constexpr std::chrono::milliseconds redraw_interval{100};
constexpr std::size_t most_rows = 16;

/// Calls `take` with each event until the run has ended, and `lost` where events were dropped.
template <class Take, class Lost>
void read_all(event_stream& stream, Take take, Lost lost) {
  for (;;) {
    std::optional<run_event> event;
    try {
      event = stream.next();
    } catch (const error& gone) {
      if (gone.code() != errc::event_gone) throw;
      lost();  // the stream goes on with the oldest event there is
      continue;
    }
    if (!event) return;
    take(*event);
  }
}

}  // namespace

display::display(std::string title, mode what)
    : mode_(what),
      live_(what == mode::progress && terminal_.live()),
      model_(std::move(title), std::chrono::steady_clock::now(), live_) {
  route_log([this](const std::string& text) { say("log", text); });
}

display::~display() {
  route_log(nullptr);
}

event_mask display::events() const noexcept {
  switch (mode_) {
    case mode::progress:
      return progress_model::events();
    case mode::events:
      return all_events;
    case mode::quiet:
      return 0;
  }
  return 0;
}

void display::follow(event_stream stream) {
  if (mode_ == mode::quiet) return;
  if (live_) {
    follow_live(stream);
  } else {
    read_all(
        stream, [this](const run_event& event) { take(event); },
        [this] { say("events", "some were dropped: they came too fast"); });
  }
  const std::lock_guard lock{mutex_};
  model_.settle();
  draw(false);
}

void display::take(const run_event& event) {
  if (mode_ == mode::events) return print_line(to_line(to_report(event)));
  const std::lock_guard lock{mutex_};
  model_.apply(event, std::chrono::steady_clock::now());
  if (!live_) draw(false);
}

void display::follow_live(event_stream& stream) {
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  // The stream can only be waited for; the rows have to move meanwhile.
  std::thread reader{[&] {
    try {
      read_all(
          stream, [this](const run_event& event) { take(event); }, [] {});
    } catch (const error& what) {
      say("events", what.what());
    }
    const std::lock_guard lock{mutex};
    ended = true;
    changed.notify_one();
  }};
  for (std::unique_lock lock{mutex};
       !changed.wait_for(lock, redraw_interval, [&] { return ended; });) {
    const std::lock_guard drawing{mutex_};
    draw(true);
  }
  reader.join();
}

void display::draw(bool with_rows) {
  std::vector<std::string> rows;
  if (with_rows) {
    const auto size = terminal::size();
    rows = model_.rows(std::chrono::steady_clock::now(), size.columns - 1,
                       std::min(size.rows > 2 ? size.rows - 2 : 0, most_rows));
  }
  terminal_.show(model_.take_lines(), rows);
}

void display::say(std::string_view who, std::string_view text) {
  if (mode_ == mode::quiet) return;
  const std::lock_guard lock{mutex_};
  model_.say(who, text);
  if (!live_ || model_.idle()) draw(false);
}

}  // namespace mcp::cluster
