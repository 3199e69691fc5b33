#include "mcp_client/http_transport.hpp"

#include "providers/sse.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <utility>

namespace mcp::protocol {
namespace {

constexpr int http_ok = 200;
constexpr int http_redirect = 300;
constexpr int http_unauthorized = 401;
constexpr int http_forbidden = 403;
constexpr int http_not_found = 404;
constexpr int http_busy = 429;
constexpr int http_server_error = 500;
constexpr std::chrono::seconds stream_grace{1};  ///< for the server to end an answered stream

errc code_of(int status) {
  if (status == http_unauthorized || status == http_forbidden) return errc::unauthorized;
  if (status == http_busy) return errc::rate_limited;
  return status >= http_server_error ? errc::server_failed : errc::connection_failed;
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

/// One HTTP call, or one stream over several. Belongs to the loop's thread, but for what `line`
/// guards.
struct exchange {
  rpc_id id = 0;         ///< 0: of no request
  bool listens = false;  ///< the stream for what the server says by itself
  std::uint64_t connection = 0;
  std::string message{};
  std::string session{};  ///< that it was sent in
  std::shared_ptr<io::http_call> call{};
  bool settled = false;

  int status = 0;
  bool streams = false;
  std::string body{};
  std::string last_event{};
  int failures = 0;  ///< in a row, without an event between
  std::optional<providers::sse_parser> parser{};
};

}  // namespace

class http_transport::line : public std::enable_shared_from_this<line> {
 public:
  line(http_options options, transport_events events)
      : options_(std::move(options)), events_(std::move(events)) {}

  void open() {
    close();
    const std::lock_guard lock{mutex_};
    ++connection_;
    open_ = true;
  }

  bool send(std::string message, std::optional<rpc_id> id) {
    auto made = std::make_shared<exchange>();
    made->id = id.value_or(0);
    made->message = std::move(message);
    const std::lock_guard lock{mutex_};
    if (!open_) return false;
    const auto side = std::count_if(exchanges_.begin(), exchanges_.end(),
                                    [](const auto& one) { return one->id == 0; });
    if (!id && static_cast<std::size_t>(side) >= http_options::side_calls) return false;
    begin(made);
    return true;
  }

  void settled(rpc_id id, bool answered) {
    const std::lock_guard lock{mutex_};
    for (const auto& one : exchanges_) {
      if (one->id != id) continue;
      one->settled = true;
      if (!answered) {
        if (one->call) one->call->cancel();
      } else if (one->call) {
        later(stream_grace, [weak = std::weak_ptr{one->call}] {
          if (const auto call = weak.lock()) call->cancel();
        });
      }
      return;
    }
  }

  void established(const std::string& version) {
    const std::lock_guard lock{mutex_};
    version_ = version;
    auto made = std::make_shared<exchange>();
    made->listens = true;
    begin(made);
  }

  void close() {
    const std::lock_guard lock{mutex_};
    if (!open_) return;
    open_ = false;
    for (const auto& one : exchanges_) {
      if (one->call) one->call->cancel();
    }
    exchanges_.clear();
    if (!session_.empty()) {
      auto request = request_of({});
      request.method = "DELETE";
      request.timeouts.total = std::chrono::seconds{5};
      client_.start(std::move(request), {});
    }
    session_.clear();
    version_.clear();
  }

 private:
  using shared_exchange = std::shared_ptr<exchange>;

  static void later(std::chrono::milliseconds wait, std::function<void()> task) {
    auto& loop = io::http_client::shared();
    loop.call_at(loop.now() + wait, std::move(task));
  }

  [[nodiscard]] io::http_request request_of(const exchange& what) const {
    io::http_request out{.url = options_.url, .headers = options_.headers};
    out.ca_file = options_.ca_file;
    out.timeouts.connect = options_.connect_timeout;
    out.max_body = std::numeric_limits<std::size_t>::max() / 2;  // streams; `data` has the limit
    if (!session_.empty()) out.headers.push_back({"Mcp-Session-Id", session_});
    if (!version_.empty()) out.headers.push_back({"MCP-Protocol-Version", version_});
    if (!what.message.empty()) {
      out.method = "POST";
      out.body = what.message;
      out.headers.push_back({"Content-Type", "application/json"});
      out.headers.push_back({"Accept", "application/json, text/event-stream"});
    } else {
      out.headers.push_back({"Accept", "text/event-stream"});
    }
    if (!what.last_event.empty()) out.headers.push_back({"Last-Event-ID", what.last_event});
    return out;
  }

  /// With the lock held.
  void begin(const shared_exchange& what) {
    what->connection = connection_;
    what->session = session_;
    what->status = 0;
    what->streams = false;
    what->body.clear();
    what->parser.emplace(options_.message_bytes);
    exchanges_.insert(what);
    const auto self = shared_from_this();
    what->call = client_.start(
        request_of(*what),
        {.on_headers = [self, what](const io::http_head& head) { self->headers(*what, head); },
         .on_data = [self, what](std::string_view piece) { return self->data(*what, piece); },
         .on_end =
             [self, what](io::http_end how) {
               // A call that cannot even wait ends at once, with our lock held.
               later({}, [self, what, how = std::move(how)] { self->ended(what, how); });
             }});
  }

  void headers(exchange& what, const io::http_head& head) {
    what.status = head.status;
    what.streams =
        head.status == http_ok && head.find("content-type").starts_with("text/event-stream");
    const auto session = head.find("mcp-session-id");
    if (session.empty() || session.size() > http_options::session_bytes || !printable(session)) {
      return;
    }
    const std::lock_guard lock{mutex_};
    if (what.connection == connection_ && session_.empty() && head.status == http_ok) {
      session_ = session;
    }
  }

  bool data(exchange& what, std::string_view piece) {
    if (!current(what)) return false;
    if (!what.streams) {
      if (what.body.size() + piece.size() > options_.message_bytes) {
        throw error{errc::too_large, "the answer is longer than " +
                                         std::to_string(options_.message_bytes) +
                                         " bytes (max_message_bytes)"};
      }
      what.body += piece;
      return true;
    }
    what.parser->feed(piece, [&](const providers::sse_event& event) {
      what.failures = 0;
      if (event.id.size() <= http_options::session_bytes && printable(event.id)) {
        what.last_event = event.id;
      }
      if (!event.data.empty()) events_.on_message(event.data);
    });
    return true;
  }

  [[nodiscard]] bool current(const exchange& what) {
    const std::lock_guard lock{mutex_};
    return open_ && what.connection == connection_;
  }

  void ended(const shared_exchange& what, const io::http_end& how) {
    {
      const std::lock_guard lock{mutex_};
      exchanges_.erase(what);
      what->call.reset();
      if (!open_ || what->connection != connection_) return;
    }
    if (what->status == http_not_found && !what->session.empty()) {
      return events_.on_closed(error{errc::connection_failed, "the server has ended the session"});
    }
    if (what->listens) return listen_again(what, how);
    const bool fine = !how.failure && what->status >= http_ok && what->status < http_redirect;
    if (!what->streams && !how.failure && !what->body.empty() && what->body.front() == '{') {
      events_.on_message(what->body);
    }
    if (what->id == 0 || what->settled) return;
    if (what->streams && !what->last_event.empty() && resume(what)) return;
    if (how.failure) return events_.on_lost(what->id, *how.failure);
    const auto status = "HTTP status " + std::to_string(what->status);
    events_.on_lost(what->id, fine ? error{errc::malformed_answer, status + " without an answer"}
                                   : error{code_of(what->status), status});
  }

  void listen_again(const shared_exchange& what, const io::http_end& how) {
    const bool refused = what->status >= http_redirect && what->status < http_server_error;
    if (refused || (how.failure && how.failure->code() == errc::too_large)) return;
    static_cast<void>(resume(what));
  }

  /// False: it was tried often enough.
  bool resume(const shared_exchange& what) {
    if (++what->failures > http_options::reconnects) return false;
    auto pause = http_options::first_pause * (1 << std::min(what->failures - 1, 10));
    if (const auto asked = what->parser->reconnect_after()) pause = *asked;
    what->message.clear();
    {
      const std::lock_guard lock{mutex_};
      exchanges_.insert(what);  // so that it can be settled while it waits
    }
    later(std::min<std::chrono::milliseconds>(pause, http_options::longest_pause),
          [self = shared_from_this(), what] {
            const std::lock_guard lock{self->mutex_};
            if (!self->open_ || what->connection != self->connection_) return;
            if (what->settled) {
              self->exchanges_.erase(what);
            } else {
              self->begin(what);
            }
          });
    return true;
  }

  const http_options options_;
  const transport_events events_;
  io::http_client& client_ = io::http_client::shared();
  std::mutex mutex_;  ///< of what follows
  bool open_ = false;
  std::uint64_t connection_ = 0;
  std::string session_;
  std::string version_;
  std::set<shared_exchange> exchanges_;
};

http_transport::http_transport(http_options options, transport_events events)
    : line_(std::make_shared<line>(std::move(options), std::move(events))) {}

http_transport::~http_transport() {
  line_->close();
}

void http_transport::open() {
  line_->open();
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
