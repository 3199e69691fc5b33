#include "actors/scenario.hpp"

namespace mcp::test {
namespace {

/// Counts how often it is copied.
struct counted {
  counted() = default;
  counted(const counted&) { ++copies; }
  counted(counted&&) noexcept {}
  counted& operator=(const counted&) {
    ++copies;
    return *this;
  }
  counted& operator=(counted&&) noexcept { return *this; }
  static inline std::atomic<int> copies{0};
};

struct slip {
  std::string text{};
};
MCP_STRUCT(slip, text)

}  // namespace
}  // namespace mcp::test

template <>
struct mcp::codec<mcp::test::counted> {
  static void encode(cbor_writer& w, const test::counted&) { w.null(); }
  static void decode(cbor_reader& r, test::counted&) { r.skip(); }
  static bool equal(const test::counted&, const test::counted&) { return true; }
  static std::string schema(schema_writer&) { return "{}"; }
};

namespace mcp::test {
namespace {

struct weighty {
  counted weight{};
  std::vector<std::string> log{};
};
MCP_STATE(weighty, weight, (log, mcp::append))

}  // namespace

TEST_CASE("A router of many tasks does not copy what they do not write") {
  std::vector<int> copies;
  for (const int tasks : {2, 50}) {
    auto fan = graph<weighty>("fan")
                   .node("plan", [](const weighty&) { return update<weighty>{}; })
                   .node("work", [](const slip& one) {
                     return update<weighty>{}.append(&weighty::log, one.text);
                   });
    fan.entry_point("plan")
        .router(
            "plan",
            [tasks](const weighty&) {
              return std::vector<send>(static_cast<std::size_t>(tasks), send{"work", slip{"w"}});
            },
            {"work"})
        .router("work", [](const weighty& s) {
          return s.log.size() == 1 ? std::string{mcp::end} : std::string{"nowhere"};
        });
    executor<weighty> runs{fan};
    const auto before = counted::copies.load();
    const auto ended = runs.run_to_result({});
    copies.push_back(counted::copies - before);
    REQUIRE(ended.done());
    CHECK(ended.state().log.size() == static_cast<std::size_t>(tasks));
  }
  CHECK(copies[0] == copies[1]);
}

}  // namespace mcp::test
