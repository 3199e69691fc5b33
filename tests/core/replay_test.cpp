#include "core/replay.hpp"

#include "core/cbor_scan.hpp"
#include "mcp/error.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

std::string cbor(const json& value) {
  std::string result;
  json::to_cbor(value, result);
  return result;
}

std::string body(const json& patches) {
  return cbor({{"v", 1}, {"p", patches}});
}

json rebuilt(const json& snapshot, const std::vector<json>& bodies) {
  std::vector<std::string> bytes;
  for (const auto& patches : bodies) bytes.push_back(body(patches));
  const std::string start = snapshot.is_null() ? std::string{} : cbor(snapshot);
  return json::from_cbor(mcp::core::replay(start, bytes));
}

mcp::errc code_of(const std::string& snapshot, const std::vector<std::string>& bodies) {
  try {
    (void)mcp::core::replay(snapshot, bodies);
  } catch (const mcp::error& failure) {
    return failure.code();
  }
  FAIL("nothing was thrown");
  return {};
}

std::uint64_t seed() {
  const char* given = std::getenv("MCP_TEST_SEED");
  const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10) : 20260101;
  std::cout << "MCP_TEST_SEED=" << value << '\n';
  return value;
}

json edit(std::size_t index, const json& message) {
  return json::array({index, message});
}
json removal(std::size_t index) {
  return json::array({index});
}

}  // namespace

TEST_CASE("Nothing replayed on nothing is the empty state") {
  CHECK(rebuilt(nullptr, {}) == json::object());
}

TEST_CASE("A snapshot without bodies is returned with the same content") {
  const json state{{"a", 1}, {"b", {1.5, "x", nullptr, true}}};
  CHECK(rebuilt(state, {}) == state);
}

TEST_CASE("Set replaces the whole value and keeps its type") {
  CHECK(rebuilt({{"a", 1}}, {json::array({json::array({"a", 0, {{"k", -3}}})})}) ==
        json{{"a", {{"k", -3}}}});
  CHECK(rebuilt(nullptr, {json::array({json::array({"a", 0, nullptr})})}) == json{{"a", nullptr}});
}

TEST_CASE("Append adds at the end of a list, of nothing and of null") {
  const json patch = json::array({json::array({"l", 1, {2, 3}})});
  CHECK(rebuilt({{"l", {1}}}, {patch, patch}) == json{{"l", {1, 2, 3, 2, 3}}});
  CHECK(rebuilt(nullptr, {patch}) == json{{"l", {2, 3}}});
  CHECK(rebuilt({{"l", nullptr}}, {patch}) == json{{"l", {2, 3}}});
}

TEST_CASE("Merge sets entries and removes those that are null") {
  const json patch = json::array({json::array({"m", 2, {{"a", nullptr}, {"b", 2}, {"c", {1}}}})});
  CHECK(rebuilt({{"m", {{"a", 1}, {"b", 1}, {"z", 0}}}}, {patch}) ==
        json{{"m", {{"b", 2}, {"c", {1}}, {"z", 0}}}});
  CHECK(rebuilt(nullptr, {patch}) == json{{"m", {{"b", 2}, {"c", {1}}}}});
}

TEST_CASE("Message edits replace, append, remove and clear in order") {
  const json edits = json::array({edit(0, "A"), edit(2, "c"), removal(1), edit(2, "d")});
  CHECK(rebuilt({{"m", {"a", "b"}}}, {json::array({json::array({"m", 3, edits})})}) ==
        json{{"m", {"A", "c", "d"}}});
  const json cleared = json::array({json::array(), edit(0, "x")});
  CHECK(rebuilt({{"m", {"a", "b"}}}, {json::array({json::array({"m", 3, cleared})})}) ==
        json{{"m", {"x"}}});
}

TEST_CASE("Operations of different kinds on one field are applied in the order they were made") {
  const json patches = json::array({
      json::array({"m", 1, {"a", "b", "c"}}),
      json::array({"m", 3, {removal(0)}}),
      json::array({"m", 1, {"d"}}),
      json::array({"m", 3, {removal(1), edit(2, "e")}}),
  });
  CHECK(rebuilt(nullptr, {patches}) == json{{"m", {"b", "d", "e"}}});
  const json reset =
      json::array({json::array({"m", 0, {"z"}}), json::array({"m", 3, {edit(1, 1)}})});
  CHECK(rebuilt(nullptr, {patches, reset}) == json{{"m", {"z", 1}}});
}

TEST_CASE("Random message edits agree with a plain list") {
  std::mt19937_64 random(seed());
  std::vector<int> expected;
  std::vector<json> bodies;
  for (int step = 0; step < 300; ++step) {
    json edits = json::array();
    for (int i = 0; i < 8; ++i) {
      const auto choice = random() % 100;
      const int value = static_cast<int>(random() % 1000);
      const std::size_t at = random() % (expected.size() + 1);
      if (choice == 0) {
        expected.clear();
        edits.push_back(json::array());
      } else if (choice < 40 && at < expected.size()) {
        expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at));
        edits.push_back(removal(at));
      } else if (choice < 60 && at < expected.size()) {
        expected[at] = value;
        edits.push_back(edit(at, value));
      } else {
        edits.push_back(edit(expected.size(), value));
        expected.push_back(value);
      }
    }
    bodies.push_back(json::array({json::array({"m", 3, edits})}));
    if (step % 50 == 49) REQUIRE(rebuilt(nullptr, bodies) == json{{"m", expected}});
  }
}

TEST_CASE("A long list that is taken apart from its front is rebuilt without shifting it") {
  // 200,000 removals of the first of up to 200,000 elements: with a shift each, this takes minutes.
  constexpr std::size_t count = 200'000;
  json appended = json::array();
  json removals = json::array();
  for (std::size_t i = 0; i < count; ++i) {
    appended.push_back(i);
    if (i + 1 < count) removals.push_back(removal(0));
  }
  const std::vector<json> bodies{json::array({json::array({"m", 1, appended})}),
                                 json::array({json::array({"m", 3, removals})})};
  CHECK(rebuilt(nullptr, bodies) == json{{"m", {count - 1}}});
}

TEST_CASE("A body of a later format version is refused with newer_format") {
  CHECK(code_of({}, {cbor({{"v", 2}})}) == mcp::errc::newer_format);
}

TEST_CASE("Damaged bytes are refused with corrupt_store") {
  const std::vector<json> wrong{
      json::array(),
      json::object(),
      {{"v", 0}},
      {{"v", "1"}},
      {{"v", 1}, {"p", 1}},
      {{"v", 1}, {"p", {1}}},
      {{"v", 1}, {"p", {{"a", 0}}}},
      {{"v", 1}, {"p", {{1, 0, 0}}}},
      {{"v", 1}, {"p", {{"a", 4, 0}}}},
      {{"v", 1}, {"p", {{"a", -1, 0}}}},
      {{"v", 1}, {"p", {{"a", 1, 0}}}},
      {{"v", 1}, {"p", {{"n", 1, json::array({1})}}}},
      {{"v", 1}, {"p", {{"a", 2, 0}}}},
      {{"v", 1}, {"p", {{"n", 2, json::object()}}}},
      {{"v", 1}, {"p", {{"a", 3, 0}}}},
      {{"v", 1}, {"p", {{"n", 3, json::array()}}}},
      {{"v", 1}, {"p", {{"a", 3, json::array({1})}}}},
      {{"v", 1}, {"p", {{"a", 3, json::array({removal(0)})}}}},
      {{"v", 1}, {"p", {{"a", 3, json::array({edit(1, 0)})}}}},
      {{"v", 1}, {"p", {{"a", 3, json::array({json::array({0, 1, 2})})}}}},
      {{"v", 1}, {"p", {{"a", 3, json::array({json::array({"0"})})}}}},
  };
  const std::string start = cbor({{"n", 7}});
  for (const auto& one : wrong) {
    INFO(one.dump());
    CHECK(code_of(start, {cbor(one)}) == mcp::errc::corrupt_store);
  }
  CHECK(code_of(cbor(json::array()), {}) == mcp::errc::corrupt_store);
  CHECK(code_of({}, {std::string{}}) == mcp::errc::corrupt_store);
}

TEST_CASE("The scan accepts what the format allows and names what it does not") {
  using mcp::core::scan_cbor;
  const auto bytes = [](std::initializer_list<int> values) {
    std::string result;
    for (const int value : values) result.push_back(static_cast<char>(value));
    return result;
  };
  CHECK(scan_cbor(bytes({0xA0})) == nullptr);
  CHECK(scan_cbor(bytes({0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})) == nullptr);
  CHECK(scan_cbor(bytes({0xF9, 0x7E, 0x00})) == nullptr);
  CHECK(scan_cbor(bytes({0x3B, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})) == nullptr);
  const std::vector<std::string> refused{
      {},                                                                   // nothing
      bytes({0x18}),                                                        // half a number
      bytes({0x9F, 0xFF}),                                                  // indefinite array
      bytes({0xC0, 0x00}),                                                  // tag
      bytes({0xA1, 0x00, 0x00}),                                            // number as key
      bytes({0xA1, 0x61, 0x61}),                                            // key without a value
      bytes({0x00, 0x00}),                                                  // two values
      bytes({0xF7}),                                                        // undefined
      bytes({0xFF}),                                                        // break
      bytes({0x62, 0x61}),                                                  // short text
      bytes({0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),        // huge array
      bytes({0xBB, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}),  // huge map
      bytes({0x3B, 0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}),        // below int64
  };
  for (const auto& one : refused) CHECK(scan_cbor(one) != nullptr);
}

TEST_CASE("Nesting of 200 levels is read and 201 levels are refused") {
  const auto nested = [](std::size_t levels) { return std::string(levels, '\x81') + '\x00'; };
  CHECK(mcp::core::scan_cbor(nested(200)) == nullptr);
  CHECK(mcp::core::scan_cbor(nested(201)) != nullptr);
  CHECK(code_of({}, {nested(1'000'000)}) == mcp::errc::corrupt_store);
}

TEST_CASE("Random damage to a body is an error or a state, never anything else") {
  std::mt19937_64 random(seed());
  const json patches = json::array({json::array({"a", 1, {1, "two", 3.5}}),
                                    json::array({"b", 2, {{"x", {1}}, {"y", nullptr}}}),
                                    json::array({"c", 3, json::array({edit(0, "m")})})});
  const std::string good = body(patches);
  for (int i = 0; i < 20'000; ++i) {
    std::string bad = good;
    const auto flips = 1 + random() % 3;
    for (std::uint64_t k = 0; k < flips; ++k) {
      bad[random() % bad.size()] ^= static_cast<char>(1U << (random() % 8));
    }
    if (random() % 4 == 0) bad.resize(random() % bad.size());
    try {
      (void)mcp::core::replay({}, std::vector<std::string>{bad});
    } catch (const mcp::error& failure) {
      const auto code = failure.code();
      REQUIRE((code == mcp::errc::corrupt_store || code == mcp::errc::newer_format));
    }
  }
}
