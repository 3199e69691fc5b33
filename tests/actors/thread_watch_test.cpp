#include "actors/scenario.hpp"
#include "mcp/agent.hpp"

#include <functional>
#include <mutex>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace mcp::test {
namespace {

/// Hears what is logged while it lives, and opens a door at the first line with a text.
class listening_log {
 public:
  listening_log(std::string text, door& opened)
      : sink_(std::make_shared<sink>(std::move(text), opened)) {
    spdlog::default_logger()->sinks().push_back(sink_);
  }
  ~listening_log() { spdlog::default_logger()->sinks().pop_back(); }
  listening_log(const listening_log&) = delete;
  listening_log& operator=(const listening_log&) = delete;

 private:
  class sink final : public spdlog::sinks::base_sink<std::mutex> {
   public:
    sink(std::string text, door& opened) : text_(std::move(text)), door_(opened) {}

   private:
    void sink_it_(const spdlog::details::log_msg& message) override {
      if (mentions({message.payload.begin(), message.payload.end()}, text_)) door_.open();
    }
    void flush_() override {}

    std::string text_;
    door& door_;
  };

  std::shared_ptr<sink> sink_;
};

actor_runtime watched() {
  return actor_runtime{{.slow_node_warning = milliseconds{1}}};
}

/// Runs until the log names who holds the thread.
template <class State>
void named(const graph<State>& slow, const std::string& text, door& heard) {
  const listening_log log{text, heard};
  executor<State> runs{slow, {.runtime = watched()}};
  CHECK(runs.start({}).join().done());
}

}  // namespace

TEST_CASE("A plain node is named in the log while it still holds its thread") {
  door heard;
  named(graph<notes>("g").node("a", [&](const notes&) { heard.wait(); }).entry_point("a"),
        "node \"a\" has held a scheduler thread", heard);
}

TEST_CASE("An asynchronous node is named while its function does not return") {
  door heard;
  named(graph<notes>("g")
            .node("a",
                  [&](const notes&, const reply<notes>& answer) {
                    heard.wait();
                    answer.done(update<notes>{});
                  })
            .entry_point("a"),
        "node \"a\" has held a scheduler thread", heard);
}

TEST_CASE("A router that does not return is named with its graph") {
  door heard;
  named(graph<notes>("slow ways")
            .node("a", logs("a"))
            .entry_point("a")
            .router("a",
                    [&](const notes&) {
                      heard.wait();
                      return end;
                    },
                    {end}),
        "graph \"slow ways\": a router, the edge map or a reducer has held", heard);
}

TEST_CASE("An agent's handler that does not return is named by its address") {
  door heard;
  const listening_log log{"agent \"sleeper/x\" has held a scheduler thread", heard};
  agent_system agents{{.runtime = watched()},
                      {agent<notes>("sleeper").on([&](notes&, const std::string&) {
                        heard.wait();
                        return true;
                      })}};
  CHECK(agents.ask<bool>("sleeper/x", std::string{"go"}, milliseconds{60'000}));
}

}  // namespace mcp::test
