#include "core/agent_record.hpp"

#include "core/ids.hpp"

#include <charconv>

namespace mcp::core {
namespace {

constexpr std::string_view mail_prefix = "mail/";
constexpr std::string_view stop_prefix = "stop/";
/// The largest mailbox, and the message at work.
constexpr std::uint32_t max_mail_slot = 1'000'001;

/// The number behind a prefix; nothing when the key is no such key.
std::optional<std::uint32_t> slot_of(const std::string& key, std::string_view prefix,
                                     std::uint32_t largest) {
  std::uint32_t slot = 0;
  const auto* end = key.data() + key.size();
  if (!key.starts_with(prefix) ||
      std::from_chars(key.data() + prefix.size(), end, slot) !=
          std::from_chars_result{end, std::errc{}} ||
      slot > largest) {
    return std::nullopt;
  }
  return slot;
}

void check_version(cbor_reader& reader, std::size_t size) {
  if (reader.array() != size) reader.fail("not what an agent stores");
  const auto version = reader.unsigned_integer();
  if (version > agent_record_version) {
    throw error{errc::newer_format,
                "an agent stored by version " + std::to_string(version) + " of the format"};
  }
}

void check_end(const cbor_reader& reader) {
  if (!reader.at_end()) throw error{errc::malformed_cbor, "bytes after the end of the value"};
}

value decode_value(const value_type& type, cbor_reader& reader) {
  value result{type};
  type.decode(reader, result.get());
  return result;
}

}  // namespace

void check_ask_chain(const ask_chain* chain, const std::string& address) {
  std::string way = address;
  std::size_t length = 0;
  for (; chain != nullptr; chain = chain->before.get()) {
    way = chain->address + " asks " + way;
    if (chain->address == address) {
      throw error{errc::invalid_argument, "agents would wait for each other: " + way};
    }
    if (++length > max_ask_chain) {
      throw error{errc::too_large,
                  "more than " + std::to_string(max_ask_chain) + " agents wait for each other"};
    }
  }
}

std::string agent_mail_key(std::uint32_t slot) {
  return std::string{mail_prefix} + std::to_string(slot);
}

std::string encode_agent_state(std::uint64_t handled, const value& state) {
  cbor_writer writer;
  writer.array(3);
  writer.unsigned_integer(agent_record_version);
  writer.unsigned_integer(handled);
  state.type()->encode(writer, state.get());
  return writer.take();
}

std::uint64_t decode_agent_state(std::string_view bytes, value& state) {
  cbor_reader reader{bytes};
  check_version(reader, 3);
  const auto handled = reader.unsigned_integer();
  state = decode_value(*state.type(), reader);
  check_end(reader);
  return handled;
}

std::string encode_agent_mail(const log_order& order) {
  cbor_writer writer;
  writer.array(6);
  writer.unsigned_integer(agent_record_version);
  writer.unsigned_integer(order.number);
  writer.text(order.id);
  writer.text(order.sender);
  writer.text(order.name);
  order.content->type()->encode(writer, order.content->get());
  return writer.take();
}

std::uint64_t decode_agent_mail_number(std::string_view bytes) {
  cbor_reader reader{bytes};
  check_version(reader, 6);
  return reader.unsigned_integer();
}

agent_mail decode_agent_mail(std::string_view bytes, const std::string& key,
                             const agent_spec& spec) {
  cbor_reader reader{bytes};
  check_version(reader, 6);
  agent_mail mail;
  mail.durable = mail.logged = true;
  mail.number = reader.unsigned_integer();
  mail.id = reader.text();
  mail.sender = reader.text();
  mail.name = reader.text();
  mail.handler = spec.find(mail.name);
  if (mail.handler == nullptr) {
    throw error{errc::unknown_message, "agents of type \"" + spec.type +
                                           "\" have no handler for the stored message \"" +
                                           mail.name + "\""};
  }
  mail.content = std::make_shared<const value>(decode_value(*mail.handler->message, reader));
  check_end(reader);
  const auto slot = slot_of(key, mail_prefix, max_mail_slot);
  if (!slot) throw error{errc::malformed_cbor, "\"" + key + "\" is no key of a stored message"};
  mail.slot = *slot;
  return mail;
}

std::string stop_record_key(std::uint32_t slot) {
  return std::string{stop_prefix} + std::to_string(slot);
}

std::string encode_stop_record(const stop_record& record) {
  cbor_writer writer;
  writer.array(4);
  writer.unsigned_integer(agent_record_version);
  writer.text(record.supervisor);
  writer.text(record.key);
  writer.text(record.reason);
  return writer.take();
}

stop_record decode_stop_record(const std::string& key, std::string_view bytes) {
  cbor_reader reader{bytes};
  check_version(reader, 4);
  stop_record record;
  record.supervisor = reader.text();
  record.key = reader.text();
  record.reason = reader.text();
  check_end(reader);
  const auto slot = slot_of(key, stop_prefix, max_tree_stops);
  if (!slot) throw error{errc::malformed_cbor, "\"" + key + "\" is no key of a stop"};
  record.slot = *slot;
  return record;
}

std::shared_ptr<const value> decode_agent_content(const agent_handler& handler,
                                                  const agent_message& message) {
  if (message.content && message.content->type()->same(*handler.message)) return message.content;
  cbor_writer writer;
  if (message.content) message.content->type()->encode(writer, message.content->get());
  cbor_reader reader{message.content ? std::string_view{writer.bytes()} : message.cbor};
  auto result = std::make_shared<const value>(decode_value(*handler.message, reader));
  check_end(reader);
  return result;
}

}  // namespace mcp::core

namespace mcp {

std::string make_agent_id(std::string_view message_id, std::size_t number) {
  return core::make_interrupt_id("agent", message_id, number);
}

agent_later_port::~agent_later_port() = default;
agent_port::~agent_port() = default;

std::string agent_outcome::cbor() const {
  if (error) throw *error;
  cbor_writer writer;
  if (reply.has_value()) {
    reply.type()->encode(writer, reply.get());
  } else {
    writer.null();
  }
  return writer.take();
}

const agent_handler* agent_spec::find(std::string_view wanted) const noexcept {
  const agent_handler* otherwise = nullptr;
  for (const auto& one : handlers) {
    if (one.name == wanted) return &one;
    if (one.name.empty()) otherwise = &one;
  }
  return otherwise;
}

std::string_view name(agent_phase phase) noexcept {
  switch (phase) {
    case agent_phase::loading:
      return "loading";
    case agent_phase::ready:
      return "ready";
    case agent_phase::turn:
      return "turn";
    case agent_phase::waiting:
      return "waiting";
    case agent_phase::preparing:
      return "preparing";
    case agent_phase::saving:
      return "saving";
    case agent_phase::releasing:
      return "releasing";
    case agent_phase::stopped:
      return "stopped";
    case agent_phase::gone:
      break;
  }
  return "gone";
}

agent_step agent_context::blocking_step(std::function<void()> work) const {
  return [port = port_, work = std::move(work)](std::function<void(std::optional<error>)> done) {
    auto job = [work, done] {
      try {
        work();
      } catch (const error& what) {
        return done(what);
      } catch (const std::exception& what) {
        return done(error{errc::agent_failed, what.what()});
      } catch (...) {
        return done(error{errc::agent_failed, "threw something that is no std::exception"});
      }
      done(std::nullopt);
    };
    if (!port->submit(std::move(job))) {
      done(error{errc::overloaded, "too many jobs wait for a blocking thread"});
    }
  };
}

}  // namespace mcp
