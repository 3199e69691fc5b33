// Feeds the CBOR reader with arbitrary bytes: walking through them item by item must end in an
// mcp::error or at the end of the item, and skip() and the walk must agree on where that is.

#include "mcp/cbor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Reads one item by its kind, with all it holds.
void walk(mcp::cbor_reader& reader) {
  switch (reader.peek()) {
    case mcp::cbor_kind::integer:
      static_cast<void>(reader.real());
      return;
    case mcp::cbor_kind::real:
      static_cast<void>(reader.real());
      return;
    case mcp::cbor_kind::text:
      static_cast<void>(reader.text());
      return;
    case mcp::cbor_kind::boolean:
      static_cast<void>(reader.boolean());
      return;
    case mcp::cbor_kind::null:
      require(reader.skip_null());
      return;
    case mcp::cbor_kind::array: {
      const auto size = reader.array();
      for (std::size_t i = 0; i < size; ++i) {
        const mcp::cbor_reader::scope place{reader, i};
        walk(reader);
      }
      return;
    }
    case mcp::cbor_kind::map: {
      const auto size = reader.map();
      for (std::size_t i = 0; i < size; ++i) {
        const auto key = reader.text();
        const mcp::cbor_reader::scope place{reader, key};
        walk(reader);
      }
      return;
    }
    case mcp::cbor_kind::bytes:
      reader.skip();
      return;
    case mcp::cbor_kind::end:
      reader.fail("the end");
  }
}

/// Whatever is read as a number must be refused or be the same when it is written again.
void read_number(std::string_view bytes) {
  try {
    const auto number = mcp::cbor_reader{bytes}.integer();
    mcp::cbor_writer writer;
    writer.integer(number);
    require(mcp::cbor_reader{writer.bytes()}.integer() == number);
  } catch (const mcp::error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_number(bytes);
  try {
    // What became JSON is JSON. Keys that were not UTF-8 may come in another order the first time;
    // after that it stays the same.
    const auto json = mcp::cbor_to_json(mcp::json_to_cbor(mcp::cbor_to_json(bytes)));
    require(mcp::cbor_to_json(mcp::json_to_cbor(json)) == json);
  } catch (const mcp::error&) {
  }
  try {
    mcp::cbor_reader walker{bytes};
    walk(walker);
    mcp::cbor_reader skipper{bytes};
    skipper.skip();
    require(walker.at_end() == skipper.at_end());
  } catch (const mcp::error&) {
  }
  return 0;
}
