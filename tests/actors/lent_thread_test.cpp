#include "actors/scenario.hpp"

#include <thread>

namespace mcp::test {
namespace {

struct errand {
  std::string what{};
};
MCP_STRUCT(errand, what)

}  // namespace

TEST_CASE("A task with limits of its own does not hold the thread of executor.run") {
  std::thread::id worked_on{};
  auto made =
      graph<notes>("limits")
          .node("plan", logs("plan"))
          .node("work",
                [&worked_on](const errand& one) {
                  worked_on = std::this_thread::get_id();
                  return update<notes>{}.append(&notes::log, one.what);
                })
          .entry_point("plan")
          .router(
              "plan",
              [](const notes&) {
                return routes{send{"work", errand{"done"}}.timeout({.run = milliseconds{600'000}})};
              },
              {"work"});
  executor<notes> runs{made};
  CHECK(runs.run({}).log == words{"plan", "done"});
  CHECK(worked_on != std::this_thread::get_id());
}

}  // namespace mcp::test
