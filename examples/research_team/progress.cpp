#include "progress.hpp"

#include "team/states.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <unistd.h>

namespace research {

std::string printable(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    // In UTF-8 the second half of the control characters is C2 80 to C2 9F.
    const bool second = byte < 0xa0 && !shown.empty() && shown.back() == '\xc2';
    if (second) {
      shown.pop_back();
    } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
      shown += c;
    }
  }
  return shown;
}

namespace {

/// Whether a line on standard error can be drawn anew.
bool can_draw() {
  const char* const kind = std::getenv("TERM");
  return isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view{kind} != "dumb";
}

}  // namespace

progress::progress(progress_kind kind)
    : lines_(kind == progress_kind::plain ||
             (kind == progress_kind::automatic && isatty(STDERR_FILENO) == 1)),
      bar_(kind == progress_kind::automatic && can_draw()) {}

void progress::follow(mcp::event_stream events) {
  for (;;) {
    try {
      const auto event = events.next();
      if (!event) break;
      show(*event);
    } catch (const mcp::error& lost) {
      if (lost.code() != mcp::errc::event_gone) throw;  // the oldest were dropped: go on
    }
  }
  clear_bar();
}

void progress::say(const std::string& who, const std::string& text) {
  if (!lines_) return;
  clear_bar();
  std::fprintf(stderr, "%-9s %s\n", who.c_str(), printable(text).c_str());
  draw_bar();
}

void progress::show(const mcp::run_event& event) {
  const bool top = event.ns.empty();
  if (event.kind == mcp::event_kind::custom && event.name == "note") {
    const auto note = mcp::from_json<progress_note>(event.json);
    say(event.node, note.text);
    if (note.executors > 0) {
      done_ = 0;
      total_ = note.executors;
      draw_bar();
    }
  } else if (event.kind == mcp::event_kind::tasks && top && event.node == "executor" &&
             event.name == "finished") {
    clear_bar();
    ++done_;
    draw_bar();
    if (done_ == total_) {
      if (bar_) std::fputc('\n', stderr);
      total_ = 0;
    }
  } else if (event.kind == mcp::event_kind::errors && event.error) {
    say(event.node.empty() ? "error" : event.node, event.error->what());
  }
}

void progress::draw_bar() {
  constexpr int width = 30;
  if (!bar_ || total_ == 0) return;
  const int full = done_ * width / total_;
  std::fprintf(stderr, "executors [%s%s] %d/%d",
               std::string(static_cast<std::size_t>(full), '#').c_str(),
               std::string(static_cast<std::size_t>(width - full), '.').c_str(), done_, total_);
  std::fflush(stderr);
}

void progress::clear_bar() {
  if (!bar_ || total_ == 0) return;
  std::fputs("\r\033[K", stderr);
}

}  // namespace research
