// A supervisor hands a conversation to the members of its team and answers from what they say. All
// models are scripted; real ones go where `scripted` is. One member is data (a model with a tool),
// one is a function.
//
//   start --> begin --> supervisor --(transfer_to_NAME)--> hand_off --> billing / orders --.
//                        ^   '--(an answer)--> end                                         |
//                        '-----------------------------------------------------------------'

#include <iostream>
#include <string>
#include <vector>

#include <mcp/agents/scripted_model.hpp>
#include <mcp/agents/teams_supervisor.hpp>
#include <mcp/mcp.hpp>

struct parcel {
  std::string number{};
};
MCP_STRUCT(parcel, (number, mcp::doc("number of the parcel")))

std::shared_ptr<mcp::chat_model> scripted(std::vector<mcp::scripted_answer> answers) {
  return mcp::scripted_model({.rules = {{.answers = std::move(answers)}}});
}

mcp::scripted_answer calls(const std::string& tool, const std::string& arguments = "{}") {
  return {.tool_calls = {{.id = "call", .name = tool, .arguments = arguments}}};
}

mcp::update<mcp::chat_state> billing(const mcp::chat_state&) {
  return mcp::update<mcp::chat_state>{}.append(&mcp::chat_state::messages,
                                               mcp::assistant_message("Invoice 7 is paid."));
}

int main() {
  const auto track = mcp::make_tool("track", "Where a parcel is.", [](const parcel& p) {
    return "parcel " + p.number + " is in Oslo";
  });
  const mcp::model_agent orders{
      .model = scripted({calls("track", R"({"number":"41"})"), {.text = "Yours is in Oslo."}}),
      .system = "You know where parcels are.",
      .tools = {track}};
  const auto lead = scripted({calls("transfer_to_billing"),
                              calls("transfer_to_orders"),
                              {.text = "Your invoice is paid, and your parcel is in Oslo."}});

  const auto desk = mcp::supervisor_team(
      "desk", {.model = lead,
               .members = {{"billing", "answers questions on invoices", billing},
                           {"orders", "knows where a parcel is", orders}},
               .output = mcp::output_mode::full_history,
               .hand_back_messages = false,
               .max_hand_offs = 8});

  mcp::executor<mcp::team_state> executor{desk};
  const auto after =
      executor.run({.messages = {mcp::user_message("Did you get my money? Where is my parcel?")}});
  for (const auto& m : after.messages) {
    std::cout << (m.name.empty() ? m.role : m.name) << ": " << m.content;
    for (const auto& call : m.tool_calls) std::cout << call.name << "(" << call.arguments << ")";
    std::cout << '\n';
  }
  std::cout << after.hand_offs << " hand-offs\n";
}
