#include "mcp/testkit.hpp"

#include "mcp/reducers.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

struct order {
  std::string id{};
  std::vector<std::string> log{};
};
MCP_STATE(order, id, (log, mcp::append))

using change = mcp::update<order>;

void look_up(const order& s, mcp::context& ctx, const mcp::reply<order>& answer) {
  ctx.charge("calls", 1);
  if (s.id == "slow") return answer.done_after(mcp::milliseconds{500}, {});
  if (s.id == "bad") return answer.fail("no such order");
  if (s.id == "twice") answer.done(change{});
  if (s.id == "ask" && !ctx.ask<bool>("sure?")) return answer.done(change{});
  if (s.id != "lost") answer.done(change{}.append(&order::log, "found " + s.id));
}

auto call(mcp::testkit::fake_context& fake, const std::string& id) {
  return mcp::testkit::begin<order>(fake, look_up, order{.id = id});
}

}  // namespace

TEST_CASE("An asynchronous node's answer goes through the reducers") {
  mcp::testkit::fake_context fake;
  const auto answer = call(fake, "7");
  CHECK(answer.state_after(order{.log = {"old"}}).log ==
        std::vector<std::string>{"old", "found 7"});
  CHECK(fake.charged("calls") == 1);
  CHECK(call(fake, "slow").wait().delay == mcp::milliseconds{500});
}

TEST_CASE("An asynchronous node fails, forgets to answer, or answers twice") {
  mcp::testkit::fake_context fake;
  CHECK(call(fake, "bad").wait().failed->error.code() == mcp::errc::node_failed);
  CHECK_THROWS_AS(call(fake, "bad").state_after(order{}), mcp::error);
  CHECK(call(fake, "lost").wait().dropped);
  CHECK_THROWS_AS(call(fake, "twice"), mcp::error);
}

TEST_CASE("An asynchronous node asks, and finds the answer in the next call") {
  mcp::testkit::fake_context fake;
  CHECK(call(fake, "ask").wait().dropped);
  REQUIRE(fake.questions().size() == 1);
  fake.answer_with(true);
  CHECK(call(fake, "ask").state_after(order{}).log.size() == 1);
  CHECK(fake.questions().empty());
}

TEST_CASE("An asynchronous node may answer later, from another thread") {
  mcp::testkit::fake_context fake;
  std::optional<mcp::reply<order>> kept;
  const auto later = [&](const order&, mcp::reply<order> answer) { kept = std::move(answer); };
  const auto answer = mcp::testkit::begin<order>(fake, later, order{});
  CHECK_FALSE(answer.ended());
  std::thread other{[&] {
    kept->done(change{}.set(&order::id, "8"));
    kept.reset();
  }};
  CHECK(answer.state_after(order{}).id == "8");
  other.join();
}
