#include "agents/virtual_loop.hpp"
#include "mcp_client/session.hpp"
#include "support/catch.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace mcp::test {
namespace {

using namespace mcp::protocol;
using std::chrono::milliseconds;

/// What a session did to its transport.
struct wire {
  int opened = 0;
  int renewed = 0;
  int closed = 0;
  std::vector<std::pair<rpc_id, json>> requests{};
  std::vector<rpc_id> let_go{};
  transport_events events{};

  void answer(rpc_id id, const json& result) const {
    events.on_message(json{{"jsonrpc", "2.0"}, {"id", id}, {"result", result}}.dump());
  }
  /// The last request for this method; 0: none.
  [[nodiscard]] rpc_id last(const std::string& method) const {
    rpc_id found = 0;
    for (const auto& [id, said] : requests) found = said["method"] == method ? id : found;
    return found;
  }
  [[nodiscard]] std::size_t count(rpc_id id) const {
    std::size_t found = 0;
    for (const auto& one : requests) found += one.first == id ? 1U : 0U;
    return found;
  }
  [[nodiscard]] std::string text_of(rpc_id id) const {
    for (const auto& one : requests) {
      if (one.first == id) return one.second.dump();
    }
    return {};
  }
  void shake() const {
    answer(last("initialize"),
           {{"protocolVersion", "2025-11-25"}, {"capabilities", json::object()}});
  }
};

class wire_transport final : public transport {
 public:
  explicit wire_transport(std::shared_ptr<wire> to) : to_(std::move(to)) {}
  void open() override { ++to_->opened; }
  void renew() override { ++to_->renewed; }
  [[nodiscard]] bool send(std::string message, std::optional<rpc_id> id) override {
    if (id) to_->requests.emplace_back(*id, json::parse(message));
    return true;
  }
  void settled(rpc_id id, bool answered) override {
    if (!answered) to_->let_go.push_back(id);
  }
  void established(const std::string&) override {}
  void close() override { ++to_->closed; }

 private:
  std::shared_ptr<wire> to_;
};

/// A session that has shaken hands, whose calls' ends are kept.
struct world {
  explicit world(int restarts = 5)
      : talk(std::make_shared<session>(
            session_options{.name = "s", .restarts = restarts},
            session_events{.on_given_up = [this](const error&) { given_up = true; }}, loop)) {
    talk->start([this](transport_events events) {
      line->events = std::move(events);
      return std::make_unique<wire_transport>(line);
    });
    line->shake();
  }
  rpc_id call() {
    const auto slot = ends.size();
    ends.emplace_back();
    return talk->call("tools/call", json::object(),
                      [this, slot](outcome how) { ends[slot] = std::move(how); });
  }
  [[nodiscard]] bool done(std::size_t slot) const {
    return ends[slot] && std::holds_alternative<json>(*ends[slot]);
  }
  [[nodiscard]] std::optional<errc> failure(std::size_t slot) const {
    if (!ends[slot] || !std::holds_alternative<error>(*ends[slot])) return std::nullopt;
    return std::get<error>(*ends[slot]).code();
  }
  void refuse(rpc_id id) const { line->events.on_unexecuted(id, line->text_of(id)); }

  virtual_loop loop{};
  std::shared_ptr<wire> line = std::make_shared<wire>();
  bool given_up = false;
  std::shared_ptr<session> talk;
  std::vector<std::optional<outcome>> ends{};
};

}  // namespace

TEST_CASE("A server whose program does not exist is given up at the first try") {
  for (const auto& [code, opened] :
       {std::pair{errc::invalid_argument, 1}, std::pair{errc::connection_failed, 6}}) {
    world w;
    // The first start was a good one; then the program is gone.
    for (int i = 0; i < 20 && !w.given_up; ++i) {
      w.line->events.on_closed(error{code, "there is no program"});
      w.loop.run_for(std::chrono::seconds{5});
    }
    CHECK(w.given_up);
    CHECK(w.line->opened == opened);
  }
}

TEST_CASE("Calls that met a forgotten session share one new session, and are sent there once") {
  world w;
  const auto a = w.call();
  const auto b = w.call();
  w.line->events.on_expired();
  w.refuse(a);
  w.refuse(b);
  CHECK(w.line->renewed == 0);
  w.loop.run_for(milliseconds{100});
  CHECK(w.line->renewed == 1);
  CHECK(w.line->opened == 1);
  CHECK(w.line->count(a) == 1);
  w.line->shake();
  CHECK(w.line->count(a) == 2);
  CHECK(w.line->count(b) == 2);
  w.line->answer(a, 1);
  w.line->answer(b, 2);
  CHECK(w.done(0));
  CHECK(w.done(1));
  CHECK(w.talk->starts() == 2);
}

TEST_CASE("What is under way in a forgotten session goes on") {
  world w;
  const auto a = w.call();
  const auto b = w.call();
  w.line->events.on_expired();
  w.refuse(a);
  w.line->answer(b, 2);
  CHECK(w.done(1));
  w.loop.run_for(milliseconds{100});
  CHECK(w.line->closed == 0);
  CHECK_FALSE(w.ends[0]);
}

TEST_CASE("A call refused by the old session when there is a new one is sent at once") {
  world w;
  const auto a = w.call();
  w.line->events.on_expired();
  w.loop.run_for(milliseconds{100});
  w.line->shake();
  CHECK(w.line->count(a) == 1);
  w.refuse(a);
  CHECK(w.line->count(a) == 2);
  CHECK(w.line->renewed == 1);
}

TEST_CASE("A call that two sessions have refused fails") {
  world w;
  const auto a = w.call();
  for (int round = 0; round < 2; ++round) {
    w.line->events.on_expired();
    w.refuse(a);
    w.loop.run_for(milliseconds{200});
    w.line->shake();
  }
  CHECK(w.failure(0) == errc::connection_failed);
  CHECK(w.line->count(a) == 2);
}

TEST_CASE("A server that forgets every session is given up") {
  world w{2};
  for (int round = 0; round < 2; ++round) {
    w.line->events.on_expired();
    w.loop.run_for(milliseconds{200});
    w.line->shake();
  }
  const auto a = w.call();
  w.line->events.on_expired();
  w.refuse(a);
  CHECK(w.given_up);
  CHECK(w.failure(0) == errc::connection_failed);
  w.loop.run_for(std::chrono::hours{1});
  CHECK(w.line->renewed == 2);
}

TEST_CASE("A call that waits for a new session keeps its time limit, and may be cancelled") {
  world w;
  const auto a = w.call();
  const auto b = w.call();
  w.line->events.on_expired();
  w.refuse(a);
  w.refuse(b);
  w.talk->cancel(b);
  CHECK(w.failure(1) == errc::cancelled);
  w.loop.run_for(std::chrono::minutes{2});
  CHECK(w.failure(0));
  CHECK(w.line->count(a) == 1);
  CHECK(w.line->count(b) == 1);
}

TEST_CASE("A call that is under way in the old session is let go of when it is cancelled") {
  world w;
  const auto a = w.call();
  w.line->events.on_expired();
  w.talk->cancel(a);
  CHECK(w.line->let_go == std::vector<rpc_id>{a});
}

TEST_CASE("Calls that wait for a new session fail with the connection when none can be had") {
  world w{0};
  const auto a = w.call();
  w.line->events.on_expired();
  w.refuse(a);
  CHECK(w.failure(0) == errc::connection_failed);
  CHECK(w.given_up);
}

}  // namespace mcp::test
