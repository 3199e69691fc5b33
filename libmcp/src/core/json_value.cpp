#include "mcp/json.hpp"

#include <limits>

namespace mcp {
namespace {

using json = nlohmann::json;

void encode_at(cbor_writer& writer, const json& value, std::size_t depth) {
  if (depth > max_depth) {
    throw error{errc::too_large,
                "JSON nested deeper than " + std::to_string(max_depth) + " levels"};
  }
  switch (value.type()) {
    case json::value_t::null:
      return writer.null();
    case json::value_t::boolean:
      return writer.boolean(value.get<bool>());
    case json::value_t::number_integer:
      return writer.integer(value.get<std::int64_t>());
    case json::value_t::number_unsigned:
      return writer.unsigned_integer(value.get<std::uint64_t>());
    case json::value_t::number_float:
      return writer.real(value.get<double>());
    case json::value_t::string:
      return writer.text(value.get_ref<const std::string&>());
    case json::value_t::array:
      writer.array(value.size());
      for (const auto& item : value) encode_at(writer, item, depth + 1);
      return;
    case json::value_t::object:
      writer.map(value.size());
      for (const auto& [key, item] : value.items()) {
        writer.text(key);
        encode_at(writer, item, depth + 1);
      }
      return;
    case json::value_t::binary:
    case json::value_t::discarded:
      break;
  }
  throw error{errc::invalid_state, "a binary value is no JSON"};
}

json decode_number(cbor_reader& reader) {
  const auto bytes = reader.raw();
  cbor_reader again{bytes};
  constexpr unsigned char negative = 1U << 5U;  // the major type of negative integers
  if (static_cast<unsigned char>(bytes.front()) >= negative) return again.integer();
  const auto number = again.unsigned_integer();
  if (number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return static_cast<std::int64_t>(number);
  }
  return number;
}

json decode_from(cbor_reader& reader) {
  switch (reader.peek()) {
    case cbor_kind::null:
      static_cast<void>(reader.skip_null());
      return nullptr;
    case cbor_kind::boolean:
      return reader.boolean();
    case cbor_kind::integer:
      return decode_number(reader);
    case cbor_kind::real:
      return reader.real();
    case cbor_kind::text:
      return std::string{reader.text()};
    case cbor_kind::array: {
      auto result = json::array();
      const auto size = reader.array();
      for (std::size_t i = 0; i < size; ++i) {
        const cbor_reader::scope place{reader, i};
        result.push_back(decode_from(reader));
      }
      return result;
    }
    case cbor_kind::map: {
      auto result = json::object();
      const auto size = reader.map();
      for (std::size_t i = 0; i < size; ++i) {
        const auto key = reader.text();
        const cbor_reader::scope place{reader, key};
        result[std::string{key}] = decode_from(reader);
      }
      return result;
    }
    case cbor_kind::bytes:
    case cbor_kind::end:
      break;
  }
  reader.fail("a binary value is no JSON");
}

}  // namespace

void codec<json>::encode(cbor_writer& writer, const json& value) {
  encode_at(writer, value, 0);
}

void codec<json>::decode(cbor_reader& reader, json& value) {
  value = decode_from(reader);
}

}  // namespace mcp
