// Nodes are functions: call them in a test. One that uses its context gets a fake one, in which the
// test decides what the person answers and what has been done before.
//
//   test --> fake_context --> node --> result, and what it asked, emitted and spent

#include <cstdlib>
#include <iostream>
#include <string>

#include <mcp/mcp.hpp>
#include <mcp/testkit.hpp>

struct State {
  int price = 0;
  std::string order{};
};
MCP_STATE(State, price, order)

State discount(State s) {
  s.price -= s.price / 10;
  return s;
}
mcp::update<State> buy(const State& s, mcp::context& ctx) {
  ctx.charge("euros", s.price);
  if (!ctx.ask<bool>("Buy for " + std::to_string(s.price) + "?")) return {};
  auto id = ctx.once("order", [] { return std::string{"a real order"}; });
  ctx.emit("bought", id);
  return mcp::update<State>{}.set(&State::order, std::move(id));
}

// Asynchronous: with a server behind it the answer would come later.
void look_up(const State& s, const mcp::reply<State>& answer) {
  if (s.order.empty()) return answer.fail("there is no order");
  answer.done(mcp::update<State>{}.set(&State::price, 42));
}

void expect(bool holds, const char* what) {
  std::cout << (holds ? "ok: " : "FAILED: ") << what << '\n';
  if (!holds) std::exit(1);
}

int main() {
  expect(discount({.price = 100}).price == 90, "a pure node is called as it is");

  mcp::testkit::fake_context fake;
  const State cart{.price = 90};
  expect(!fake.call(buy, cart), "without an answer the node waits");
  expect(fake.questions().at(0).question == R"("Buy for 90?")", "and the test sees its question");

  fake.answer_with(true).with_effect("order", "order 7");
  const auto bought = fake.call(buy, cart);
  expect(bought && mcp::testkit::apply(cart, *bought).order == "order 7",
         "the effect of before is not repeated");
  expect(fake.events().at(0).payload == R"("order 7")", "events are captured");
  expect(fake.charged("euros") == 180, "so is what it charges: both calls");

  const auto call = mcp::testkit::begin<State>(fake, look_up, State{.order = "order 7"});
  expect(call.state_after(State{}).price == 42, "an asynchronous node answers a fake reply");
  const auto refusal = mcp::testkit::begin<State>(fake, look_up, State{});
  expect(refusal.wait().failed.has_value(), "or fails it");

  try {
    static_cast<void>(mcp::testkit::fake_context{}.with_budget("euros", 50).call(buy, cart));
    expect(false, "never here");
  } catch (const mcp::error& refused) {
    expect(refused.code() == mcp::errc::budget_exceeded, "a budget that is too small refuses");
  }
}
