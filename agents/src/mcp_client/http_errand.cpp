#include "mcp_client/http_errand.hpp"

#include <limits>
#include <utility>

namespace mcp::protocol {

io::http_request http_errand::begin(const http_options& options) {
  most_bytes_ = options.message_bytes;
  status_ = 0;
  type_.clear();
  body_.clear();
  verdict = http_verdict::passing;
  parser_.emplace(options.message_bytes);

  io::http_request out{.url = options.url, .headers = options.headers};
  out.ca_file = options.ca_file;
  out.timeouts.connect = options.connect_timeout;
  out.max_body = std::numeric_limits<std::size_t>::max() / 2;  // `take_data` has the limits
  if (kind == http_kind::side || kind == http_kind::probe)
    out.timeouts.total = http_options::side_time;
  if (!session.empty()) out.headers.push_back({"Mcp-Session-Id", session});
  if (!version.empty()) out.headers.push_back({"MCP-Protocol-Version", version});
  if (message.empty()) {
    out.headers.push_back({"Accept", "text/event-stream"});
  } else {
    out.method = "POST";
    out.body = message;
    out.headers.push_back({"Content-Type", "application/json"});
    out.headers.push_back({"Accept", "application/json, text/event-stream"});
  }
  if (!stream.last_id().empty()) out.headers.push_back({"Last-Event-ID", stream.last_id()});
  return out;
}

void http_errand::take_head(const io::http_head& head) {
  status_ = head.status;
  type_ = head.find("content-type");
  verdict = judge(kind, reply());
  if (verdict == http_verdict::stream) stream.connected();
}

bool http_errand::take_data(std::string_view piece, io::steady_time now,
                            const std::function<void(std::string_view)>& on_message) {
  if (verdict != http_verdict::stream) return keep(piece);
  parser_->feed(piece, [&](const providers::sse_event& event) {
    if (!events_.take(now)) {
      throw error{errc::too_large,
                  "the server sends more than " + std::to_string(stream_limits::stream_burst) +
                      " events at once, and more than " +
                      std::to_string(stream_limits::stream_events_per_second) + " a second"};
    }
    if (event.data.empty()) return;
    stream.received();
    on_message(event.data);
  });
  if (parser_->last_id()) stream.is_at(*parser_->last_id());
  if (parser_->reconnect_after()) stream.asked(*parser_->reconnect_after());
  return true;
}

bool http_errand::keep(std::string_view piece) {
  // A failure may be told in JSON too.
  const bool told = verdict == http_verdict::message ||
                    (id != 0 && !message.empty() && is_type(type_, "application/json"));
  if (!told || verdict == http_verdict::expired) return false;
  if (piece.size() > most_bytes_ - body_.size()) {
    throw error{errc::too_large, "the answer is longer than " + std::to_string(most_bytes_) +
                                     " bytes (max_message_bytes)"};
  }
  body_ += piece;
  return true;
}

void http_errand::becomes_resumption() {
  if (kind == http_kind::request || kind == http_kind::hello) kind = http_kind::resume;
  message.clear();
}

}  // namespace mcp::protocol
