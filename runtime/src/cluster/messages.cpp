#include "cluster/messages.hpp"

namespace mcp::cluster {
namespace {

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

}  // namespace mcp::cluster
