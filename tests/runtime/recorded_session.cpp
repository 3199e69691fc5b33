#include "runtime/recorded_session.hpp"

#include "cluster/messages.hpp"
#include "delivery/frame_stream.hpp"
#include "mcp/cbor.hpp"
#include "members/cluster_worker.hpp"
#include "net/sockets.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <variant>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mcp::test {
namespace {

using namespace mcp::cluster;

constexpr int patience_ms = 60'000;  // only a defect makes anybody wait that long

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string made;
  for (const char each : bytes) {
    const auto one = static_cast<unsigned char>(each);
    made += digits[one >> 4U];
    made += digits[one & 15U];
  }
  return made;
}

std::string from_hex(const std::string& text) {
  std::string made;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    made += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  }
  return made;
}

/// What a message says, field by field. Bytes as hexadecimal digits.
struct words {
  std::ostringstream out{};

  words& operator()(const char* name, const std::string& text) {
    out << ' ' << name << '=' << nlohmann::json(text).dump();
    return *this;
  }
  words& operator()(const char* name, std::int64_t number) {
    out << ' ' << name << '=' << number;
    return *this;
  }
  words& operator()(const char* name, std::uint64_t number) {
    out << ' ' << name << '=' << number;
    return *this;
  }
  words& operator()(const char* name, bool yes) {
    out << ' ' << name << '=' << (yes ? "yes" : "no");
    return *this;
  }
  words& bytes(const char* name, const std::optional<std::string>& given) {
    out << ' ' << name << '=' << (given ? hex(*given) : "none");
    return *this;
  }
  words& failure(const std::optional<failure_item>& what) {
    if (!what) return *this;
    out << " failed";
    return (*this)("code", what->code)("message", what->message)("logic", what->logic);
  }

  void operator()(const offer_message& m) {
    out << "offer";
    (*this)("program", m.program)("slots", m.slots);
    for (const auto& one : m.plugins) (*this)("plugin", one);
    for (const auto& [name, text] : m.labels) (*this)("label", name + ":" + text);
  }
  void operator()(const result_message& m) {
    out << "result";
    (*this)("task", m.task).failure(m.failure);
    for (const auto& one : m.writes) {
      (*this)("write", one.channel)("overwrite", one.overwrite).bytes("bytes", one.bytes);
    }
    for (const auto& one : m.go_to) {
      (*this)("go_to", one.node).bytes("input", one.bytes);
      if (one.timeout) (*this)("run_ms", one.timeout->run_ms)("idle_ms", one.timeout->idle_ms);
    }
    for (const auto& one : m.questions) {
      (*this)("question", one.index).bytes("bytes", one.bytes)("schema", one.schema);
    }
  }
  void operator()(const wish_message& m) {
    out << "wish";
    (*this)("task", m.task)("number", m.number);
    std::visit(*this, m.what);
  }
  void operator()(const answer_wanted& m) { (*this)("answer_wanted", m.index); }
  void operator()(const effect_wanted& m) { (*this)("effect_wanted", m.key); }
  void operator()(const effect_kept& m) { (*this)("effect_kept", m.key).bytes("result", m.result); }
  void operator()(const charge_wanted& m) {
    (*this)("charge_wanted", m.counter)("amount", m.amount);
  }
  void operator()(const durability_wanted& m) { (*this)("durability_wanted", m.all); }
  void operator()(const note_message& m) {
    out << "note";
    (*this)("task", m.task);
    std::visit(*this, m.what);
  }
  void operator()(const sign_of_life& m) { (*this)("sign_of_life", m.alive); }
  void operator()(const refunded& m) { (*this)("refunded", m.counter)("amount", m.amount); }
  void operator()(const event_told& m) { (*this)("event", m.name).bytes("payload", m.payload); }
  void operator()(const words_told& m) {
    (*this)("role", m.content.role)("content", m.content.content);
  }
  void operator()(const leaving_message& m) {
    out << "leaving";
    (*this)("reason", m.reason);
  }
  void operator()(const system_message& m) {
    out << "system";
    (*this)("hash", m.hash)("name", m.name)("text", m.text);
  }
  void operator()(const state_message& m) {
    out << "state";
    (*this)("state", m.state)("base", m.base);
    for (const auto& one : m.fields) (*this)("field", one.index).bytes("bytes", one.bytes);
  }
  void operator()(const forget_message& m) {
    out << "forget";
    (*this)("state", m.state);
  }
  void operator()(const task_message& m) {
    out << "task";
    (*this)("task", m.task)("system", m.system)("graph", m.graph)("node", m.node);
    (*this)("run_graph", m.run_graph)("run_id", m.run_id)("thread_id", m.thread_id)("ns", m.ns);
    (*this)("task_id", m.task_id)("step", m.step)("remaining_steps", m.remaining_steps);
    (*this)("attempt", m.attempt)("state", m.state).bytes("input", m.input).failure(m.failure);
  }
  void operator()(const cancel_message& m) {
    out << "cancel";
    (*this)("task", m.task);
  }
  void operator()(const told_message& m) {
    out << "told";
    (*this)("task", m.task)("number", m.number).bytes("bytes", m.bytes).failure(m.failure);
  }
  /// What a later version adds has no place in the sessions of those before.
  template <class Later>
  void operator()(const Later&) {
    out << "a message of a later version";
  }
};

/// What may differ from session to session is left out: names of runs, texts of errors.
std::string comparable(wire_end from, std::string_view frame) {
  auto one = decode_frame(frame);
  if (auto* hello = std::get_if<hello_frame>(&one)) {
    return "hello " + hello->cluster + ' ' + hello->name;
  }
  words said;
  const auto payload = std::get<data_frame>(one).payload;
  if (from == wire_end::worker) {
    auto message = read_worker_message(payload);
    if (auto* offer = std::get_if<offer_message>(&message)) offer->program.clear();
    if (auto* result = std::get_if<result_message>(&message); result && result->failure) {
      result->failure->message.clear();
    }
    std::visit(said, message);
  } else {
    auto message = read_server_message(payload);
    if (auto* system = std::get_if<system_message>(&message)) system->name.clear();
    if (auto* task = std::get_if<task_message>(&message)) {
      task->run_id = task->thread_id = task->task_id = {};
      if (task->failure) task->failure->message.clear();
    }
    std::visit(said, message);
  }
  return said.out.str();
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

std::string content_of(wire_end from, std::string_view frame) {
  const auto one = decode_frame(frame);
  words said;
  if (const auto* hello = std::get_if<hello_frame>(&one)) {
    said.out << "hello";
    said("lowest", hello->lowest)("highest", hello->highest)("cluster", hello->cluster);
    said("name", hello->name)("incarnation", hello->incarnation);
  } else if (const auto* ack = std::get_if<ack_frame>(&one)) {
    said.out << "ack";
    said("received", ack->received)("until", ack->until);
  } else if (const auto* bye = std::get_if<bye_frame>(&one)) {
    said.out << "bye";
    said("reason", bye->reason);
  } else {
    const auto& data = std::get<data_frame>(one);
    said.out << "data";
    said("number", data.number)("more", data.more);
    said.out << ": ";
    if (from == wire_end::worker) {
      std::visit(said, read_worker_message(data.payload));
    } else {
      std::visit(said, read_server_message(data.payload));
    }
  }
  return said.out.str();
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
    out << (one.from == wire_end::worker ? "worker " : "server ") << hex(one.bytes) << ' '
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
