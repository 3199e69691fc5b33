#include "mcp_client/http_transport.hpp"

#include "mcp_client/http_line.hpp"

#include <utility>

namespace mcp::protocol {

http_transport::http_transport(http_options options, transport_events events)
    : line_(std::make_shared<http_line>(std::move(options), std::move(events))) {}

http_transport::~http_transport() {
  line_->close();
  line_->wait_for_farewell();
}

void http_transport::open() {
  line_->open();
}

void http_transport::renew() {
  line_->renew();
}

bool http_transport::send(std::string message, std::optional<rpc_id> id) {
  return line_->send(std::move(message), id);
}

void http_transport::settled(rpc_id id, bool answered) {
  line_->settled(id, answered);
}

void http_transport::established(const std::string& version) {
  line_->established(version);
}

void http_transport::close() {
  line_->close();
}

}  // namespace mcp::protocol
