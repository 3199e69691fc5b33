// What a server does for an agent whose message a worker handles, with both ends played.
#include "cluster/remote_nodes.hpp"
#include "support/catch.hpp"
#include "system/remote_agents.hpp"

#include <functional>
#include <memory>
#include <utility>

using namespace mcp;
using namespace mcp::cluster;

namespace {

struct no_workers final : remote_nodes {
  void add_system(std::string, std::string, std::string) override {}
  void remove_system(std::string) override {}
  void submit(std::shared_ptr<remote_call>) override {}
  void withdraw(std::shared_ptr<remote_call>) override {}
  void submit(std::shared_ptr<remote_agent_call>) override {}
  void withdraw(std::shared_ptr<remote_agent_call>) override {}
  void answer(std::shared_ptr<remote_agent_call>, agent_answer_message) override {}
};

/// An agent at a message, as far as a call sees it.
class played_agent final : public agent_port {
 public:
  struct later_port final : agent_later_port {
    later_port(played_agent& to, int at) : agent(to), beginning(at) {}
    void resume(agent_continuation then) override { agent.next = std::move(then); }
    void fail(error) override {}
    [[nodiscard]] bool wanted() const noexcept override { return agent.beginning == beginning; }
    played_agent& agent;
    int beginning;
  };

  [[nodiscard]] agent_info info() const override { return {}; }
  [[nodiscard]] bool cancelled() const noexcept override { return false; }
  [[nodiscard]] std::chrono::system_clock::time_point now() const override { return {}; }
  [[nodiscard]] std::string make_id() override { return "id"; }
  void tell(std::string, agent_message, bool) override { told(); }
  void publish(std::string, agent_message) override {}
  void subscribe(std::string, bool) override {}
  void schedule(milliseconds, agent_message) override {}
  void reply(value) override {}
  void ask(std::string, agent_message, milliseconds,
           std::function<void(void*, agent_outcome, agent_context&)>) override {}
  [[nodiscard]] std::shared_ptr<agent_later_port> later() override {
    return std::make_shared<later_port>(*this, beginning);
  }
  void before_commit(agent_step) override {}
  void start_over() override { ++beginning; }
  [[nodiscard]] bool submit(std::function<void()>) override { return false; }
  [[nodiscard]] const value_type& state_type() const noexcept override {
    return value_type_of<raw_cbor>;
  }

  /// What the call was waiting for has come.
  void go_on() {
    raw_cbor state;
    agent_context ctx{*this};
    std::exchange(next, nullptr)(&state, ctx);
  }

  int beginning = 1;
  agent_continuation next{};
  std::function<void()> told = [] {};
};

}  // namespace

TEST_CASE("A call is wanted while its agent begins it anew, and not once the agent has given it up",
          "[remote_agents]") {
  played_agent agent;
  agent_context ctx{agent};
  const auto call = std::make_shared<remote_agent_call>(
      agent_task_message{.task = 1}, raw_cbor{}, task_demand{}, std::make_shared<no_workers>());
  call->begin(ctx);
  CHECK(call->wanted());
  call->turn({.task = 1, .actions = {message_told{.to = "a/b", .name = "n"}}}, {});
  agent.go_on();
  CHECK(call->wanted());

  // Its worker is lost, and another one begins: what was awaited before is late now.
  int seen = 0;
  agent.told = [&] {
    ++seen;
    CHECK(call->wanted());
  };
  call->placed();
  call->turn({.task = 2, .actions = {message_told{.to = "a/b", .name = "n"}}}, {});
  agent.go_on();
  CHECK(seen == 1);
  CHECK(agent.beginning == 2);
  CHECK(call->wanted());

  ++agent.beginning;  // the agent was stopped
  CHECK_FALSE(call->wanted());
  call->turn({.task = 2, .end = agent_end{}}, {});
  CHECK_FALSE(call->wanted());
}
