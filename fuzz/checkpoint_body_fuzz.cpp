// Feeds every decoder of stored bytes with arbitrary ones. A decoder may only throw what its header
// names; what it accepts must be the same after it is written and read again.

#include "core/checkpoint_codec.hpp"
#include "mcp/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fuzzed {

struct job {
  int n = 0;
  std::vector<job> m{};
};
MCP_STRUCT(job, n, m)

struct state {
  int n = 0;
  std::vector<std::string> l{};
};
MCP_STATE(state, n, (l, mcp::append))

void nothing(const state&) {}

std::shared_ptr<const mcp::graph_plan> make_plan() {
  const auto work = [](const job&) { return mcp::update<state>{}; };
  return mcp::graph<state>("g")
      .node("a", nothing, {.destinations = {"w"}})
      .node("b", nothing)
      .node("c", nothing)
      .node("t", nothing)
      .node("w", work)
      .entry_point("a")
      .entry_point("b")
      .entry_point("c")
      .join({"a", "b"}, "t")
      .join({"a", "c"}, "t")
      .compile()
      .plan();
}

}  // namespace fuzzed

namespace {

namespace core = mcp::core;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Calls `function`; anything but the errors of damaged bytes ends the fuzzer.
template <class Function>
void attempt(Function&& function) {
  try {
    function();
  } catch (const mcp::error& failure) {
    require(failure.code() == mcp::errc::corrupt_store ||
            failure.code() == mcp::errc::newer_format || failure.code() == mcp::errc::unknown_node);
  }
}

void check_body(const mcp::graph_plan& plan, std::string_view bytes) {
  const auto read = core::decode_body(plan, bytes);
  const auto written = core::encode_body(plan, {}, read.next, {}, &read.usage);
  const auto again = core::decode_body(plan, written);
  require(again.next.triggered == read.next.triggered);
  require(again.next.joins == read.next.joins);
  require(again.next.deferred == read.next.deferred);
  require(again.next.sends.size() == read.next.sends.size());
  require(again.usage == read.usage);
  require(core::encode_body(plan, {}, again.next, {}, &again.usage) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto plan = fuzzed::make_plan();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  attempt([&] { check_body(*plan, bytes); });
  attempt([&] { static_cast<void>(core::next_nodes(bytes)); });
  attempt([&] {
    const auto result = core::decode_result(*plan, bytes, plan.get());
    const auto written = core::encode_result(*plan, result);
    require(core::encode_result(*plan, core::decode_result(*plan, written, plan.get())) == written);
    static_cast<void>(core::writes_to_json(*plan->state, result.writes));
  });
  attempt([&] {
    const auto written = core::encode_snapshot(core::decode_snapshot(*plan->state, bytes));
    require(core::encode_snapshot(core::decode_snapshot(*plan->state, written)) == written);
  });
  attempt([&] {
    // Keys of a question that were not UTF-8 may come in another order the first time.
    const auto [raw, task] = core::decode_interrupt("key", bytes);
    const auto asked = core::decode_interrupt("key", core::encode_interrupt(raw, task)).first;
    require(core::decode_interrupt("key", core::encode_interrupt(asked, task)).first == asked);
  });
  attempt([&] {
    const auto failure = core::decode_failure(bytes);
    require(core::decode_failure(core::encode_failure(failure.first, failure.second)) == failure);
  });
  attempt([&] {
    const auto written = core::encode_options(core::decode_options(bytes));
    require(core::encode_options(core::decode_options(written)) == written);
  });
  attempt([&] {
    mcp::stored_checkpoint stored;
    stored.info.id = {1};
    stored.bodies = {std::string{bytes}};
    static_cast<void>(core::rebuild_state(*plan->state, stored));
  });
  return 0;
}
