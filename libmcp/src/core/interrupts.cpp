#include "core/interrupts.hpp"

#include "core/checkpoint_codec.hpp"
#include "mcp/json_schema.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

namespace mcp {

std::string detail::schema_after_refusal(const std::string& schema, const std::string& why) {
  auto made = nlohmann::json::parse(schema.empty() ? "{}" : schema, nullptr, false);
  if (made == true) made = nlohmann::json::object();
  if (!made.is_object()) return schema;  // no place for a comment
  made["$comment"] = "the answer before this one did not fit: " + why;
  return made.dump();
}

}  // namespace mcp

namespace mcp::core {
namespace {

std::string list_ids(const std::vector<pending_interrupt>& pending) {
  std::string text;
  for (const auto& one : pending)
    text += (text.empty() ? "" : ", ") + one.id + " (" + one.node + ")";
  return text.empty() ? "none" : text;
}

void check_answer(const pending_interrupt& asked, const std::string& answer) {
  const auto json = nlohmann::json::parse(cbor_to_json(answer));
  if (json.is_null()) {
    throw error{errc::invalid_answer, "null cannot answer the interrupt " + asked.id};
  }
  if (asked.schema.empty()) return;
  const json_schema schema{nlohmann::json::parse(asked.schema)};
  const auto problems = schema.validate(json);
  if (problems.empty()) return;
  throw error{
      errc::invalid_answer,
      "the answer to the interrupt " + asked.id + " of node \"" + asked.node +
          "\" does not fit: " + (problems.front().at.empty() ? "" : problems.front().at + ": ") +
          problems.front().message};
}

bool has_stops(const graph_plan& plan) {
  return !plan.interrupt_before.empty() || !plan.interrupt_after.empty() ||
         std::any_of(plan.nodes.begin(), plan.nodes.end(), [](const planned_node& node) {
           return node.spec.subgraph.plan && has_stops(*node.spec.subgraph.plan);
         });
}

}  // namespace

std::vector<pending_interrupt> pending_interrupts(const std::vector<journal_entry>& journal) {
  std::set<std::string> answered;
  for (const auto& entry : journal) {
    if (entry.kind == journal_kind::answer) answered.insert(entry.key);
  }
  std::vector<pending_interrupt> pending;
  for (const auto& entry : journal) {
    // Without a key: a stop before a node of a subgraph, which is passed, not answered.
    if (entry.kind == journal_kind::interrupt && !entry.key.empty() &&
        !answered.contains(entry.key)) {
      pending.push_back(decode_interrupt(entry.key, entry.body).first);
    }
  }
  return pending;
}

std::map<std::string, std::string> match_answers(const std::vector<pending_interrupt>& pending,
                                                 std::map<std::string, std::string> answers) {
  if (const auto bare = answers.find(""); bare != answers.end()) {
    if (pending.size() > 1) {
      throw error{errc::ambiguous_answer, "several interrupts are pending: " + list_ids(pending)};
    }
    if (pending.empty()) throw error{errc::unknown_interrupt, "no interrupt is pending"};
    answers[pending.front().id] = std::move(bare->second);
    answers.erase("");
  }
  for (const auto& [id, answer] : answers) {
    const auto asked = std::find_if(pending.begin(), pending.end(),
                                    [&wanted = id](const auto& one) { return one.id == wanted; });
    if (asked == pending.end()) {
      throw error{errc::unknown_interrupt,
                  "no interrupt \"" + id + "\" is pending; pending are: " + list_ids(pending)};
    }
    check_answer(*asked, answer);
  }
  return answers;
}

void check_answer_schema(const std::string& schema) {
  if (schema.empty()) return;
  const auto refuse = [](const std::string& why) {
    throw error{errc::invalid_argument, "the schema of a question is no JSON Schema: " + why};
  };
  try {
    static_cast<void>(json_schema{nlohmann::json::parse(schema)});
  } catch (const error& what) {
    refuse(what.message());
  } catch (const nlohmann::json::exception& what) {
    refuse(what.what());
  }
}

void check_stops(const graph_plan& plan, const run_options& options, bool stored) {
  const auto check = [&](const std::vector<std::string>& names, const char* option) {
    for (const auto& name : names) {
      if (name == "*" || plan.find(name) != end_index) continue;
      std::vector<std::string_view> known;
      for (const auto& node : plan.nodes) known.push_back(node.spec.name);
      throw error{errc::invalid_argument, std::string{"run_options::"} + option +
                                              " names the node \"" + name + "\", which graph \"" +
                                              plan.name + "\" does not have" +
                                              detail::suggestion(name, known)};
    }
  };
  check(options.interrupt_before, "interrupt_before");
  check(options.interrupt_after, "interrupt_after");
  const bool stops = !options.interrupt_before.empty() || !options.interrupt_after.empty();
  if (stored || !(stops || has_stops(plan))) return;
  throw error{errc::no_store,
              "the run is to stop before or after a node (interrupt_before, "
              "interrupt_after), and has no store to go on from"};
}

}  // namespace mcp::core
