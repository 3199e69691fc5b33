#include "system/remembering.hpp"

#include "mcp/agents/memory_nodes.hpp"
#include "system/answering.hpp"

#include <utility>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

json metadata_of(const named_scripts& wanted, sandbox& box) {
  auto result = json::object();
  for (const auto& [name, script] : wanted) {
    if (auto content = box.call(script); !content.is_null()) result[name] = std::move(content);
  }
  return result;
}

memory_place place_of(const scope_description& scope, const std::string& system, sandbox& box,
                      const context& ctx) {
  if (!scope.id.empty()) return {scope.scope, scope.id.render(box)};
  if (scope.scope == memory_scope::thread) return thread_place(ctx);
  return agent_place(system);
}

std::string member(const json& table, const char* name) {
  const auto found = table.find(name);
  if (found == table.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  throw error{errc::script_failed, "the `" + std::string{name} + "` of a note is no text"};
}

/// A note as a script returns it: a text, or a table.
memory_note note_of(const json& returned, const std::string& kind, const json& metadata) {
  memory_note note{.kind = kind};
  auto about = metadata;
  if (returned.is_string()) {
    note.text = returned.get<std::string>();
  } else if (returned.is_object()) {
    note.text = member(returned, "text");
    note.key = member(returned, "key");
    if (auto own = member(returned, "kind"); !own.empty()) note.kind = std::move(own);
    if (const auto own = returned.find("metadata"); own != returned.end() && !own->is_null()) {
      if (!own->is_object()) {
        throw error{errc::script_failed, "the `metadata` of a note is no table with names"};
      }
      about.update(*own);
    }
  } else {
    throw error{errc::script_failed,
                "a note is " + shown(returned).substr(0, 100) +
                    "; return a text, a table with `text`, or a list of these"};
  }
  if (!about.empty()) note.metadata = about.dump();
  return note;
}

struct remember_node {
  remember_node_description what;
  std::string system;
  node_surroundings around;

  [[nodiscard]] std::vector<memory_note> notes(sandbox& box) const {
    const auto metadata = metadata_of(what.metadata, box);
    auto returned = what.lua ? box.call(*what.lua) : json(what.text.render(box));
    if (returned.is_null()) return {};
    if (!returned.is_array()) returned = json::array({std::move(returned)});
    std::vector<memory_note> result;
    for (const auto& one : returned) {
      auto note = note_of(one, what.kind, metadata);
      if (is_blank(note.text)) continue;
      if (!what.key.empty()) note.key = what.key.render(box);
      result.push_back(std::move(note));
    }
    return result;
  }

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    sandbox box{around.limits};
    box.set_state("state", in.state.as<json_state>());
    auto& ctx = port->context();
    auto place = place_of(what.scope, system, box, ctx);
    around.notes.remember(std::move(place), notes(box), ctx, [port](remember_result result) {
      if (result.error) return static_cast<void>(port->fail({.error = std::move(*result.error)}));
      detail::tell_degraded(port->context(), result.degraded);
      port->done({});
    });
  }
};

json table_of(const memory_hit& hit) {
  json result{{"text", hit.text}, {"kind", hit.kind}, {"key", hit.key}, {"score", hit.score}};
  if (!hit.metadata.empty()) result["metadata"] = json::parse(hit.metadata);
  return result;
}

struct recall_node {
  recall_node_description what;
  bool texts = true;
  std::string system;
  node_surroundings around;

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    sandbox box{around.limits};
    box.set_state("state", in.state.as<json_state>());
    auto& ctx = port->context();
    recall_query query{.text = what.question.render(box), .limit = what.limit, .kind = what.kind};
    for (const auto& scope : what.scopes) {
      query.places.push_back(place_of(scope, system, box, ctx));
    }
    const auto metadata = metadata_of(what.metadata, box);
    for (const auto& [name, content] : metadata.items()) {
      query.filters.push_back({.field = name, .value = content.dump()});
    }
    around.notes.recall(std::move(query), ctx, [self = *this, port](recall_result found) {
      if (found.error) return static_cast<void>(port->fail({.error = std::move(*found.error)}));
      detail::tell_degraded(port->context(), found.degraded);
      answer(*port, [&] { return self.written(found.notes); });
    });
  }

  [[nodiscard]] node_result written(const std::vector<memory_hit>& notes) const {
    auto list = json::array();
    for (const auto& one : notes) list.push_back(texts ? json(one.text) : table_of(one));
    update<json_state> change{around.type};
    change.overwrite(what.into.name, std::move(list));
    return {.writes = std::move(change).take()};
  }
};

template <class Node>
node_spec async_node(Node node) {
  node_spec spec;
  spec.kind = node_kind::async;
  spec.begin = [node = std::move(node)](const node_input& in, std::shared_ptr<reply_port> port) {
    node.begin(in, port);
  };
  return spec;
}

struct summarizing_node {
  std::shared_ptr<chat_model> model;
  std::shared_ptr<const summary_options> options;
  std::string messages;
  std::string into;
  node_surroundings around;

  void begin(const node_input& in, const std::shared_ptr<reply_port>& port) const {
    const auto& state = in.state.as<json_state>();
    summarize(model, options, state.messages(messages), shown(state.get(into)), port->context(),
              [self = *this, port](summary_outcome what) {
                if (what.error) {
                  return static_cast<void>(port->fail({.error = std::move(*what.error)}));
                }
                answer(*port, [&] { return self.written(std::move(what)); });
              });
  }

  [[nodiscard]] node_result written(summary_outcome what) const {
    if (!what.changed) return {};
    update<json_state> change{around.type};
    change.overwrite(into, std::move(what.summary));
    node_result result{.writes = std::move(change).take()};
    result.writes.push_back(
        {field_index(*around.type, messages), write_mode::reduce, value{std::move(what.removed)}});
    return result;
  }
};

}  // namespace

std::vector<std::string> texts_in(const json& field) {
  std::vector<std::string> result;
  const auto add = [&result](const json& one) {
    auto text = one.is_object() && one.contains("text") ? shown(one.at("text")) : shown(one);
    if (!is_blank(text)) result.push_back(std::move(text));
  };
  if (field.is_array()) {
    for (const auto& one : field) add(one);
  } else {
    add(field);
  }
  return result;
}

prompt_memory known_of(const known_description& knows, const json_state& state) {
  prompt_memory result;
  if (knows.summary) result.summary = shown(state.get(knows.summary->name));
  if (knows.facts) result.facts = texts_in(state.get(knows.facts->name));
  if (knows.recalled) result.recalled = texts_in(state.get(knows.recalled->name));
  return result;
}

node_spec make_summary_node(const summary_node_description& what, const ready_model& model,
                            const std::string& messages, const node_surroundings& around) {
  summary_options options{.limit = what.limit.limit(), .keep = what.keep.limit()};
  if (!what.instruction.empty()) options.instruction = what.instruction;
  if (what.max_question_tokens) options.max_question_tokens = *what.max_question_tokens;
  options.on_failure = what.on_failure;
  options.ask.request = model.request;
  if (what.max_tokens) options.ask.request.max_tokens = what.max_tokens;
  check_summary(model.model, options);
  return async_node(summarizing_node{model.model,
                                     std::make_shared<const summary_options>(std::move(options)),
                                     messages, what.into.name, around});
}

node_spec make_remember_node(const remember_node_description& what, const std::string& system,
                             const node_surroundings& around) {
  return async_node(remember_node{what, system, around});
}

node_spec make_recall_node(const recall_node_description& what, bool texts,
                           const std::string& system, const node_surroundings& around) {
  return async_node(recall_node{what, texts, system, around});
}

}  // namespace mcp::cluster
