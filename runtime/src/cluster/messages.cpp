#include "cluster/messages.hpp"

namespace mcp::cluster {
namespace {

// How many kinds the first version had. Later ones stand behind them.
constexpr std::size_t first_worker_kinds = 5;
constexpr std::size_t first_wishes = 5;
constexpr std::size_t first_notes = 4;
constexpr std::size_t first_server_kinds = 6;

template <class Message>
Message read(std::string_view bytes, const char* sender) {
  try {
    return from_cbor<Message>(bytes);
  } catch (const error& wrong) {
    throw error{errc::malformed_answer,
                std::string{"a message of a "} + sender + ": " + wrong.message()};
  }
}

}  // namespace

worker_message read_worker_message(std::string_view bytes) {
  return read<worker_message>(bytes, "worker");
}

server_message read_server_message(std::string_view bytes) {
  return read<server_message>(bytes, "server");
}

std::uint64_t version_of(const worker_message& what) noexcept {
  bool first = what.index() < first_worker_kinds;
  if (const auto* wish = std::get_if<wish_message>(&what))
    first = wish->what.index() < first_wishes;
  if (const auto* note = std::get_if<note_message>(&what)) first = note->what.index() < first_notes;
  return first ? 1 : 2;
}

std::uint64_t version_of(const server_message& what) noexcept {
  return what.index() < first_server_kinds ? 1 : 2;
}

}  // namespace mcp::cluster
