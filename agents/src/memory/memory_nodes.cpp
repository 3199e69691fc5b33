#include "mcp/agents/memory_nodes.hpp"

#include "memory/memory_errand.hpp"

#include <algorithm>
#include <optional>

namespace mcp {
namespace detail {

std::string last_question(const std::vector<message>& messages) {
  const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                 [](const message& said) { return said.role == "user"; });
  return last == messages.rend() ? std::string{} : last->content;
}

std::vector<std::string> texts_of(std::vector<memory_hit> notes) {
  std::vector<std::string> texts;
  for (auto& note : notes) texts.push_back(std::move(note.text));
  return texts;
}

void tell_degraded(context& ctx, const std::optional<error>& why) {
  if (why) ctx.emit("memory_degraded", why->what());
}

}  // namespace detail

namespace {

constexpr std::int64_t usual_results = 5;

struct remember_arguments {
  std::string text{};
  std::optional<std::string> kind{};
};
MCP_STRUCT(remember_arguments, (text, mcp::doc("what to remember, one thing, in full words")),
           (kind, mcp::doc("what kind of note it is, such as fact, preference or event")))

struct recall_arguments {
  std::string query{};
  std::optional<std::int64_t> limit{};
};
MCP_STRUCT(recall_arguments, (query, mcp::doc("what the notes should be about")),
           (limit, mcp::doc("most notes, 5 if absent")))

struct forget_arguments {
  std::string key{};
};
MCP_STRUCT(forget_arguments, (key, mcp::doc("the note's key, as recall told it")))

/// A note as a model sees it.
struct told_note {
  std::string key{};
  std::string kind{};
  std::string text{};
};
MCP_STRUCT(told_note, key, kind, text)

memories::stop_hook hook_of(const tool_reply& reply) {
  return [reply](std::function<void()> stop) { reply.on_cancel(std::move(stop)); };
}

void require(bool there) {
  if (there) return;
  throw error{errc::invalid_argument, "a tool of a memory needs to know where; it was given null"};
}

std::string told(const std::vector<memory_hit>& notes) {
  std::vector<told_note> list;
  for (const auto& note : notes) list.push_back({note.key, note.kind, note.text});
  return to_json(list);
}

}  // namespace

std::shared_ptr<tool> remember_tool(agent_memory memory, memory_tool_place where) {
  require(static_cast<bool>(where));
  return make_tool("remember", "Notes something down that will matter in later conversations.",
                   [memory = std::move(memory), where = std::move(where)](
                       const remember_arguments& given, tool_reply reply) {
                     memory_note note{.text = given.text};
                     if (given.kind && !given.kind->empty()) note.kind = *given.kind;
                     auto& ctx = reply.context();
                     memories::start_remember(memory.options(), where(ctx), {std::move(note)}, ctx,
                                              hook_of(reply), [reply](remember_result what) {
                                                if (what.error)
                                                  return reply.fail(std::move(*what.error));
                                                reply.done("remembered as " + what.keys.front());
                                              });
                   },
                   {.tell_model = true});
}

std::shared_ptr<tool> recall_tool(agent_memory memory, memory_tool_places where,
                                  std::size_t max_results) {
  require(static_cast<bool>(where));
  if (max_results == 0 || max_results > max_recalled_notes) {
    throw error{errc::invalid_argument,
                "max_results of the recall tool is 1 to " + std::to_string(max_recalled_notes)};
  }
  return make_tool("recall", "Finds notes from earlier conversations, best first.",
                   [memory = std::move(memory), where = std::move(where), max_results](
                       const recall_arguments& given, tool_reply reply) {
                     const auto limit = given.limit.value_or(usual_results);
                     if (limit < 1) throw error{errc::invalid_tool_call, "limit is at least 1"};
                     auto& ctx = reply.context();
                     recall_query query{.text = given.query, .places = where(ctx)};
                     query.limit = std::min(static_cast<std::size_t>(limit), max_results);
                     memories::start_recall(memory.options(), std::move(query), ctx, hook_of(reply),
                                            [reply](recall_result what) {
                                              if (what.error)
                                                return reply.fail(std::move(*what.error));
                                              reply.done(told(what.notes));
                                            });
                   },
                   {.tell_model = true});
}

std::shared_ptr<tool> forget_tool(agent_memory memory, memory_tool_place where) {
  require(static_cast<bool>(where));
  return make_tool("forget", "Removes a note that is wrong or not wanted any more.",
                   [memory = std::move(memory), where = std::move(where)](
                       const forget_arguments& given, tool_reply reply) {
                     auto& ctx = reply.context();
                     memories::start_forget(
                         memory.options(), where(ctx), given.key, ctx, hook_of(reply),
                         [reply](forget_result what) {
                           if (what.error) return reply.fail(std::move(*what.error));
                           reply.done(what.found ? "forgotten" : "there is no such note");
                         });
                   },
                   {.tell_model = true});
}

}  // namespace mcp
