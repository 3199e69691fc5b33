#include "mcp/reducers.hpp"
#include "mcp/state_type.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace indexed_types {

struct talk {
  std::vector<mcp::message> chat{};
};
MCP_STATE(talk, (chat, mcp::add_messages))

}  // namespace indexed_types

namespace {

using indexed_types::talk;
using messages = std::vector<mcp::message>;

mcp::message said(const std::string& id, const std::string& content) {
  return {.id = id, .role = "user", .content = content};
}

/// What a node may write: messages with new and known ids and without, removals, all of it.
messages random_write(std::mt19937& random, const messages& now) {
  const auto below = [&random](std::size_t limit) { return random() % limit; };
  const auto known = [&] { return now[below(now.size())].id; };
  messages write;
  for (auto left = 1 + below(4); left > 0; --left) {
    const auto kind = below(40);
    const auto content = std::to_string(below(1000));
    if (kind == 0) {
      write.push_back(mcp::remove_all_messages());
      return write;  // the ids below may be gone
    }
    if (kind < 4 && !now.empty() && write.empty()) {
      write.push_back(mcp::remove_message(known()));
      return write;
    }
    if (kind < 12 && !now.empty()) {
      write.push_back(said(known(), content));
    } else if (kind < 16) {
      write.push_back(said("", content));
    } else {
      write.push_back(said("id-" + std::to_string(below(4000)), content));
    }
  }
  return write;
}

}  // namespace

TEST_CASE("A conversation with an index becomes what it becomes without one") {
  const char* given = std::getenv("MCP_TEST_SEED");
  const auto seed = given != nullptr ? std::stoul(given) : GENERATE(1UL, 2UL, 3UL);
  INFO("MCP_TEST_SEED=" << seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const auto& channel = mcp::state_type_of<talk>::get().at(0);
  REQUIRE(channel.by_id());
  talk plain;
  talk indexed;
  mcp::message_index ids;
  for (int step = 0; step < 3000; ++step) {
    INFO("step " << step);
    if (random() % 500 == 0) {
      const messages whole{said("id-1", "new"), said("twice", "a"), said("twice", "b")};
      channel.assign(&plain, mcp::value{messages{whole}}, nullptr);
      channel.assign(&indexed, mcp::value{messages{whole}}, {nullptr, &ids});
    } else {
      const auto write = random_write(random, plain.chat);
      channel.reduce(&plain, mcp::value{messages{write}}, nullptr);
      channel.reduce(&indexed, mcp::value{messages{write}}, {nullptr, &ids});
    }
    REQUIRE(plain.chat == indexed.chat);
  }
}

TEST_CASE("An index finds the last message of an id, and nothing of one that is not there") {
  messages all;
  for (int i = 0; i < 100; ++i) all.push_back(said("id-" + std::to_string(i), ""));
  all.push_back(said("id-7", "again"));
  mcp::message_index ids;
  for (int round = 0; round < 40; ++round) {  // walks at first, and then does not
    CHECK(ids.find(all, "id-7") == 100);
    CHECK(ids.find(all, "id-8") == 8);
    CHECK(ids.find(all, "none") == all.size());
  }
  all.push_back(said("none", ""));
  CHECK(ids.find(all, "none") == 101);
  all.clear();
  ids.forget();
  CHECK(ids.find(all, "id-8") == 0);
}
