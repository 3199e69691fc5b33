// Two conversations: the second one remembers the first. The model is scripted and the embeddings
// are hashed words, so that the program needs no network; mcp::openai_model and
// mcp::openai_embeddings go in their places.
//
//   start --> recall --> talk --> remember --> end

#include <iostream>
#include <string>
#include <vector>

#include <mcp/agents/memory_nodes.hpp>
#include <mcp/agents/prompt_memory.hpp>
#include <mcp/agents/scripted_model.hpp>
#include <mcp/mcp.hpp>

struct State {
  std::string user{};
  std::vector<mcp::message> chat{};
  std::vector<std::string> known{};  // what was recalled
};
MCP_STATE(State, user, (chat, mcp::add_messages), known)

/// Worth remembering is what users say of themselves.
std::vector<std::string> about_user(const State& s) {
  std::vector<std::string> notes;
  for (const auto& said : s.chat) {
    if (said.role == "user" && said.content.starts_with("I ")) notes.push_back(said.content);
  }
  return notes;
}

/// Answers from what it is told beside the conversation.
mcp::scripted_answer answer(const mcp::chat_request& asked) {
  const auto& told = asked.messages.front();
  if (told.role != "system") return {.text = "Nice to meet you."};
  const auto note = told.content.substr(told.content.find("- ") + 2);
  return {.text = "You told me: " + note.substr(0, note.find('\n'))};
}

int main() {
  const auto model = mcp::scripted_model({.rules = {{.answer = answer}}});
  const mcp::agent_memory memory{{.embeddings = mcp::hashing_embeddings()}};
  const auto of_user = [](const State& s, mcp::context&) { return mcp::user_place(s.user); };

  mcp::graph<State> graph("agent_memory");
  graph.node("recall", mcp::recall_node<State>(memory, &State::chat, &State::known, of_user))
      .node("talk", mcp::remembering_node<State>(model, &State::chat, {.recalled = &State::known}))
      .node("remember", mcp::remember_node<State>(memory, about_user, of_user))
      .entry_point("recall")
      .sequence({"recall", "talk", "remember"});

  mcp::executor<State> executor{graph, {.memory = mcp::in_memory_memory_store()}};
  const auto talk = [&](const std::string& user, const std::string& words) {
    const auto after = executor.run({.user = user, .chat = {mcp::user_message(words)}});
    std::cout << user << ": " << words << "\n  " << after.chat.back().content << '\n';
  };
  talk("ann", "I drink green tea with honey");
  talk("ann", "What tea do I drink?");
  talk("bob", "What tea do I drink?");
}
