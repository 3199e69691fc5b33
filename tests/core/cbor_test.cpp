#include "mcp/cbor.hpp"

#include "core/codec_fixture.hpp"
#include "support/catch.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using codec_fixture::code_of;
using codec_fixture::from_hex;
using codec_fixture::to_hex;
using mcp::cbor_kind;
using mcp::cbor_reader;
using mcp::cbor_writer;
using mcp::errc;

template <class Function>
std::string written(Function&& function) {
  cbor_writer writer;
  function(writer);
  return to_hex(writer.bytes());
}

TEST_CASE("Integers take the shortest form") {
  const std::vector<std::pair<std::int64_t, std::string>> forms{
      {0, "00"},
      {23, "17"},
      {24, "1818"},
      {255, "18ff"},
      {256, "190100"},
      {65'535, "19ffff"},
      {65'536, "1a00010000"},
      {4'294'967'295, "1affffffff"},
      {4'294'967'296, "1b0000000100000000"},
      {-1, "20"},
      {-24, "37"},
      {-25, "3818"},
      {-257, "390100"},
      {std::numeric_limits<std::int64_t>::max(), "1b7fffffffffffffff"},
      {std::numeric_limits<std::int64_t>::min(), "3b7fffffffffffffff"}};
  for (const auto& [number, hex] : forms) {
    CHECK(written([n = number](auto& w) { w.integer(n); }) == hex);
    const auto bytes = from_hex(hex);
    CHECK(cbor_reader{bytes}.integer() == number);
  }
  CHECK(written([](auto& w) { w.unsigned_integer(~std::uint64_t{0}); }) == "1bffffffffffffffff");
  const auto largest = from_hex("1bffffffffffffffff");
  CHECK(cbor_reader{largest}.unsigned_integer() == ~std::uint64_t{0});
  CHECK(code_of([&] { (void)cbor_reader{largest}.integer(); }) == errc::invalid_state);
}

TEST_CASE("Simple values, texts and containers have their fixed bytes") {
  CHECK(written([](auto& w) { w.null(); }) == "f6");
  CHECK(written([](auto& w) { w.boolean(true); }) == "f5");
  CHECK(written([](auto& w) { w.boolean(false); }) == "f4");
  CHECK(written([](auto& w) { w.real(-2.5); }) == "fbc004000000000000");
  CHECK(written([](auto& w) { w.text(""); }) == "60");
  CHECK(written([](auto& w) { w.text("\u00e9"); }) == "62c3a9");
  CHECK(written([](auto& w) { w.text(std::string(300, 'a')); }).substr(0, 8) == "79012c61");
  CHECK(written([](auto& w) {
          w.map(1);
          w.text("k");
          w.array(2);
          w.integer(7);
          w.raw(from_hex("f6"));
        }) == "a1616b8207f6");
}

TEST_CASE("Floats of every width are read, and so are integers where a float is wanted") {
  const std::vector<std::pair<std::string, double>> forms{
      {"f90000", 0.0},
      {"f93e00", 1.5},
      {"f9c400", -4.0},
      {"f90001", std::ldexp(1.0, -24)},
      {"f97bff", 65'504.0},
      {"f97c00", std::numeric_limits<double>::infinity()},
      {"f9fc00", -std::numeric_limits<double>::infinity()},
      {"fa47c35000", 100'000.0},
      {"fb3ff3333333333333", 1.2},
      {"1903e8", 1000.0},
      {"3863", -100.0},
      {"1bffffffffffffffff", 18'446'744'073'709'551'615.0}};
  for (const auto& [hex, number] : forms) {
    INFO(hex);
    const auto bytes = from_hex(hex);
    CHECK(cbor_reader{bytes}.real() == number);
  }
  for (const char* hex : {"f97e00", "fa7fc00000", "fb7ff8000000000000"}) {
    const auto bytes = from_hex(hex);
    CHECK(std::isnan(cbor_reader{bytes}.real()));
  }
}

TEST_CASE("A whole float is an integer where one is wanted, another float is not") {
  const auto read = [](const char* hex) {
    const auto bytes = from_hex(hex);
    return cbor_reader{bytes}.integer();
  };
  CHECK(read("f94900") == 10);
  CHECK(read("fb4340000000000000") == 9'007'199'254'740'992);
  for (const char* hex : {"f93e00", "f97e00", "f97c00", "fb4350000000000000"}) {
    INFO(hex);
    CHECK(code_of([&] { (void)read(hex); }) == errc::invalid_state);
  }
}

TEST_CASE("Every kind is told by its first byte") {
  const std::vector<std::pair<std::string, cbor_kind>> kinds{
      {"00", cbor_kind::integer},  {"20", cbor_kind::integer}, {"40", cbor_kind::bytes},
      {"60", cbor_kind::text},     {"80", cbor_kind::array},   {"a0", cbor_kind::map},
      {"f4", cbor_kind::boolean},  {"f6", cbor_kind::null},    {"f7", cbor_kind::null},
      {"f90000", cbor_kind::real}, {"", cbor_kind::end}};
  for (const auto& [hex, kind] : kinds) {
    const auto bytes = from_hex(hex);
    INFO(hex);
    CHECK(cbor_reader{bytes}.peek() == kind);
    CHECK_FALSE(mcp::name(kind).empty());
  }
  for (const char* hex : {"c0", "d81e", "e0", "f0", "f8ff", "ff"}) {
    const auto bytes = from_hex(hex);
    INFO(hex);
    CHECK(code_of([&] { (void)cbor_reader{bytes}.peek(); }) == errc::malformed_cbor);
  }
}

/// {"a": [1, -2, 3.5, null, true], "b": {"c": "text"}}
std::string sample() {
  return from_hex("a26161850121f94300f6f56162a161636474657874");
}

TEST_CASE("A value cut off at any byte is malformed") {
  const auto bytes = sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = bytes.substr(0, size);
    INFO("the first " << size << " bytes");
    CHECK(code_of([&] { cbor_reader{part}.skip(); }) == errc::malformed_cbor);
    CHECK(code_of([&] { (void)mcp::cbor_to_json(part); }) == errc::malformed_cbor);
  }
  CHECK(mcp::cbor_to_json(bytes) == R"({"a":[1,-2,3.5,null,true],"b":{"c":"text"}})");
  CHECK(code_of([&] { (void)mcp::cbor_to_json(bytes + "\x01"); }) == errc::malformed_cbor);
}

TEST_CASE("A length that promises more than the data is refused before anything is reserved") {
  const std::vector<std::string> liars{"7affffffff61",
                                       "7bffffffffffffffff61",
                                       "9affffffff01",
                                       "9bffffffffffffffff01",
                                       "bb7fffffffffffffff6100",
                                       "bbffffffffffffffff",
                                       "9b8000000000000000",
                                       "8201",
                                       "a26100"};
  for (const auto& hex : liars) {
    const auto bytes = from_hex(hex);
    INFO(hex);
    CHECK(code_of([&] { cbor_reader{bytes}.skip(); }) == errc::malformed_cbor);
    CHECK(code_of([&] { (void)mcp::cbor_to_json(bytes); }) == errc::malformed_cbor);
    CHECK(code_of([&] { (void)mcp::from_cbor<std::vector<std::string>>(bytes); }).has_value());
  }
}

TEST_CASE("Indefinite lengths, tags and reserved heads are refused") {
  for (const char* hex : {"9f01ff", "bf616101ff", "7f6161ff", "c100", "1c", "3d", "5e", "fc"}) {
    const auto bytes = from_hex(hex);
    INFO(hex);
    CHECK(code_of([&] { cbor_reader{bytes}.skip(); }) == errc::malformed_cbor);
  }
}

TEST_CASE("Values are read 200 levels deep and no deeper") {
  const auto nested = [](std::size_t levels) {
    cbor_writer writer;
    for (std::size_t i = 0; i < levels; ++i) writer.array(1);
    writer.null();
    return writer.take();
  };
  CHECK_NOTHROW(cbor_reader{nested(200)}.skip());
  CHECK(mcp::json_to_cbor(mcp::cbor_to_json(nested(200))) == nested(200));
  const auto deep = nested(201);
  CHECK(code_of([&] { cbor_reader{deep}.skip(); }) == errc::malformed_cbor);
  CHECK(code_of([&] { (void)mcp::cbor_to_json(nested(100'000)); }) == errc::malformed_cbor);
  const std::string json = std::string(201, '[') + std::string(201, ']');
  CHECK(code_of([&] { (void)mcp::json_to_cbor(json); }) == errc::too_large);
  CHECK(code_of([&] { (void)mcp::json_to_cbor(std::string(1'000'000, '[')); }) == errc::too_large);
}

TEST_CASE("What is written nlohmann reads, and the other way round") {
  cbor_writer writer;
  writer.map(3);
  writer.text("numbers");
  writer.array(4);
  writer.integer(-300);
  writer.unsigned_integer(70'000);
  writer.real(0.1);
  writer.boolean(false);
  writer.text("text");
  writer.text("\u4e2d\u6587");
  writer.text("nothing");
  writer.null();
  const nlohmann::json expected{
      {"numbers", {-300, 70'000, 0.1, false}}, {"text", "\u4e2d\u6587"}, {"nothing", nullptr}};
  CHECK(nlohmann::json::from_cbor(writer.bytes()) == expected);
  std::string theirs;
  nlohmann::json::to_cbor(expected, theirs);
  CHECK(nlohmann::json::parse(mcp::cbor_to_json(theirs)) == expected);
  CHECK_NOTHROW(cbor_reader{theirs}.skip());
}

TEST_CASE("A reader says where it is as a JSON pointer") {
  const auto bytes = sample();
  cbor_reader reader{bytes};
  const cbor_reader::scope a{reader, "a/b~c"};
  const cbor_reader::scope index{reader, 3};
  CHECK(reader.place() == "/a~1b~0c/3");
  try {
    (void)reader.text();
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.message() == "at /a~1b~0c/3: expected a string, found an object");
  }
}

TEST_CASE("An error shows the value that was found, shortened between characters") {
  cbor_writer writer;
  writer.text(std::string(39, 'x') + "\u4e2d\u6587");
  try {
    (void)cbor_reader{writer.bytes()}.integer();
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK(failure.message() ==
          "the value: expected an integer, found a string \"" + std::string(39, 'x') + "...\"");
  }
}

TEST_CASE("A raw item is passed with all it holds") {
  const auto bytes = sample();
  cbor_reader reader{bytes};
  CHECK(reader.map() == 2);
  CHECK(reader.text() == "a");
  CHECK(to_hex(reader.raw()) == "850121f94300f6f5");
  CHECK(reader.text() == "b");
  reader.skip();
  CHECK(reader.at_end());
}

TEST_CASE("JSON text that is no JSON is refused with its place") {
  for (const char* text :
       {"", "{", "[1,]", "{\"a\":}", "nul", "1e400", "-1e999", "\"\xff\"", "1 2"}) {
    INFO(text);
    CHECK(code_of([&] { (void)mcp::json_to_cbor(text); }) == errc::malformed_json);
  }
  try {
    (void)mcp::json_to_cbor("{\n  \"a\": x\n}");
    FAIL("nothing was thrown");
  } catch (const mcp::error& failure) {
    CHECK_THAT(failure.message(), Catch::Matchers::Contains("line 2, column 8"));
  }
}

TEST_CASE("A key that stands twice in an object of JSON is refused with its place") {
  const auto message_of = [](const char* text) -> std::string {
    try {
      (void)mcp::json_to_cbor(text);
    } catch (const mcp::error& failure) {
      CHECK(failure.code() == errc::malformed_json);
      return failure.message();
    }
    return "accepted";
  };
  CHECK(message_of(R"({"n": 1, "n": 2})") == R"(key "n" stands twice in the object at "")");
  CHECK(message_of(R"({"a": [1, [2, {"x": 1}], {"b": {"c": 1, "d": [], "c": {}}}], "a": 1})") ==
        R"(key "c" stands twice in the object at "/a/2/b")");
  CHECK(message_of(R"([{}, {"\u0061": {"b": 1}, "a": 2}])") ==
        R"(key "a" stands twice in the object at "/1")");
  CHECK(message_of(R"({"a": {"a": {"a": [{"a": 1}, {"a": 1}]}}, "b": {"a": 1}})") == "accepted");
}

TEST_CASE("Bytes that are not UTF-8 are replaced in JSON") {
  cbor_writer writer;
  writer.text(
      "a\xff"
      "b");
  CHECK(mcp::cbor_to_json(writer.bytes()) ==
        "\"a\xef\xbf\xbd"
        "b\"");
}

}  // namespace
