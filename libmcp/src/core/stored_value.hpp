#pragma once

#include "core/cbor_scan.hpp"
#include "mcp/error.hpp"
#include "mcp/policy.hpp"
#include "mcp/update.hpp"
#include "mcp/value.hpp"

#include <cstdint>
#include <map>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the codecs of checkpoints, journals and runs share.
namespace mcp::core {

/// Throws `corrupt_store`: `what` cannot be read, because of `why`.
[[noreturn]] void throw_damaged(const char* what, const std::string& why);

/// The finished bytes of `writer`. Throws `too_large` when they are nested so deeply that they
/// could not be read back.
[[nodiscard]] std::string take_stored(cbor_writer& writer, const char* what);

void write_value(cbor_writer& writer, const value& content);
void write_texts(cbor_writer& writer, const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> read_texts(cbor_reader& reader);

void write_counters(cbor_writer& writer, const std::map<std::string, std::int64_t>& counters);
[[nodiscard]] std::map<std::string, std::int64_t> read_counters(cbor_reader& reader);

/// Reads an array of exactly `size` items.
void expect_array(cbor_reader& reader, std::size_t size);

/// A send: `[node, input]`, or `[node, input, [run, idle]]` with limits of its own.
void write_send(cbor_writer& writer, std::string_view node, const value& input,
                const std::optional<timeout_policy>& timeout);
/// The head of a send; true when limits follow its node and input.
[[nodiscard]] bool read_send_head(cbor_reader& reader);
[[nodiscard]] timeout_policy read_timeout(cbor_reader& reader);

/// Calls `function(reader)` on stored bytes, which may be anything: what is wrong with them becomes
/// `corrupt_store`. Errors about the present graph (`unknown_node`, `newer_format`) pass.
template <class Function>
auto read_stored(const char* what, std::string_view bytes, Function&& function) {
  if (const char* wrong = scan_cbor(bytes)) throw_damaged(what, wrong);
  try {
    cbor_reader reader{bytes};
    return function(reader);
  } catch (const error& failure) {
    if (failure.code() == errc::unknown_node || failure.code() == errc::newer_format ||
        failure.code() == errc::corrupt_store) {
      throw;
    }
    throw_damaged(what, failure.message());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& failure) {  // a codec of the user's
    throw_damaged(what, failure.what());
  }
}

/// Calls `function(key)`, which reads the value, for each entry of a map.
template <class Function>
void read_entries(cbor_reader& reader, Function&& function) {
  const auto size = reader.map();
  for (std::size_t i = 0; i < size; ++i) {
    const auto key = reader.text();
    const cbor_reader::scope place{reader, key};
    function(key);
  }
}

/// Calls `function()`, which reads the item, for each item of an array.
template <class Function>
void read_items(cbor_reader& reader, Function&& function) {
  const auto size = reader.array();
  for (std::size_t i = 0; i < size; ++i) {
    const cbor_reader::scope place{reader, i};
    function();
  }
}

}  // namespace mcp::core
