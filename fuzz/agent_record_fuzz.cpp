// Feeds the decoders of what agents leave in the store. A decoder may only throw an mcp::error;
// what it accepts is the same after it is written and read again.

#include "core/agent_record.hpp"
#include "fuzzed.hpp"
#include "mcp/describe.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace core = mcp::core;

struct ledger {
  std::int64_t balance = 0;
  std::vector<std::string> log{};
};
MCP_STATE(ledger, balance, log)

struct deposit {
  std::int64_t amount = 0;
  std::string why{};
};
MCP_STRUCT(deposit, amount, why)

mcp::agent_spec make_spec() {
  mcp::agent_spec spec;
  spec.type = "account";
  spec.state = &mcp::value_type_of<ledger>;
  spec.handlers.push_back({.name = "deposit", .message = &mcp::value_type_of<deposit>});
  return spec;
}

void read_state(std::string_view bytes) {
  mcp::value state{ledger{}};
  const auto handled = core::decode_agent_state(bytes, state);
  const auto written = core::encode_agent_state(handled, state);
  mcp::value again{ledger{}};
  fuzzed::require(core::decode_agent_state(written, again) == handled);
  fuzzed::require(core::encode_agent_state(handled, again) == written);
}

void read_mail(const mcp::agent_spec& spec, std::string_view bytes) {
  const auto mail = core::decode_agent_mail(bytes, core::agent_mail_key(3), spec);
  fuzzed::require(core::decode_agent_mail_number(bytes) == mail.number);
  const auto written = core::encode_agent_mail({.number = mail.number,
                                                .slot = mail.slot,
                                                .name = mail.name,
                                                .content = mail.content,
                                                .id = mail.id,
                                                .sender = mail.sender});
  const auto again = core::decode_agent_mail(written, core::agent_mail_key(mail.slot), spec);
  fuzzed::require(again.number == mail.number && again.id == mail.id &&
                  again.sender == mail.sender && again.handler == mail.handler);
  fuzzed::require(again.content->as<deposit>().amount == mail.content->as<deposit>().amount);
}

void read_stop(std::string_view bytes) {
  const auto stop = core::decode_stop_record(core::stop_record_key(1), bytes);
  const auto again =
      core::decode_stop_record(core::stop_record_key(stop.slot), core::encode_stop_record(stop));
  fuzzed::require(again.supervisor == stop.supervisor && again.key == stop.key &&
                  again.reason == stop.reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto spec = make_spec();
  const auto bytes = fuzzed::text_of(data, size);
  fuzzed::accepted([&] { read_state(bytes); });
  fuzzed::accepted([&] { read_mail(spec, bytes); });
  fuzzed::accepted([&] { static_cast<void>(core::decode_agent_mail_number(bytes)); });
  fuzzed::accepted([&] { read_stop(bytes); });
  fuzzed::accepted([&] {  // the bytes as a key
    static_cast<void>(core::decode_stop_record(std::string{bytes}, core::encode_stop_record({})));
  });
  fuzzed::accepted([&] {
    mcp::agent_message message;
    message.cbor = std::string{bytes};
    static_cast<void>(core::decode_agent_content(spec.handlers.front(), message));
  });
  return 0;
}
