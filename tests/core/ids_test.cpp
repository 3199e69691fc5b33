#include "core/ids.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <set>
#include <string>

namespace {

namespace core = mcp::core;
using mcp::checkpoint_id;

mcp::store_time at(std::int64_t milliseconds) {
  return mcp::store_time{std::chrono::milliseconds{milliseconds}};
}

// Expected values were computed by sha256sum over the bytes that docs/checkpoint-format.md names.
TEST_CASE("Task ids are the hash the format page describes") {
  CHECK(core::make_task_id({0x0102030405060708}, "", 3, "plan", -1) ==
        "2be6339d275fc99b0df02cd54ccc860b");
  CHECK(core::make_task_id({0x0102030405060708}, "sub:1", 3, "plan", 12) ==
        "66205f98d85455fe39c770df3e5bee43");
}

TEST_CASE("Interrupt ids are the hash the format page describes") {
  CHECK(core::make_interrupt_id("", "abc", 0) == "b8af5f9ffc0bf4a8d0b74df5180c7410");
}

TEST_CASE("A task's id depends on everything that identifies it") {
  const std::set<std::string> ids{
      core::make_task_id({1}, "", 0, "a", -1),  core::make_task_id({2}, "", 0, "a", -1),
      core::make_task_id({1}, "n", 0, "a", -1), core::make_task_id({1}, "", 1, "a", -1),
      core::make_task_id({1}, "", 0, "b", -1),  core::make_task_id({1}, "", 0, "a", 0),
      core::make_task_id({1}, "", 0, "a", 1)};
  CHECK(ids.size() == 7);
  CHECK(core::make_task_id({1}, "", 0, "a", -1) == core::make_task_id({1}, "", 0, "a", -1));
}

TEST_CASE("Interrupt ids tell namespaces, tasks and questions apart") {
  const std::set<std::string> ids{
      core::make_interrupt_id("", "t", 0), core::make_interrupt_id("", "t", 1),
      core::make_interrupt_id("", "u", 0), core::make_interrupt_id("n", "t", 0)};
  CHECK(ids.size() == 4);
}

TEST_CASE("Checkpoint ids grow, whatever the clock does") {
  checkpoint_id last{};
  for (const std::int64_t now : {1'000, 1'000, 1'001, 999, 0, 1'002}) {
    const auto next = core::next_checkpoint_id(last, at(now), 0xffffffff);
    CHECK(next > last);
    last = next;
  }
}

TEST_CASE("A checkpoint id carries its millisecond in the upper 44 bits") {
  const auto id = core::next_checkpoint_id({}, at(1'700'000'000'000), 0xffffffff);
  CHECK(id.value >> 20U == 1'700'000'000'000);
  // At least half a million ids of the same millisecond follow before the next one is touched.
  const auto later = core::next_checkpoint_id({id.value + 500'000}, at(1'700'000'000'000), 5);
  CHECK(later.value == id.value + 500'001);
  CHECK(later.value >> 20U == 1'700'000'000'000);
}

TEST_CASE("Checkpoint ids are read back from their text") {
  const checkpoint_id id{0x00ab'cdef'0123'4567};
  CHECK(id.text() == "00abcdef01234567");
  CHECK(checkpoint_id::parse(id.text()) == id);
  for (const char* text : {"", "0", "00abcdef0123456", "00abcdef012345678", "00abcdef0123456g",
                           "+0abcdef01234567", " 0abcdef01234567"}) {
    INFO(text);
    CHECK_FALSE(checkpoint_id::parse(text).has_value());
  }
}

TEST_CASE("Namespaces of nested subgraphs are joined by a bar") {
  const auto outer = core::child_namespace("", "write", "t1");
  CHECK(outer == "write:t1");
  CHECK(core::child_namespace(outer, "draft", "t2") == "write:t1|draft:t2");
}

TEST_CASE("Random ids have 32 hexadecimal digits") {
  CHECK(core::make_random_id(0, 1) == "00000000000000000000000000000001");
  CHECK(core::make_random_id(0xfedcba9876543210, ~0ULL) == "fedcba9876543210ffffffffffffffff");
}

}  // namespace
