#include "curl_floor.hpp"
#include "floors.hpp"
#include "gate.hpp"
#include "rows.hpp"
#include "stream_server.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <mcp/agents/model_node.hpp>
#include <mcp/agents/openai.hpp>
#include <mcp/agents/tool_loop.hpp>
#include <mcp/mcp.hpp>

namespace bench {

namespace {

std::shared_ptr<mcp::chat_model> model_at(const stream_server& server) {
  return mcp::openai_model({.model = "m", .endpoint = {.base_url = server.url()}});
}

/// Streamed calls of one model, all at once.
class calls {
 public:
  calls(mcp::chat_model& model, std::size_t count) : left_(count) {
    for (std::size_t i = 0; i < count; ++i) {
      model.start({.messages = {mcp::user_message("Say it.")}},
                  {.on_delta =
                       [this](const mcp::chat_delta&) {
                         ++tokens_;
                         token_.open();
                       },
                   .on_end = [this](const mcp::chat_outcome& end) { ended(!end.answer); }});
    }
  }
  /// Waits for the next token; for calls whose tokens come one at a time.
  void wait_for_token() { token_.wait({}); }
  /// The tokens that came; waits for the end of all calls.
  std::size_t join() {
    done_.wait({});
    if (failed_ > 0) throw std::runtime_error(std::to_string(failed_) + " calls failed");
    return tokens_;
  }

 private:
  void ended(bool badly) {
    if (badly) ++failed_;
    if (left_.fetch_sub(1) == 1) done_.open();
  }
  std::size_t tokens_ = 0;  ///< all handlers are called on one thread
  std::size_t failed_ = 0;
  std::atomic<std::size_t> left_;
  gate token_;
  gate done_;
};

/// What both probes of a row use.
struct streams {
  explicit streams(const settings& how)
      : count(how.quick ? 100 : 1000), events(how.quick ? 20 : 100) {}
  stream_server server;
  std::size_t count;
  std::size_t events;
};

probes token_probes(const settings& how) {
  raise_file_limit();
  const auto use = std::make_shared<streams>(how);
  const auto model = model_at(use->server);
  const auto bare = std::make_shared<curl_floor>();
  const auto all = static_cast<double>(use->count * use->events);
  return {[use, model, all] {
            calls under_way{*model, use->count};
            use->server.wait_until_open(use->count);
            const double taken = microseconds_of([&] {
              use->server.send_events(use->events);
              if (static_cast<double>(under_way.join()) != all) {
                throw std::runtime_error("tokens are missing");
              }
            });
            return taken / all;
          },
          [use, bare, all] {
            bare->read(use->server.url(), use->count,
                       [&] { return use->server.open_streams() >= use->count; });
            const double taken = microseconds_of([&] {
              use->server.send_events(use->events);
              bare->finish();
            });
            return taken / all;
          }};
}

/// Tokens of one stream, each sent when the one before has been read, while all others are silent.
probes lone_token_probes(const settings& how) {
  raise_file_limit();
  const auto use = std::make_shared<streams>(how);
  const auto model = model_at(use->server);
  const auto bare = std::make_shared<curl_floor>();
  const auto per_token = [use](const std::function<void()>& read) {
    constexpr int tokens = 2000;
    const double taken = microseconds_of([&] {
      for (int i = 0; i < tokens; ++i) {
        use->server.send_token();
        read();
      }
    });
    return taken / tokens;
  };
  return {[use, model, per_token] {
            calls under_way{*model, use->count};
            use->server.wait_until_open(use->count);
            const double taken = per_token([&] { under_way.wait_for_token(); });
            use->server.send_events(1);
            under_way.join();
            return taken;
          },
          [use, bare, per_token] {
            bare->read(use->server.url(), use->count,
                       [&] { return use->server.open_streams() >= use->count; });
            const double taken = per_token([&] { bare->read_some(); });
            use->server.send_events(1);
            bare->finish();
            return taken;
          }};
}

probes memory_probes(const settings& how) {
  raise_file_limit();
  const auto use = std::make_shared<streams>(how);
  const auto model = model_at(use->server);
  const auto bare = std::make_shared<curl_floor>();
  const auto each = [use](double before) {
    return (allocated_bytes() - before) / static_cast<double>(use->count);
  };
  return {[use, model, each] {
            const double before = allocated_bytes();
            calls under_way{*model, use->count};
            use->server.wait_until_open(use->count);
            const double taken = each(before);
            use->server.send_events(1);
            under_way.join();
            return taken;
          },
          [use, bare, each] {
            const double before = allocated_bytes();
            bare->read(use->server.url(), use->count,
                       [&] { return use->server.open_streams() >= use->count; });
            const double taken = each(before);
            use->server.send_events(1);
            bare->finish();
            return taken;
          }};
}

/// A run whose nodes all wait for their streams, cancelled: until the last socket is closed and the
/// run has ended.
probes cancel_probes(const settings&) {
  raise_file_limit();
  constexpr std::size_t count = 100;
  const auto server = std::make_shared<stream_server>();
  mcp::graph<mcp::chat_state> graph{"talk"};
  graph.node("ask", mcp::model_node(model_at(*server), &mcp::chat_state::messages))
      .node("begin", [](const mcp::chat_state&) { return mcp::update<mcp::chat_state>{}; })
      .entry_point("begin")
      .router("begin",
              [](const mcp::chat_state& s) {
                return std::vector<mcp::send>(count, mcp::send{"ask", s});
              },
              {"ask"});
  const auto executor = std::make_shared<mcp::executor<mcp::chat_state>>(graph);
  return {[server, executor] {
            const auto run = executor->start({.messages = {mcp::user_message("Say it.")}});
            server->wait_until_open(count);
            return microseconds_of([&] {
                     run.cancel();
                     static_cast<void>(run.join());
                     server->wait_until_closed(count);
                   }) /
                   1000;
          },
          {}};
}

}  // namespace

std::vector<spec> model_rows() {
  return {
      {"token of 1,000 streamed answers at once",
       "us",
       "bare libcurl, the bytes thrown away",
       {},
       token_probes},
      {"token of one of 1,000 streams, the others silent",
       "us",
       "bare libcurl on this thread",
       {},
       lone_token_probes},
      {"memory of each of 1,000 streamed answers", "B", "bare libcurl", {}, memory_probes},
      {"cancel of a run with 100 streamed answers, sockets closed", "ms", "", {}, cancel_probes},
  };
}

}  // namespace bench
