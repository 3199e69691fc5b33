// The property that makes stored runs recoverable: the patches that reducers write, replayed
// without the reducers, give the state that the reducers made.

#include "core/checkpoint_codec.hpp"
#include "core/codec_fixture.hpp"
#include "core/replay.hpp"
#include "mcp/update.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace replayed_types {

enum class mood { calm, busy };
MCP_ENUM(mood, calm, busy)

struct board {
  int last = 1;
  double any = 0.5;
  std::vector<std::string> list{"from the start"};
  std::map<std::string, std::optional<int>> entries{{"default", 1}};
  std::unordered_map<std::string, std::vector<mood>> table{};
  std::set<std::string> names{"default"};
  std::int64_t total = 0;
  double weight = 0;
  int low = 100;
  int high = -100;
  std::vector<mcp::message> chat{{.id = "default", .role = "system", .content = "be kind"}};
  std::string flash{"-"};
  int secret = 5;
  std::set<std::string> arrived{};
  std::string path{};
};
MCP_STATE(board, last, (any, mcp::any_value), (list, mcp::append), (entries, mcp::merge),
          (table, mcp::merge), (names, mcp::merge), (total, mcp::sum), (weight, mcp::sum),
          (low, mcp::minimum), (high, mcp::maximum), (chat, mcp::add_messages),
          (flash, mcp::ephemeral), (secret, mcp::untracked),
          (arrived, mcp::barrier("left", "right")),
          (path, mcp::reduce_with([](std::string& current, std::string&& incoming) {
             current = (current + incoming).substr(0, 40);
           })))

}  // namespace replayed_types

namespace {

using namespace replayed_types;
namespace core = mcp::core;

std::uint64_t seed() {
  const char* given = std::getenv("MCP_TEST_SEED");
  const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260102;
  std::cout << "MCP_TEST_SEED=" << value << '\n';
  return value;
}

class random_writes {
 public:
  explicit random_writes(std::uint64_t start) : generator_(start) {}

  std::size_t below(std::size_t limit) { return generator_() % limit; }
  bool one_in(std::size_t many) { return below(many) == 0; }
  std::string word() {
    static const std::vector<std::string> words{"", "a", "b", "left", "\u4e2d", "x\ny", "default"};
    return words[below(words.size())];
  }
  double number() { return static_cast<double>(below(1'000'000)) / 7.0 - 70'000.0; }
  std::optional<int> maybe() {
    if (one_in(3)) return std::nullopt;
    return static_cast<int>(below(1000)) - 500;
  }
  mcp::message message(const board& state) {
    if (one_in(12)) return mcp::remove_all_messages();
    if (one_in(4) && !state.chat.empty()) {
      return mcp::remove_message(state.chat[below(state.chat.size())].id);
    }
    if (one_in(3) && !state.chat.empty()) {
      return {.id = state.chat[below(state.chat.size())].id, .role = "user", .content = word()};
    }
    return {.id = one_in(2) ? "id" + std::to_string(below(30)) : "",
            .role = "assistant",
            .content = word(),
            .tool_calls = {{.id = "c", .name = word(), .arguments = "{}"}}};
  }
  /// A change of one random field.
  mcp::update<board> change(const board& state) {
    mcp::update<board> result;
    switch (below(16)) {
      case 0:
        return result.set(&board::last, static_cast<int>(generator_()));
      case 1:
        return result.set(&board::any, number());
      case 2:
        return result.set(&board::list, {word(), word()});
      case 3:
        return result.set(&board::entries, {{word(), maybe()}, {word(), maybe()}});
      case 4:
        return result.set(&board::table, {{word(), {mood::busy, mood::calm}}, {word(), {}}});
      case 5:
        return result.set(&board::names, {word()});
      case 6:
        return result.set(&board::total,
                          static_cast<std::int64_t>(generator_() >> 20U) - (1LL << 43));
      case 7:
        return result.set(&board::weight, number());
      case 8:
        return result.set(&board::low, maybe().value_or(0)).set(&board::high, maybe().value_or(0));
      case 9:
      case 10:
        return result.append(&board::chat, message(state));
      case 11:
        return result.set(&board::flash, word());
      case 12:
        return result.set(&board::secret, static_cast<int>(below(9)));
      case 13:
        return result.set(&board::arrived, {one_in(2) ? "left" : "right"});
      case 14:
        return result.set(&board::path, word());
      default:
        return overwrite();
    }
  }

 private:
  mcp::update<board> overwrite() {
    mcp::update<board> result;
    switch (below(4)) {
      case 0:
        return result.overwrite(&board::list, {word()});
      case 1:
        return result.overwrite(&board::entries, {{word(), maybe()}});
      case 2:
        return result.overwrite(&board::chat, {{.id = "o", .role = "user", .content = word()}});
      default:
        return result.overwrite(&board::arrived, {});
    }
  }

  std::mt19937_64 generator_;
};

std::shared_ptr<const mcp::graph_plan> plan_of_board() {
  return mcp::graph<board>("board")
      .node("n", [](const board&) {})
      .entry_point("n")
      .compile()
      .plan();
}

/// One superstep of `count` writes, as a checkpoint body.
std::string superstep(board& state, const mcp::graph_plan& plan, random_writes& random,
                      std::size_t count) {
  const auto& type = mcp::state_type_of<board>::get();
  mcp::patch_writer patches;
  std::set<std::uint16_t> written;
  for (std::size_t i = 0; i < count; ++i) {
    for (auto& write : random.change(state).take()) {
      const auto& channel = type.at(write.channel);
      written.insert(write.channel);
      if (write.mode == mcp::write_mode::reduce) {
        channel.reduce(&state, std::move(write.content), &patches);
      } else {
        channel.assign(&state, std::move(write.content), &patches);
      }
    }
  }
  for (const auto index : type.expiring()) {
    if (!written.contains(index)) type.at(index).expire(&state, &patches);
  }
  return core::encode_body(plan, patches, {}, {}, nullptr);
}

/// Fields in which the rebuilt state differs; an untracked field must have its default.
std::vector<std::string> differing(const board& expected, const void* rebuilt) {
  const auto& type = mcp::state_type_of<board>::get();
  const board fresh;
  std::vector<std::string> fields;
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    const void* wanted =
        channel.at(static_cast<const void*>(channel.tracked() ? &expected : &fresh));
    if (!channel.type().equal(wanted, channel.at(rebuilt))) fields.push_back(channel.name());
  }
  return fields;
}

TEST_CASE("Replaying the patches of any series of writes gives the state the reducers made") {
  random_writes random{seed()};
  const auto plan = plan_of_board();
  const auto& type = mcp::state_type_of<board>::get();
  for (int series = 0; series < 300; ++series) {
    board state;
    mcp::stored_checkpoint stored;
    stored.info.id = {1000};
    const auto steps = 1 + random.below(20);
    for (std::size_t step = 0; step < steps; ++step) {
      stored.bodies.push_back(superstep(state, *plan, random, random.below(8)));
      if (!random.one_in(6)) continue;
      // A snapshot now and then: what came before it is no longer needed.
      stored.snapshot = core::encode_snapshot({type, new board(state)});
      stored.info.base = {500};
      stored.bodies.clear();
    }
    INFO("series " << series << " of " << steps << " supersteps");
    CHECK(differing(state, core::rebuild_state(type, stored).get()).empty());
  }
}

TEST_CASE("Bodies that begin with the defaults tell the whole state by themselves") {
  random_writes random{seed()};
  const auto plan = plan_of_board();
  const auto& type = mcp::state_type_of<board>::get();
  mcp::patch_writer defaults;
  core::write_defaults(type, defaults);
  CHECK(defaults.count() == 4);
  board state;
  std::vector<std::string> bodies{core::encode_body(*plan, defaults, {}, {}, nullptr)};
  for (int step = 0; step < 50; ++step) bodies.push_back(superstep(state, *plan, random, 3));
  // As a store does when it prunes: it knows no state type.
  const auto snapshot = core::replay({}, bodies);
  CHECK(differing(state, core::decode_snapshot(type, snapshot).get()).empty());
}

TEST_CASE("A field that a snapshot does not have yet starts from its default") {
  const auto& type = mcp::state_type_of<board>::get();
  const auto plan = plan_of_board();
  board state;
  mcp::patch_writer patches;
  const auto& list = type.at(static_cast<std::size_t>(type.find("list")));
  list.reduce(&state, mcp::value{std::vector<std::string>{"later"}}, &patches);
  mcp::stored_checkpoint stored;
  stored.info.id = {9};
  stored.info.base = {8};
  stored.snapshot = mcp::json_to_cbor(R"({"last":4})");
  stored.bodies = {core::encode_body(*plan, patches, {}, {}, nullptr)};
  const auto rebuilt = core::rebuild_state(type, stored);
  CHECK(rebuilt.as<board>().list == std::vector<std::string>{"from the start", "later"});
  CHECK(rebuilt.as<board>().last == 4);
}

}  // namespace
