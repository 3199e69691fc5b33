#include "core/stored_value.hpp"

namespace mcp::core {

void throw_damaged(const char* what, const std::string& why) {
  throw error{errc::corrupt_store, std::string{what} + " cannot be read: " + why};
}

std::string take_stored(cbor_writer& writer, const char* what) {
  // A level takes a byte at least: most bodies are too short to be too deep.
  if (writer.bytes().size() <= max_depth) return writer.take();
  cbor_reader check{writer.bytes()};
  try {
    check.skip();  // our own bytes: only their depth can be wrong
  } catch (const error&) {
    throw error{errc::too_large, std::string{what} + " is nested deeper than " +
                                     std::to_string(max_depth) + " levels and cannot be stored"};
  }
  return writer.take();
}

void write_value(cbor_writer& writer, const value& content) {
  if (content.has_value()) {
    content.type()->encode(writer, content.get());
  } else {
    writer.null();
  }
}

void write_texts(cbor_writer& writer, const std::vector<std::string>& texts) {
  writer.array(texts.size());
  for (const auto& text : texts) writer.text(text);
}

std::vector<std::string> read_texts(cbor_reader& reader) {
  std::vector<std::string> texts;
  read_items(reader, [&] { texts.emplace_back(reader.text()); });
  return texts;
}

void write_counters(cbor_writer& writer, const std::map<std::string, std::int64_t>& counters) {
  writer.map(counters.size());
  for (const auto& [name, count] : counters) {
    writer.text(name);
    writer.integer(count);
  }
}

std::map<std::string, std::int64_t> read_counters(cbor_reader& reader) {
  std::map<std::string, std::int64_t> counters;
  read_entries(reader,
               [&](std::string_view key) { counters[std::string{key}] = reader.integer(); });
  return counters;
}

void expect_array(cbor_reader& reader, std::size_t size) {
  const auto found = reader.array();
  if (found != size) {
    reader.fail("expected " + std::to_string(size) + " items, found " + std::to_string(found));
  }
}

void write_send(cbor_writer& writer, std::string_view node, const value& input,
                const std::optional<timeout_policy>& timeout) {
  writer.array(timeout ? 3 : 2);
  writer.text(node);
  write_value(writer, input);
  if (!timeout) return;
  writer.array(2);
  writer.integer(timeout->run.count());
  writer.integer(timeout->idle.count());
}

bool read_send_head(cbor_reader& reader) {
  const auto size = reader.array();
  if (size != 2 && size != 3) reader.fail("expected a node, its input and perhaps limits");
  return size == 3;
}

timeout_policy read_timeout(cbor_reader& reader) {
  expect_array(reader, 2);
  timeout_policy limits;
  limits.run = milliseconds{reader.integer()};
  limits.idle = milliseconds{reader.integer()};
  return limits;
}

}  // namespace mcp::core
