#include "monitor/http_monitor.hpp"

#include "mcp/error.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

namespace mcp::cluster {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost_code = boost::system::error_code;
using tcp = boost::asio::ip::tcp;

bool is_version_6(int descriptor) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) == 0 &&
         bound.ss_family == AF_INET6;
}

/// One connection: request after request, until either side has enough.
class monitor_session : public std::enable_shared_from_this<monitor_session> {
 public:
  monitor_session(tcp::socket socket, const http_monitor::handler& handle, std::size_t& count)
      : stream_(std::move(socket)), handle_(handle), count_(count) {
    ++count_;
  }
  ~monitor_session() { --count_; }
  monitor_session(const monitor_session&) = delete;
  monitor_session& operator=(const monitor_session&) = delete;

  void read() {
    parser_.emplace();
    parser_->header_limit(max_monitor_request);
    parser_->body_limit(max_monitor_request);
    stream_.expires_after(monitor_patience);
    http::async_read(
        stream_, buffer_, *parser_, [self = shared_from_this()](boost_code wrong, std::size_t) {
          if (!wrong) return self->answer(self->parser_->get());
          if (wrong == http::error::header_limit || wrong == http::error::body_limit) {
            self->send(
                self->made({431, "text/plain", "the request is too long\n"}, 11, false, false));
          }
        });
  }

 private:
  using response = http::response<http::string_body>;

  void answer(const http::request<http::string_body>& asked) {
    const bool head = asked.method() == http::verb::head;
    if (!head && asked.method() != http::verb::get) {
      return send(made({405, "text/plain", "only GET and HEAD are answered here\n"},
                       asked.version(), asked.keep_alive(), false));
    }
    const std::string target{asked.target()};
    http_monitor::answer found;
    try {
      found = handle_(std::string_view{target}.substr(0, target.find('?')));
    } catch (const std::exception& what) {
      found = {500, "text/plain", std::string{what.what()} + '\n'};
    }
    send(made(std::move(found), asked.version(), asked.keep_alive(), head));
  }

  static response made(http_monitor::answer what, unsigned version, bool keep, bool head) {
    response made{static_cast<http::status>(what.status), version};
    made.set(http::field::content_type, what.type);
    made.set(http::field::cache_control, "no-store");
    made.keep_alive(keep);
    made.content_length(what.body.size());
    if (!head) made.body() = std::move(what.body);
    return made;
  }

  void send(response what) {
    response_ = std::move(what);
    stream_.expires_after(monitor_patience);
    http::async_write(stream_, response_,
                      [self = shared_from_this()](boost_code wrong, std::size_t) {
                        if (!wrong && self->response_.keep_alive()) return self->read();
                        boost_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  const http_monitor::handler& handle_;
  std::size_t& count_;  ///< of sessions; on the monitor's thread
  beast::flat_buffer buffer_{2 * max_monitor_request};
  std::optional<http::request_parser<http::string_body>> parser_;
  response response_;
};

}  // namespace

struct http_monitor::parts {
  handler handle;
  socket_address address;
  std::size_t clients = 0;
  boost::asio::io_context context{1};
  tcp::acceptor acceptor{context};
  boost::asio::steady_timer pause{context};
  std::thread thread{};

  void listen() {
    acceptor.async_accept([this](boost_code wrong, tcp::socket arrived) {
      if (wrong == boost::asio::error::operation_aborted) return;
      if (wrong) {  // no descriptors are left
        spdlog::warn("monitor: no connection could be accepted: {}", wrong.message());
        pause.expires_after(std::chrono::milliseconds{100});
        return pause.async_wait([this](boost_code ended) {
          if (!ended) listen();
        });
      }
      if (clients < max_monitor_clients) {
        std::make_shared<monitor_session>(std::move(arrived), handle, clients)->read();
      }
      listen();
    });
  }
};

http_monitor::http_monitor(const socket_address& where, handler handle)
    : parts_(std::make_unique<parts>()) {
  const auto [descriptor, port] = listen_on(where);
  parts_->handle = std::move(handle);
  parts_->address = {where.host, port};
  boost_code wrong;
  parts_->acceptor.assign(is_version_6(descriptor) ? tcp::v6() : tcp::v4(), descriptor, wrong);
  if (wrong) throw error{errc::connection_failed, "monitor: " + wrong.message()};
  parts_->listen();
  parts_->thread = std::thread{[all = parts_.get()] { all->context.run(); }};
}

http_monitor::~http_monitor() {
  parts_->context.stop();
  parts_->thread.join();
}

const socket_address& http_monitor::address() const noexcept {
  return parts_->address;
}

}  // namespace mcp::cluster
