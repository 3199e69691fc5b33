#include "runtime/recorded_session.hpp"

#include "delivery/frame_stream.hpp"
#include "mcp/error.hpp"
#include "net/sockets.hpp"

#include <array>
#include <fstream>
#include <tuple>
#include <variant>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mcp::test {
namespace {

using namespace mcp::cluster;

constexpr int patience_ms = 60'000;  // only a defect makes anybody wait that long

std::string from_hex(const std::string& text) {
  std::string made;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    made += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return made;
}

bool is_ack(std::string_view frame) {
  return std::holds_alternative<ack_frame>(decode_frame(frame));
}

bool readable(int socket) {
  pollfd wait{socket, POLLIN, 0};
  return ::poll(&wait, 1, patience_ms) == 1;
}

void write_frame(int socket, std::string_view frame) {
  std::vector<char> out;
  append_frame(out, frame);
  for (std::size_t done = 0; done < out.size();) {
    const auto part = ::send(socket, out.data() + done, out.size() - done, MSG_NOSIGNAL);
    if (part <= 0) throw error{errc::connection_failed, "the other end has gone"};
    done += static_cast<std::size_t>(part);
  }
}

/// False: the end of the stream.
bool feed(int socket, frame_splitter& into) {
  std::array<char, 4096> buffer{};
  const auto size = ::recv(socket, buffer.data(), buffer.size(), 0);
  if (size <= 0) return false;
  into.feed({buffer.data(), static_cast<std::size_t>(size)});
  return true;
}

/// The next frame that is no ack.
std::string frame_of(int socket, frame_splitter& stream) {
  for (;;) {
    while (auto frame = stream.next()) {
      if (!is_ack(*frame)) return *frame;
    }
    if (!readable(socket) || !feed(socket, stream)) {
      throw error{errc::connection_failed, "the other end says nothing more"};
    }
  }
}

int accept_one(int listener) {
  if (!readable(listener)) throw error{errc::call_timeout, "nobody connects"};
  return ::accept(listener, nullptr, nullptr);
}

}  // namespace

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string made;
  for (const char each : bytes) {
    const auto one = static_cast<unsigned char>(each);
    made += digits[one >> 4U];
    made += digits[one & 15U];
  }
  return made;
}

recorded_session read_session(const std::string& file) {
  std::ifstream in{file};
  if (!in) throw error{errc::invalid_argument, "cannot read " + file};
  recorded_session made;
  for (std::string from, bytes, content; in >> from >> bytes && in.get() == ' ';) {
    std::getline(in, content);
    made.push_back(
        {from == "worker" ? wire_end::worker : wire_end::server, from_hex(bytes), content});
  }
  return made;
}

void write_session(const std::string& file, const recorded_session& session) {
  std::ofstream out{file};
  for (const auto& one : session) {
    out << (one.from == wire_end::worker ? "worker " : "server ") << hex_of(one.bytes) << ' '
        << one.content << '\n';
  }
  if (!out.flush()) throw error{errc::invalid_argument, "cannot write " + file};
}

// Recording --------------------------------------------------------------------------------------

wire_recorder::wire_recorder(const socket_address& server) : server_(server) {
  std::tie(listener_, address_.port) = listen_on(address_);
  thread_ = std::thread{[this] { record(); }};
}

void wire_recorder::record() {
  const int worker = accept_one(listener_);
  const int server = connect_to(server_, std::chrono::milliseconds{patience_ms});
  std::array<pollfd, 2> ends{pollfd{worker, POLLIN, 0}, pollfd{server, POLLIN, 0}};
  std::array<frame_splitter, 2> streams;
  for (bool open = true; open && ::poll(ends.data(), ends.size(), patience_ms) > 0;) {
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends.at(i).revents == 0) continue;
      open = feed(ends.at(i).fd, streams.at(i)) && open;
      const auto from = i == 0 ? wire_end::worker : wire_end::server;
      while (auto frame = streams.at(i).next()) {
        session_.push_back({from, *frame, content_of(from, *frame)});
        write_frame(ends.at(1 - i).fd, *frame);
      }
    }
  }
  ::close(worker);
  ::close(server);
}

recorded_session wire_recorder::finish() {
  thread_.join();
  ::close(listener_);
  return std::move(session_);
}

// Playing ----------------------------------------------------------------------------------------

recorded_peer::recorded_peer(recorded_session session, const socket_address& server)
    : session_(std::move(session)),
      socket_(connect_to(server, std::chrono::milliseconds{patience_ms})),
      thread_([this] { play(wire_end::worker); }) {}

recorded_peer::recorded_peer(recorded_session session) : session_(std::move(session)) {
  std::tie(socket_, address_.port) = listen_on(address_);
  thread_ = std::thread{[this] {
    const int listener = socket_;
    socket_ = accept_one(listener);
    ::close(listener);
    play(wire_end::server);
  }};
}

recorded_peer::~recorded_peer() {
  if (thread_.joinable()) thread_.join();
  ::close(socket_);
}

void recorded_peer::play(wire_end mine) {
  frame_splitter heard;
  std::size_t at = 0;
  try {
    for (; at < session_.size(); ++at) {
      const auto& one = session_[at];
      if (one.from == mine) {
        write_frame(socket_, one.bytes);
      } else if (!is_ack(one.bytes)) {
        const auto expected = comparable(one.from, one.bytes);
        const auto said = comparable(one.from, frame_of(socket_, heard));
        if (said != expected) {
          difference_ = "line " + std::to_string(at + 1) + ": it says\n  " + said +
                        "\nand not\n  " + expected;
          break;
        }
      }
    }
  } catch (const std::exception& wrong) {
    difference_ = "line " + std::to_string(at + 1) + ": " + wrong.what();
  }
  // Who waits for what is not played any more is told by the end of the connection.
  if (!difference_.empty()) ::shutdown(socket_, SHUT_RDWR);
}

std::string recorded_peer::finish() {
  thread_.join();
  return difference_;
}

}  // namespace mcp::test
