#include "cluster/messages.hpp"
#include "delivery/frame.hpp"
#include "runtime/recorded_session.hpp"

#include <sstream>
#include <variant>

namespace mcp::test {
namespace {

using namespace mcp::cluster;

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
    out << ' ' << name << '=' << (given ? hex_of(*given) : "none");
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
  void operator()(const hold_wanted& m) {
    (*this)("hold_wanted", m.counter)("amount", m.amount);
  }
  void operator()(const durability_wanted& m) { (*this)("durability_wanted", m.all); }
  void operator()(const note_message& m) {
    out << "note";
    (*this)("task", m.task);
    std::visit(*this, m.what);
  }
  void operator()(const sign_of_life& m) { (*this)("sign_of_life", m.alive); }
  void operator()(const refunded& m) { (*this)("refunded", m.counter)("amount", m.amount); }
  void operator()(const released& m) {
    (*this)("released", m.counter)("held", m.held)("used", m.used);
  }
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

}  // namespace

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

}  // namespace mcp::test
