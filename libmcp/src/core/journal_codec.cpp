#include "core/checkpoint_codec.hpp"
#include "core/stored_value.hpp"

namespace mcp::core {
namespace {

constexpr const char* result_text = "the result of a task";
constexpr const char* interrupt_text = "an interrupt";
constexpr const char* failure_text = "a failure";

// Keys of a result: docs/checkpoint-format.md, section 5.
constexpr std::string_view key_writes = "w";
constexpr std::string_view key_goto = "g";
constexpr std::string_view key_sends = "s";
constexpr std::string_view key_parent = "u";

struct target_counts {
  std::size_t nodes = 0;
  std::size_t sends = 0;
};

target_counts count(const std::vector<routes::target>& targets) {
  target_counts counts;
  for (const auto& target : targets) {
    ++(std::holds_alternative<send>(target) ? counts.sends : counts.nodes);
  }
  return counts;
}

std::size_t entry_count(const std::vector<channel_write>& writes, const target_counts& targets) {
  return static_cast<std::size_t>(!writes.empty()) + static_cast<std::size_t>(targets.nodes > 0) +
         static_cast<std::size_t>(targets.sends > 0);
}

void write_writes(cbor_writer& w, const state_type& type,
                  const std::vector<channel_write>& writes) {
  w.text(key_writes);
  w.array(writes.size());
  for (const auto& write : writes) {
    w.array(3);
    w.text(type.at(write.channel).name());
    w.integer(static_cast<std::int64_t>(write.mode));
    write_value(w, write.content);
  }
}

/// The entries `w`, `g` and `s` of the map that the caller has opened.
void write_entries(cbor_writer& w, const state_type& type, const std::vector<channel_write>& writes,
                   const std::vector<routes::target>& targets, const target_counts& counts) {
  if (!writes.empty()) write_writes(w, type, writes);
  if (counts.nodes > 0) {
    w.text(key_goto);
    w.array(counts.nodes);
    for (const auto& target : targets) {
      if (const auto* node = std::get_if<std::string>(&target)) w.text(*node);
    }
  }
  if (counts.sends > 0) {
    w.text(key_sends);
    w.array(counts.sends);
    for (const auto& target : targets) {
      if (const auto* one = std::get_if<send>(&target)) {
        write_send(w, one->node(), one->input(), one->timeout());
      }
    }
  }
}

channel_write read_write(cbor_reader& r, const state_type& type) {
  expect_array(r, 3);
  const auto name = r.text();
  const int found = type.find(name);
  if (found < 0) {
    r.fail("the state \"" + type.name() + "\" has no field \"" + std::string{name} + "\"");
  }
  channel_write write;
  write.channel = static_cast<std::uint16_t>(found);
  const auto mode = r.unsigned_integer();
  if (mode > static_cast<std::uint64_t>(write_mode::overwrite)) r.fail("an unknown write mode");
  write.mode = static_cast<write_mode>(mode);
  const auto& content_type = type.at(write.channel).type();
  write.content = value{content_type};
  content_type.decode(r, write.content.get());
  return write;
}

send read_journal_send(cbor_reader& r, const graph_plan& plan) {
  const bool limited = read_send_head(r);
  std::string name{r.text()};
  const auto node = plan.find(name);
  if (node == end_index) {
    throw error{errc::unknown_node, "a journal names the node \"" + name +
                                        "\", which the graph \"" + plan.name + "\" does not have"};
  }
  send made{std::move(name), read_input(r, plan, node)};
  if (limited) made.timeout(read_timeout(r));
  return made;
}

/// Reads the entry `key` if it is one of `w`, `g` and `s`; passes over others.
void read_entry(cbor_reader& r, const graph_plan& plan, std::string_view key,
                std::vector<channel_write>& writes, std::vector<routes::target>& targets) {
  if (key == key_writes) {
    read_items(r, [&] { writes.push_back(read_write(r, *plan.state)); });
  } else if (key == key_goto) {
    read_items(r, [&] { targets.emplace_back(std::string{r.text()}); });
  } else if (key == key_sends) {
    read_items(r, [&] { targets.emplace_back(read_journal_send(r, plan)); });
  } else {
    r.skip();
  }
}

}  // namespace

std::string encode_result(const graph_plan& plan, const node_result& result) {
  const auto counts = count(result.go_to);
  cbor_writer w;
  w.map(entry_count(result.writes, counts) + static_cast<std::size_t>(result.parent.has_value()));
  write_entries(w, *plan.state, result.writes, result.go_to, counts);
  if (const auto& parent = result.parent) {
    const auto parent_counts = count(parent->go_to);
    w.text(key_parent);
    w.map(entry_count(parent->writes, parent_counts));
    const auto& type = parent->type == nullptr ? *plan.state : *parent->type;
    write_entries(w, type, parent->writes, parent->go_to, parent_counts);
  }
  return take_stored(w, result_text);
}

node_result decode_result(const graph_plan& plan, std::string_view body, const graph_plan* parent) {
  return read_stored(result_text, body, [&](cbor_reader& r) {
    node_result result;
    read_entries(r, [&](std::string_view key) {
      if (key != key_parent) return read_entry(r, plan, key, result.writes, result.go_to);
      if (parent == nullptr) r.fail("a command for an enclosing graph, of which there is none");
      auto& command = result.parent.emplace();
      command.type = parent->state;
      read_entries(r, [&](std::string_view inner) {
        read_entry(r, *parent, inner, command.writes, command.go_to);
      });
    });
    return result;
  });
}

std::string encode_interrupt(const pending_interrupt& interrupt, std::string_view task) {
  cbor_writer w;
  w.array(5);
  w.text(task);
  w.text(interrupt.node);
  if (interrupt.question.empty()) {
    w.null();
  } else {
    w.raw(json_to_cbor(interrupt.question));
  }
  if (interrupt.schema.empty()) {
    w.null();
  } else {
    w.text(interrupt.schema);
  }
  w.text(interrupt.ns);
  return take_stored(w, interrupt_text);
}

std::pair<pending_interrupt, std::string> decode_interrupt(std::string_view key,
                                                           std::string_view body) {
  return read_stored(interrupt_text, body, [&](cbor_reader& r) {
    expect_array(r, 5);
    std::pair<pending_interrupt, std::string> result;
    auto& [interrupt, task] = result;
    interrupt.id = key;
    task = r.text();
    interrupt.node = r.text();
    interrupt.question = cbor_to_json(r.raw());
    if (!r.skip_null()) interrupt.schema = r.text();
    interrupt.ns = r.text();
    return result;
  });
}

std::string encode_failure(const error& what, std::string_view fallback) {
  cbor_writer w;
  w.array(fallback.empty() ? 4 : 5);
  w.integer(static_cast<int>(what.code()));
  w.text(what.message());
  w.text(what.place().node);
  w.integer(what.place().attempt);
  if (!fallback.empty()) w.text(fallback);
  return w.take();
}

std::pair<error, std::string> decode_failure(std::string_view body) {
  return read_stored(failure_text, body, [&](cbor_reader& r) {
    const auto size = r.array();
    if (size != 4 && size != 5) r.fail("expected a code, a message, a node and an attempt");
    int number = 0;
    codec<int>::decode(r, number);
    std::string message{r.text()};
    error_place place;
    place.node = r.text();
    codec<int>::decode(r, place.attempt);
    std::string fallback;
    if (size == 5) fallback = r.text();
    return std::pair{error{error_code_from_number(number), std::move(message)}.at(place),
                     std::move(fallback)};
  });
}

std::string writes_to_json(const state_type& type, const std::vector<channel_write>& writes) {
  std::map<std::uint16_t, const value*> last;
  for (const auto& write : writes) last[write.channel] = &write.content;
  cbor_writer w;
  w.map(last.size());
  for (const auto& [channel, content] : last) {
    w.text(type.at(channel).name());
    write_value(w, *content);
  }
  return cbor_to_json(take_stored(w, result_text));
}

}  // namespace mcp::core
