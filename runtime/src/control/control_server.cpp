#include "control/control_server.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <istream>
#include <list>
#include <mutex>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;
using code = boost::system::error_code;

/// For answers to requests under way when the server ends.
constexpr std::chrono::seconds last_lines{2};

[[noreturn]] void fail(const std::string& what) {
  throw error{errc::connection_failed, what};
}

local::endpoint endpoint_of(const std::string& path) {
  constexpr std::size_t longest = 107;
  if (path.empty() || path.size() > longest) {
    fail("the path of a socket has 1 to 107 bytes, not " + std::to_string(path.size()) + ": " +
         path);
  }
  return {path};
}

/// The next line; nothing at the end, and of one that is too long.
std::optional<std::string> read_line(local::socket& from, asio::streambuf& buffer) {
  code wrong;
  asio::read_until(from, buffer, '\n', wrong);
  if (wrong) return std::nullopt;
  std::istream in{&buffer};
  std::string line;
  std::getline(in, line);
  return line;
}

bool write_line(local::socket& to, const nlohmann::ordered_json& line) {
  auto text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  text += '\n';
  code wrong;
  asio::write(to, asio::buffer(text), wrong);
  return !wrong;
}

/// Removes what a server that is gone has left. Throws when one listens.
void clear(const std::string& path, asio::io_context& context) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return;
  if (!S_ISSOCK(found.st_mode)) fail("\"" + path + "\" is there, and is no socket");
  local::socket probe{context};
  code wrong;
  probe.connect(endpoint_of(path), wrong);
  if (!wrong) fail("another server listens on \"" + path + "\"; name a path of its own");
  ::unlink(path.c_str());
}

}  // namespace

struct control_server::parts {
  struct client {
    explicit client(local::socket from) : socket(std::move(from)) {}
    local::socket socket;
    std::thread thread{};
    std::atomic<bool> over{false};
  };

  std::string path;
  handler handle;
  asio::io_context context{};
  local::acceptor acceptor{context};
  std::mutex mutex{};
  std::list<client> clients{};
  bool stopping = false;
  std::condition_variable one_is_over{};
  std::thread listener{};

  void listen() {
    for (;;) {
      local::socket arrived{context};
      code wrong;
      acceptor.accept(arrived, wrong);
      const std::lock_guard lock{mutex};
      if (stopping) return;
      if (wrong) {
        spdlog::warn("control: no connection could be accepted: {}", wrong.message());
        std::this_thread::sleep_for(std::chrono::milliseconds{100});  // no descriptors are left
        continue;
      }
      sweep();
      if (clients.size() >= max_control_clients) {
        write_line(arrived, error_line(error{errc::overloaded, "64 others ask this server"}));
        continue;
      }
      auto& one = clients.emplace_back(std::move(arrived));
      one.thread = std::thread{[this, &one] { serve(one); }};
    }
  }

  void sweep() {
    clients.remove_if([](client& one) {
      if (!one.over) return false;
      one.thread.join();
      return true;
    });
  }

  void serve(client& one) {
    const auto answer = [&](const nlohmann::ordered_json& line) {
      return write_line(one.socket, line);
    };
    try {
      asio::streambuf buffer{max_control_line};
      const auto line = read_line(one.socket, buffer);
      if (!line) throw error{errc::malformed_json, "a request is one line of JSON"};
      const auto request = nlohmann::json::parse(*line, nullptr, false);
      if (!request.is_object()) throw error{errc::malformed_json, "a request is a JSON object"};
      handle(request, answer);
    } catch (const std::exception& what) {
      answer(error_line(what));
    }
    const std::lock_guard lock{mutex};
    code ignored;
    one.socket.shutdown(local::socket::shutdown_both, ignored);
    one.over = true;
    one_is_over.notify_all();
  }
};

control_server::control_server(std::string path, handler handle)
    : parts_(new parts{.path = std::move(path), .handle = std::move(handle)}) {
  auto& p = *parts_;
  const auto where = endpoint_of(p.path);
  clear(p.path, p.context);
  code wrong;
  p.acceptor.open(where.protocol(), wrong);
  if (!wrong) p.acceptor.bind(where, wrong);
  if (!wrong && ::chmod(p.path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    wrong.assign(errno, boost::system::system_category());
  }
  if (!wrong) p.acceptor.listen(asio::socket_base::max_listen_connections, wrong);
  if (wrong) fail("cannot listen on \"" + p.path + "\": " + wrong.message());
  p.listener = std::thread{[&p] { p.listen(); }};
}

control_server::~control_server() {
  auto& p = *parts_;
  {
    std::unique_lock lock{p.mutex};
    p.stopping = true;
    code ignored;
    for (auto& one : p.clients) one.socket.shutdown(local::socket::shutdown_receive, ignored);
    p.one_is_over.wait_for(lock, last_lines, [&p] {
      return std::all_of(p.clients.begin(), p.clients.end(), [](auto& one) { return !!one.over; });
    });
    for (auto& one : p.clients) one.socket.shutdown(local::socket::shutdown_both, ignored);
  }
  ::shutdown(p.acceptor.native_handle(), SHUT_RDWR);  // wakes the listener
  p.listener.join();
  for (auto& one : p.clients) one.thread.join();
  ::unlink(p.path.c_str());
}

const std::string& control_server::path() const noexcept {
  return parts_->path;
}

void ask_server(const std::string& path, const nlohmann::json& request,
                const std::function<bool(const nlohmann::ordered_json&)>& hear) {
  asio::io_context context;
  local::socket socket{context};
  code wrong;
  socket.connect(endpoint_of(path), wrong);
  if (wrong) {
    fail("no server listens on \"" + path + "\" (" + wrong.message() +
         "); start one with mcp-cluster serve, or name its socket with --control");
  }
  const auto text = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  if (text.size() > max_control_line) {
    throw error{errc::too_large, "the request has " + std::to_string(text.size()) +
                                     " bytes; a server reads at most " +
                                     std::to_string(max_control_line)};
  }
  asio::write(socket, asio::buffer(text), wrong);
  if (wrong) fail("the server closed the connection");
  asio::streambuf buffer{max_control_line};
  for (;;) {
    const auto line = read_line(socket, buffer);
    if (!line) fail("the server ended before it had answered");
    const auto json = nlohmann::ordered_json::parse(*line, nullptr, false);
    if (json.is_discarded()) fail("what answers on \"" + path + "\" is no mcp-cluster");
    check_line(json);
    if (!hear(json)) return;
  }
}

nlohmann::ordered_json ask_server(const std::string& path, const nlohmann::json& request) {
  nlohmann::ordered_json answer;
  ask_server(path, request, [&](const nlohmann::ordered_json& line) {
    answer = line;
    return false;
  });
  return answer;
}

nlohmann::ordered_json error_line(const std::exception& what) {
  const auto* ours = dynamic_cast<const error*>(&what);
  const error wrong = ours != nullptr ? *ours : error{errc::node_failed, what.what()};
  return {{"error",
           {{"number", static_cast<int>(wrong.code())},
            {"code", std::string{name(wrong.code())}},
            {"message", wrong.message()},
            {"advice", std::string{advice(wrong.code())}}}}};
}

void check_line(const nlohmann::ordered_json& line) {
  if (!line.is_object()) return;
  const auto found = line.find("error");
  if (found == line.end() || !found->is_object() || !found->contains("number")) return;
  throw error{error_code_from_number(found->value("number", 0)),
              found->value("message", std::string{})};
}

}  // namespace mcp::cluster
