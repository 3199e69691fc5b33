#include "core/checkpoint_codec.hpp"
#include "core/codec_fixture.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

using namespace codec_fixture;
using mcp::errc;
namespace core = mcp::core;

mcp::node_result full_result() {
  mcp::node_result result;
  result.writes = mcp::update<flight>{}
                      .set(&flight::level, 70)
                      .overwrite(&flight::log, {"reset"})
                      .append(&flight::log, "more")
                      .take();
  result.go_to = {std::string{"a"}, mcp::send{"work", job{1, "one"}}, std::string{mcp::end},
                  mcp::send{"work", job{2, "two"}}};
  auto& parent = result.parent.emplace();
  parent.type = &mcp::state_type_of<tower>::get();
  parent.writes = mcp::update<tower>{}.append(&tower::seen, "FM1").take();
  parent.go_to = {std::string{"radar"}, mcp::send{"runway", job{3, "three"}}};
  return result;
}

constexpr const char* recorded_result =
    "a46177"
    "83"
    "83656c6576656c001846"
    "83636c6f67018165726573657483636c6f670081646d6f7265"
    "6167826161675f5f656e645f5f"
    "6173828264776f726ba2666e756d62657201647465787463"
    "6f6e658264776f726ba2666e756d62657202647465787463"
    "74776f"
    "6175a36177818364736565"
    "6e008163464d31"
    "61678165726164617261738182667275"
    "6e776179a2666e756d6265720364746578746574687265"
    "65";

TEST_CASE("A task's result with writes, routes and a command for the parent round-trips") {
  const auto plan = make_plan();
  const auto parent = make_parent_plan();
  const auto body = core::encode_result(*plan, full_result());
  const auto read = core::decode_result(*plan, body, parent.get());
  REQUIRE(read.writes.size() == 3);
  CHECK(read.writes[0].content.as<int>() == 70);
  CHECK(read.writes[1].mode == mcp::write_mode::overwrite);
  CHECK(read.writes[2].mode == mcp::write_mode::reduce);
  CHECK(read.writes[2].content.as<std::vector<std::string>>() == std::vector<std::string>{"more"});
  REQUIRE(read.go_to.size() == 4);
  CHECK(std::get<std::string>(read.go_to[0]) == "a");
  CHECK(std::get<std::string>(read.go_to[1]) == mcp::end);
  CHECK(std::get<mcp::send>(read.go_to[3]).input().as<job>().text == "two");
  REQUIRE(read.parent);
  CHECK(read.parent->type == parent->state);
  REQUIRE(read.parent->go_to.size() == 2);
  CHECK(std::get<mcp::send>(read.parent->go_to[1]).input().as<job>().number == 3);
}

TEST_CASE("A task's result of version 1 keeps its bytes") {
  const auto plan = make_plan();
  CHECK(to_hex(core::encode_result(*plan, full_result())) == recorded_result);
  const auto parent = make_parent_plan();
  CHECK(core::decode_result(*plan, from_hex(recorded_result), parent.get()).writes.size() == 3);
}

TEST_CASE("An empty result is one byte") {
  const auto plan = make_plan();
  CHECK(to_hex(core::encode_result(*plan, {})) == "a0");
  const auto read = core::decode_result(*plan, from_hex("a0"));
  CHECK(read.writes.empty());
  CHECK(read.go_to.empty());
  CHECK_FALSE(read.parent);
}

TEST_CASE("A command for a parent cannot be read where there is no parent") {
  const auto plan = make_plan();
  CHECK(code_of([&] { (void)core::decode_result(*plan, from_hex(recorded_result)); }) ==
        errc::corrupt_store);
}

TEST_CASE("Damaged journal bodies never do worse than an error") {
  const auto plan = make_plan();
  const auto parent = make_parent_plan();
  const auto result = from_hex(recorded_result);
  for (std::size_t size = 0; size < result.size(); ++size) {
    const auto part = result.substr(0, size);
    INFO("the first " << size << " bytes");
    CHECK(code_of([&] { (void)core::decode_result(*plan, part, parent.get()); }) ==
          errc::corrupt_store);
  }
  for (std::size_t at = 0; at < result.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = result;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto code = code_of([&] { (void)core::decode_result(*plan, changed, parent.get()); });
      const bool expected = !code || *code == errc::corrupt_store || *code == errc::unknown_node;
      INFO("byte " << at << ", bit " << bit);
      CHECK(expected);
    }
  }
}

TEST_CASE("A write to a field the state lacks is a corrupt store that names the field") {
  const auto plan = make_plan();
  const auto body = mcp::json_to_cbor(R"({"w":[["speed",0,1]]})");
  try {
    (void)core::decode_result(*plan, body);
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::corrupt_store);
    CHECK_THAT(failure.message(), Catch::Matchers::Contains("speed"));
  }
}

TEST_CASE("A send to a node the graph lacks names the node") {
  const auto plan = make_plan();
  const auto body = mcp::json_to_cbor(R"({"s":[["gone",{}]]})");
  CHECK(code_of([&] { (void)core::decode_result(*plan, body); }) == errc::unknown_node);
}

TEST_CASE("An interrupt round-trips with its task") {
  const mcp::pending_interrupt asked{.id = "0123",
                                     .node = "review",
                                     .ns = "",
                                     .question = R"({"amount":3.5,"ok":[true,null]})",
                                     .schema = R"({"type":"boolean"})"};
  const auto [read, task] = core::decode_interrupt("0123", core::encode_interrupt(asked, "task1"));
  CHECK(read == asked);
  CHECK(task == "task1");
}

TEST_CASE("An interrupt without a schema has none after reading") {
  const mcp::pending_interrupt asked{.id = "1", .node = "n", .ns = {}, .question = "\"go?\""};
  const auto body = core::encode_interrupt(asked, "t");
  CHECK(to_hex(body) == "856174616e63676f3ff660");
  CHECK(core::decode_interrupt("1", body).first == asked);
}

TEST_CASE("A failure keeps its code, message, node and attempt") {
  const auto what = mcp::error{errc::node_timeout, "took too long"}.at(
      {.graph = {}, .node = "slow", .task = {}, .attempt = 3});
  const auto body = core::encode_failure(what);
  CHECK(to_hex(body) == "8418796d746f6f6b20746f6f206c6f6e6764736c6f7703");
  CHECK(core::decode_failure(body) == std::pair{what, std::string{}});
  const auto replaced = core::encode_failure(what, "spare");
  CHECK(to_hex(replaced) == "8518796d746f6f6b20746f6f206c6f6e6764736c6f7703657370617265");
  CHECK(core::decode_failure(replaced) == std::pair{what, std::string{"spare"}});
}

TEST_CASE("A failure with a code of a later version is still a failure") {
  const auto read = core::decode_failure(mcp::json_to_cbor(R"([9999,"new kind","n",1])")).first;
  CHECK(read.code() == errc::node_failed);
  CHECK(read.message() == "new kind");
}

TEST_CASE("Damaged interrupts, failures and options are a corrupt store") {
  const std::vector<std::string> damaged{"",         "00",         "80", "84",           "a0a0",
                                         "83000000", "8400000000", "ff", "9f00000000ff", "a10000"};
  for (const auto& hex : damaged) {
    INFO(hex);
    const auto bytes = from_hex(hex);
    CHECK(code_of([&] { (void)core::decode_interrupt("k", bytes); }) == errc::corrupt_store);
    CHECK(code_of([&] { (void)core::decode_failure(bytes); }) == errc::corrupt_store);
    CHECK(code_of([&] { (void)core::decode_options(bytes); }) == errc::corrupt_store);
  }
}

TEST_CASE("The last write of a field is what an update event shows") {
  const auto& type = mcp::state_type_of<flight>::get();
  const auto writes = full_result().writes;
  CHECK(core::writes_to_json(type, writes) == R"({"level":70,"log":["more"]})");
  CHECK(core::writes_to_json(type, {}) == "{}");
}

mcp::run_options unusual_options() {
  mcp::run_options options;
  options.thread_id = "thread-1";
  options.recursion_limit = 5;
  options.durability = mcp::durability::exit;
  options.deadline = mcp::milliseconds{90'000};
  options.budget = {.steps = 4, .node_calls = 9, .counters = {{"tokens", 50'000}, {"usd", 2}}};
  options.interrupt_before = {"a", "*"};
  options.interrupt_after = {"b"};
  return options;
}

TEST_CASE("The options of a run round-trip") {
  auto given = unusual_options();
  given.events = mcp::event_kind::tasks | mcp::event_kind::errors;
  given.event_capacity = 7;
  given.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto read = core::decode_options(core::encode_options(given));
  CHECK(read.thread_id == given.thread_id);
  CHECK(read.recursion_limit == given.recursion_limit);
  CHECK(read.durability == given.durability);
  CHECK(read.deadline == given.deadline);
  CHECK(read.budget.steps == given.budget.steps);
  CHECK(read.budget.node_calls == given.budget.node_calls);
  CHECK(read.budget.counters == given.budget.counters);
  CHECK(read.interrupt_before == given.interrupt_before);
  CHECK(read.interrupt_after == given.interrupt_after);
  CHECK(read.events == given.events);
  CHECK(read.event_capacity == given.event_capacity);
  CHECK(read.traceparent == given.traceparent);
  CHECK_FALSE(core::decode_due(core::encode_options(given)));
  const mcp::store_time due{mcp::milliseconds{1'700'000'000'123}};
  const auto with_due = core::encode_options(given, due);
  CHECK(core::decode_due(with_due) == due);
  CHECK(core::decode_options(with_due).deadline == given.deadline);
}

TEST_CASE("The options of a run of version 1 keep their bytes") {
  CHECK(to_hex(core::encode_options(unusual_options())) ==
        "a761746874"
        "68726561642d31616c05616402616d1a00015f90"
        "6162a361730461630961"
        "6ba266746f6b656e7319c35063757364026178826161612a6179816162");
}

TEST_CASE("Options that are absent have their defaults and unknown ones are passed over") {
  const auto read = core::decode_options(mcp::json_to_cbor(R"({"zz":{"a":[1]},"l":3})"));
  CHECK(read.recursion_limit == 3);
  CHECK(read.durability == mcp::durability::async);
  CHECK(code_of([] { (void)core::decode_options(mcp::json_to_cbor(R"({"d":3})")); }) ==
        errc::corrupt_store);
}

TEST_CASE("Every kind of event has a name") {
  for (unsigned bit = 1; bit <= 256; bit *= 2) {
    CHECK(mcp::name(static_cast<mcp::event_kind>(bit)) != "unknown");
  }
  CHECK(mcp::name(static_cast<mcp::event_kind>(3)) == "unknown");
}

}  // namespace
