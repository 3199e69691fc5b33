#include "cluster/agent_states.hpp"

#include "support/catch.hpp"

using namespace mcp;
using namespace mcp::cluster;

namespace {

kept_agent_state state_of(int number, std::size_t bytes = 10) {
  return {std::make_shared<const value>(number), bytes};
}

}  // namespace

TEST_CASE("The server knows where an agent's last message was handled, of so many agents",
          "[agent_states]") {
  agent_homes homes{2};
  const auto bytes = std::make_shared<const std::string>("state");
  CHECK(homes.find("a/1").member == 0);
  homes.handled("a/1", {.member = 7, .state = 1, .bytes = bytes});
  homes.handled("a/2", {.member = 8, .state = 2});
  CHECK(homes.find("a/1").member == 7);
  CHECK(homes.find("a/1").bytes.lock() == bytes);
  homes.handled("a/1", {.member = 9, .state = 3});  // the latest of both now
  homes.handled("a/3", {.member = 7, .state = 4});
  CHECK(homes.size() == 2);
  CHECK(homes.find("a/2").member == 0);
  CHECK(homes.find("a/1").state == 3);
  homes.forget("a/1");
  homes.forget("a/1");
  CHECK(homes.find("a/1").member == 0);
  CHECK(homes.size() == 1);
}

TEST_CASE("A worker keeps the last states of agents, so many and so large", "[agent_states]") {
  agent_shelf shelf{{.agents = 3, .bytes = 100}};
  shelf.keep("a/1", 1, state_of(1));
  CHECK(shelf.find("a/1", 1).content->as<int>() == 1);
  CHECK(!shelf.find("a/1", 2).content);
  CHECK(!shelf.find("a/2", 1).content);
  shelf.keep("a/1", 2, state_of(2, 20));
  CHECK(!shelf.find("a/1", 1).content);
  CHECK(shelf.find("a/1", 2).bytes == 20);
  CHECK(shelf.bytes() == 20);
  shelf.keep("a/2", 3, state_of(3));
  shelf.keep("a/3", 4, state_of(4));
  shelf.keep("a/4", 5, state_of(5));
  CHECK(shelf.size() == 3);
  CHECK(!shelf.find("a/1", 2).content);
  shelf.keep("a/5", 6, state_of(6, 85));  // pushes out all but one
  CHECK(shelf.size() == 2);
  CHECK(shelf.bytes() == 95);
  shelf.keep("a/5", 7, state_of(7, 101));
  CHECK(!shelf.find("a/5", 6).content);
  CHECK(!shelf.find("a/5", 7).content);
  shelf.keep("a/4", 8, {});
  CHECK(shelf.size() == 0);
  CHECK(shelf.bytes() == 0);
}
