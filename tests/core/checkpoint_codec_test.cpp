#include "core/checkpoint_codec.hpp"

#include "core/codec_fixture.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

namespace {

using namespace codec_fixture;
using mcp::errc;
using mcp::node_index;
namespace core = mcp::core;

/// Index of a join by its sources, in the plan's order.
constexpr std::size_t join_ab = 0;
constexpr std::size_t join_ac = 1;
constexpr std::size_t join_bc = 2;

core::agenda full_agenda(const mcp::graph_plan& plan) {
  core::agenda next;
  next.triggered = {plan.find("a"), plan.find("c")};
  next.sends.push_back({plan.find("work"), mcp::value{job{1, "one"}}});
  next.sends.push_back({plan.find("work"), mcp::value{job{-2, "two"}}});
  next.joins = {1, 2, 1};
  next.deferred = {plan.find("other")};
  return next;
}

mcp::patch_writer some_patches() {
  mcp::patch_writer patches;
  patches.begin("level", mcp::patch_set).integer(310);
  patches.begin("log", mcp::patch_append).raw(mcp::to_cbor(std::vector<std::string>{"climb"}));
  return patches;
}

const mcp::run_usage usage{.steps = 3, .node_calls = 5, .counters = {{"tokens", 1200}}};

// A body with every key, as version 1 wrote it. It must be readable for ever.
constexpr const char* recorded_body =
    "a761760161708283656c6576656c0019013683636c6f67018165636c696d62616e84616161638264776f726b"
    "a2666e756d626572016474657874636f6e658264776f726ba2666e756d6265722164746578746374776f616a"
    "8383666a6f696e656481616181616283666a6f696e65648161638161618265"
    "6f74686572816162616481656f7468657261728261616162616"
    "2a36173036163056"
    "16ba166746f6b656e731904b0";

TEST_CASE("A checkpoint body with every part round-trips") {
  const auto plan = make_plan();
  auto next = full_agenda(*plan);
  next.sends[1].timeout = mcp::timeout_policy{.run = mcp::milliseconds{30}};
  const auto body =
      core::encode_body(*plan, some_patches(), next, {plan->find("a"), plan->find("b")}, &usage);
  const auto read = core::decode_body(*plan, body);
  CHECK(read.next.triggered == next.triggered);
  CHECK(read.next.joins == next.joins);
  CHECK(read.next.deferred == next.deferred);
  CHECK(read.ran == std::vector<std::string>{"a", "b"});
  CHECK(read.usage == usage);
  REQUIRE(read.next.sends.size() == 2);
  CHECK(plan->name_of(read.next.sends[0].node) == "work");
  CHECK(read.next.sends[0].input.as<job>().text == "one");
  CHECK(read.next.sends[1].input.as<job>().number == -2);
  CHECK_FALSE(read.next.sends[0].timeout.has_value());
  REQUIRE(read.next.sends[1].timeout.has_value());
  CHECK(read.next.sends[1].timeout->run == mcp::milliseconds{30});
  CHECK(read.next.sends[1].timeout->idle == mcp::milliseconds{0});
  CHECK(core::next_nodes(body) == std::vector<std::string>{"a", "c", "work", "work"});
}

TEST_CASE("A checkpoint body of version 1 keeps its bytes") {
  const auto plan = make_plan();
  const auto body = core::encode_body(*plan, some_patches(), full_agenda(*plan),
                                      {plan->find("a"), plan->find("b")}, &usage);
  CHECK(to_hex(body) == recorded_body);
  const auto read = core::decode_body(*plan, from_hex(recorded_body));
  CHECK(read.usage == usage);
  CHECK(read.next.joins == std::vector<std::uint64_t>{1, 2, 1});
}

TEST_CASE("An empty checkpoint body is four bytes") {
  const auto plan = make_plan();
  const auto body = core::encode_body(*plan, {}, {}, {}, nullptr);
  CHECK(to_hex(body) == "a1617601");
  const auto read = core::decode_body(*plan, body);
  CHECK(read.next.empty());
  CHECK(read.next.joins == std::vector<std::uint64_t>{0, 0, 0});
  CHECK(read.usage == mcp::run_usage{});
  CHECK(core::next_nodes(body).empty());
}

TEST_CASE("Joins that share a target are told apart in every state") {
  const auto plan = make_plan();
  for (std::uint64_t ab = 0; ab < 3; ++ab) {
    for (std::uint64_t ac = 0; ac < 3; ++ac) {
      core::agenda next;
      next.joins.assign(3, 0);
      next.joins[join_ab] = ab;
      next.joins[join_ac] = ac;
      next.joins[join_bc] = 2;
      const auto body = core::encode_body(*plan, {}, next, {}, nullptr);
      INFO("joins " << ab << " " << ac);
      CHECK(core::decode_body(*plan, body).next.joins == next.joins);
    }
  }
}

TEST_CASE("A join is told apart from one that awaits more") {
  const auto plan = mcp::graph<flight>("g")
                        .node("a", nothing)
                        .node("b", nothing)
                        .node("c", nothing)
                        .node("joined", nothing)
                        .entry_point("a")
                        .entry_point("b")
                        .entry_point("c")
                        .join({"a", "b", "c"}, "joined")
                        .join({"a", "b"}, "joined")
                        .compile()
                        .plan();
  core::agenda next;
  next.joins = {0, 1};
  const auto body = core::encode_body(*plan, {}, next, {}, nullptr);
  CHECK(core::decode_body(*plan, body).next.joins == next.joins);
}

TEST_CASE("A body of another graph names the node that is missing") {
  const auto plan = make_plan();
  const auto body = core::encode_body(*plan, {}, full_agenda(*plan), {}, nullptr);
  const auto other = make_parent_plan();
  CHECK(code_of([&] { (void)core::decode_body(*other, body); }) == errc::unknown_node);
  CHECK(core::next_nodes(body).size() == 4);
}

TEST_CASE("A body of a later version is refused before its content is looked at") {
  const auto plan = make_plan();
  // {"n": 5, "v": 2}: wrong for version 1, and nobody knows what it means in version 2.
  const auto later = from_hex(
      "a2616e0561"
      "7602");
  CHECK(code_of([&] { (void)core::decode_body(*plan, later); }) == errc::newer_format);
  CHECK(code_of([&] { (void)core::next_nodes(later); }) == errc::newer_format);
}

TEST_CASE("Keys that a body's reader does not know are passed over") {
  const auto plan = make_plan();
  const auto body = from_hex(
      "a3"
      "6176"
      "01"
      "617a"
      "8201a16178f6"
      "616e"
      "816161");
  CHECK(core::next_nodes(body) == std::vector<std::string>{"a"});
  CHECK(core::decode_body(*plan, body).next.triggered == std::vector{plan->find("a")});
}

TEST_CASE("A body cut off at any byte is a corrupt store") {
  const auto plan = make_plan();
  const auto body = from_hex(recorded_body);
  for (std::size_t size = 0; size < body.size(); ++size) {
    INFO("the first " << size << " bytes");
    const auto part = body.substr(0, size);
    CHECK(code_of([&] { (void)core::decode_body(*plan, part); }) == errc::corrupt_store);
    CHECK(code_of([&] { (void)core::next_nodes(part); }) == errc::corrupt_store);
  }
}

TEST_CASE("A body with one changed byte never does worse than an error") {
  const auto plan = make_plan();
  const auto body = from_hex(recorded_body);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < body.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = body;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto code = code_of([&] { (void)core::decode_body(*plan, changed); });
      if (!code) continue;
      ++refused;
      const bool expected = *code == errc::corrupt_store || *code == errc::newer_format ||
                            *code == errc::unknown_node;
      INFO("byte " << at << ", bit " << bit);
      CHECK(expected);
    }
  }
  CHECK(refused > body.size());
}

TEST_CASE("A snapshot holds the tracked fields and nothing else") {
  const auto& type = mcp::state_type_of<flight>::get();
  const mcp::state_pointer state{type, new flight{"FM1", 90, {"taxi", "climb"}, 12.5, 99}};
  const auto snapshot = core::encode_snapshot(state);
  CHECK(mcp::cbor_to_json(snapshot) ==
        R"({"callsign":"FM1","level":90,"log":["taxi","climb"],"wind":12.5})");
  const auto read = core::decode_snapshot(type, snapshot);
  CHECK(read.as<flight>().log == std::vector<std::string>{"taxi", "climb"});
  CHECK(read.as<flight>().wind == 12.5);
  CHECK(read.as<flight>().scratch == 7);
  CHECK(core::decode_snapshot(type, "").as<flight>().callsign.empty());
}

TEST_CASE("A snapshot with a field the state lacks is an error that names it") {
  const auto& type = mcp::state_type_of<flight>::get();
  const auto snapshot = mcp::json_to_cbor(R"({"level":1,"altitude":2})");
  try {
    (void)core::decode_snapshot(type, snapshot);
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::corrupt_store);
    CHECK_THAT(failure.message(), Catch::Matchers::Contains("altitude"));
  }
}

TEST_CASE("A snapshot with a value of the wrong type is an error that says where") {
  const auto& type = mcp::state_type_of<flight>::get();
  const auto snapshot = mcp::json_to_cbor(R"({"log":["a",5]})");
  try {
    (void)core::decode_snapshot(type, snapshot);
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == errc::corrupt_store);
    CHECK_THAT(failure.message(), Catch::Matchers::Contains("/log/1"));
  }
}

TEST_CASE("A state is rebuilt from a snapshot and the bodies after it") {
  const auto plan = make_plan();
  const auto& type = mcp::state_type_of<flight>::get();
  mcp::stored_checkpoint stored;
  stored.info.base = {7};
  stored.info.id = {9};
  stored.snapshot = mcp::json_to_cbor(R"({"callsign":"FM1","log":["taxi"]})");
  stored.bodies = {core::encode_body(*plan, some_patches(), {}, {}, nullptr),
                   core::encode_body(*plan, some_patches(), {}, {}, nullptr)};
  const auto state = core::rebuild_state(type, stored);
  CHECK(state.as<flight>().callsign == "FM1");
  CHECK(state.as<flight>().level == 310);
  CHECK(state.as<flight>().log == std::vector<std::string>{"taxi", "climb", "climb"});
}

TEST_CASE("The body of a checkpoint that is its own base is not applied again") {
  const auto plan = make_plan();
  mcp::stored_checkpoint stored;
  stored.info.base = {9};
  stored.info.id = {9};
  stored.snapshot = mcp::json_to_cbor(R"({"log":["climb"]})");
  stored.bodies = {core::encode_body(*plan, some_patches(), {}, {}, nullptr)};
  const auto state = core::rebuild_state(mcp::state_type_of<flight>::get(), stored);
  CHECK(state.as<flight>().log == std::vector<std::string>{"climb"});
}

TEST_CASE("A checkpoint without a base is rebuilt from the empty state") {
  const auto plan = make_plan();
  mcp::stored_checkpoint stored;
  stored.info.id = {9};
  stored.bodies = {core::encode_body(*plan, some_patches(), {}, {}, nullptr)};
  const auto state = core::rebuild_state(mcp::state_type_of<flight>::get(), stored);
  CHECK(state.as<flight>().level == 310);
  CHECK(state.as<flight>().log == std::vector<std::string>{"climb"});
}

TEST_CASE("A patch too deep to be read back is refused when it is written") {
  const auto plan = make_plan();
  const auto nested = [](std::size_t levels) {
    mcp::patch_writer patches;
    auto& writer = patches.begin("log", mcp::patch_set);
    for (std::size_t i = 0; i < levels; ++i) writer.array(1);
    writer.null();
    return patches;
  };
  // The body, its list of patches and the patch itself take three levels.
  const auto deepest = core::encode_body(*plan, nested(197), {}, {}, nullptr);
  CHECK(core::decode_body(*plan, deepest).next.empty());
  CHECK(code_of([&] { (void)core::encode_body(*plan, nested(198), {}, {}, nullptr); }) ==
        errc::too_large);
}

}  // namespace
