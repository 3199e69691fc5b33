#include "cluster/membership.hpp"

#include "support/catch.hpp"
#include "support/code_of.hpp"

using namespace mcp;
using namespace mcp::cluster;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using mcp::test::code_of;
using ids = std::vector<membership::member_id>;

namespace {

membership::member_id join(membership& all, const std::string& name, std::uint64_t incarnation) {
  const auto admitted = all.admit(name, incarnation);
  REQUIRE(admitted);
  if (admitted->replaced != 0) all.remove(admitted->replaced);
  all.connected(admitted->member, "there");
  return admitted->member;
}

}  // namespace

TEST_CASE("A member that comes back within the grace is the same", "[membership]") {
  membership all{{.grace = 50ms}};
  const auto one = join(all, "a", 7);
  CHECK(all.find("a") == one);
  CHECK(all.lost(1h).empty());
  all.disconnected(one, 100ms);
  CHECK(all.lost(149ms).empty());
  CHECK(all.lost(150ms) == ids{one});
  CHECK(join(all, "a", 7) == one);
  CHECK(all.lost(1h).empty());
}

TEST_CASE("An incarnation that was given up does not come back, the next one does",
          "[membership]") {
  membership all;
  const auto one = join(all, "a", 7);
  all.remove(one);
  CHECK(all.find("a") == 0);
  CHECK_FALSE(all.admit("a", 7));
  CHECK_FALSE(all.admit("a", 6));
  CHECK(join(all, "a", 8) != one);
}

TEST_CASE("An earlier incarnation does not take the place of the known one", "[membership]") {
  membership all;
  const auto one = join(all, "a", 7);
  CHECK_FALSE(all.admit("a", 6));
  CHECK(all.find("a") == one);
}

TEST_CASE("A later incarnation waits until the known one is disconnected", "[membership]") {
  membership all;
  const auto one = join(all, "a", 7);
  CHECK(code_of([&] { static_cast<void>(all.admit("a", 8)); }) == errc::invalid_argument);
  CHECK_THROWS_WITH(all.admit("a", 8), Contains("is here already, at there"));
  all.disconnected(one, 0ms);
  const auto next = all.admit("a", 8);
  REQUIRE(next);
  CHECK(next->fresh);
  CHECK(next->replaced == one);
  all.remove(one);
  CHECK(all.find("a") == next->member);
  CHECK(all.size() == 1);
}

TEST_CASE("There are as many members as may be, and as many incarnations are remembered",
          "[membership]") {
  membership all{{.members = 2, .given_up = 2}};
  const auto one = join(all, "a", 1);
  join(all, "b", 1);
  CHECK(code_of([&] { static_cast<void>(all.admit("c", 1)); }) == errc::overloaded);
  all.disconnected(one, 0ms);
  join(all, "a", 2);  // in place of the first
  CHECK(all.size() == 2);
  for (const auto* name : {"a", "b"}) all.remove(all.find(name));
  all.remove(join(all, "c", 1));
  CHECK(all.admit("a", 2));  // forgotten
}
