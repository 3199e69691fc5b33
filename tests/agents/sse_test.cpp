#include "providers/sse.hpp"

#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using mcp::providers::sse_event;
using mcp::providers::sse_parser;

struct owned_event {
  std::string type{};
  std::string data{};
  std::string id{};
  friend bool operator==(const owned_event&, const owned_event&) = default;
};

std::ostream& operator<<(std::ostream& out, const owned_event& event) {
  return out << '{' << event.type << '|' << event.data << '|' << event.id << '}';
}

std::vector<owned_event> parse(const std::vector<std::string_view>& pieces) {
  sse_parser parser;
  std::vector<owned_event> events;
  for (const auto piece : pieces) {
    parser.feed(piece, [&](const sse_event& event) {
      events.push_back({std::string{event.type}, std::string{event.data}, std::string{event.id}});
    });
  }
  return events;
}

const std::vector<owned_event> expected{
    {"message", "first", ""},
    {"delta", "caf\xC3\xA9 \xF0\x9F\x98\x80", "7"},
    {"message", "line one\nline two\n", "7"},
    {"message", " two spaces", "7"},
    {"message", "", "7"},
};

std::string stream_with(std::string_view end) {
  std::string text =
      "\xEF\xBB\xBF"
      "data: first@@: a comment@event: delta@id: 7@"
      "data:caf\xC3\xA9 \xF0\x9F\x98\x80@@data: line one@data: line two@data@@"
      "event: unused@@data:  two spaces@unknown: field@retry: 1500@@data:@@"
      "data: cut off by the end@";
  std::string made;
  for (const char letter : text) {
    if (letter == '@') {
      made += end;
    } else {
      made += letter;
    }
  }
  return made;
}

std::uint64_t seed() {
  const char* given = std::getenv("MCP_TEST_SEED");
  const auto value = given != nullptr ? std::stoull(given) : std::random_device{}();
  std::cout << "MCP_TEST_SEED=" << value << '\n';
  return value;
}

}  // namespace

TEST_CASE("A stream of events gives the same events with every line end and every split") {
  for (const std::string_view end : {"\n", "\r\n", "\r"}) {
    const auto text = stream_with(end);
    const std::string_view view{text};
    CHECK(parse({view}) == expected);
    for (std::size_t cut = 0; cut <= view.size(); ++cut) {
      REQUIRE(parse({view.substr(0, cut), view.substr(cut)}) == expected);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < view.size(); ++i) bytes.push_back(view.substr(i, 1));
    CHECK(parse(bytes) == expected);
  }
}

TEST_CASE("A stream of events gives the same events with random pieces") {
  std::mt19937_64 random{seed()};
  const auto text = stream_with("\r\n");
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string_view> pieces;
    std::string_view rest{text};
    while (!rest.empty()) {
      const auto size = std::min<std::size_t>(rest.size(), random() % 12);
      pieces.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    REQUIRE(parse(pieces) == expected);
  }
}

TEST_CASE("A stream of events says when to connect again, and ignores what is no number") {
  sse_parser parser;
  parser.feed("retry: 1500\nretry: soon\nretry: -1\n\n", [](const sse_event&) { FAIL(); });
  CHECK(parser.reconnect_after() == std::chrono::milliseconds{1500});
}

TEST_CASE("An id with a null character is ignored") {
  using namespace std::string_view_literals;
  CHECK(parse({"id: 1\nid: a\0b\ndata: x\n\n"sv}) ==
        std::vector<owned_event>{{"message", "x", "1"}});
}

TEST_CASE("A stream's place is the id of the last event that ended, with data or without") {
  sse_parser parser;
  const auto feed = [&parser](std::string_view bytes) {
    parser.feed(bytes, [](const sse_event&) {});
    return parser.last_id();
  };
  CHECK_FALSE(feed("data: x\n\n"));
  CHECK_FALSE(feed("id: 1\n"));
  CHECK(feed("\n") == "1");
  CHECK(feed("id: 2\ndata: x\n") == "1");
  CHECK(feed("\ndata: y\n\n") == "2");
  CHECK(feed("id\n\n") == "");
}

TEST_CASE("An event that outgrows the limit is refused, in one line or in many") {
  const auto ignore = [](const sse_event&) {};
  for (const std::string line : {"data: 0123456789", "data: 0123456789\n"}) {
    sse_parser parser{64};
    std::size_t fed = 0;
    try {
      for (; fed < 100; ++fed) parser.feed(line, ignore);
      FAIL("the limit was not kept");
    } catch (const mcp::error& failure) {
      CHECK(failure.code() == mcp::errc::too_large);
      CHECK(fed <= 6);
    }
  }
  sse_parser parser{64};
  for (int i = 0; i < 100; ++i) parser.feed("data: 0123456789\n\n", ignore);  // each is small
}
