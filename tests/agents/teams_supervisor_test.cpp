#include "mcp/agents/teams_supervisor.hpp"

#include "agents/teams_harness.hpp"
#include "store/temporary_folder.hpp"

namespace mcp::test {
namespace {

struct nothing {
  bool dry = false;
};
MCP_STRUCT(nothing, dry)

struct audited {
  std::vector<message> messages{};
  std::string verdict{};
};
MCP_STATE(audited, (messages, add_messages), verdict)

using texts = std::vector<std::string>;

std::shared_ptr<tool> parcel() {
  return make_tool("track", "Where a parcel is.", [](const nothing&) { return "in Oslo"; });
}

/// A desk whose supervisor answers `turns`; billing is data, orders a tool loop, night a function.
supervisor_options desk(std::vector<scripted_answer> turns) {
  const auto orders =
      tool_loop("orders",
                model_node(in_turn({calling({"track"}), text_answer("It is in Oslo.")}),
                           &chat_state::messages),
                tool_set{parcel()}, &chat_state::messages);
  const auto night = [](const chat_state& s) {
    return update<chat_state>{}.append(
        &chat_state::messages, assistant_message("heard " + std::to_string(s.messages.size())));
  };
  return {.model = in_turn(std::move(turns)),
          .members = {{"billing", "knows invoices", model_agent{.model = says({"It is paid."})}},
                      {"orders", "knows parcels", orders},
                      {"night", "knows nothing", night}}};
}

run_result<team_state> run(supervisor_options options, run_options how = {}) {
  executor<team_state> runs{supervisor_team("desk", std::move(options))};
  auto ended = runs.run_to_result(asking("help"), std::move(how));
  if (ended.done()) check_calls_are_answered(ended.state().messages);
  return ended;
}

}  // namespace

TEST_CASE("A supervisor hands the conversation to a member, who comes back with an answer",
          "[teams]") {
  const auto after = run(desk({calling({"transfer_to_billing"}), text_answer("Paid.")})).state();
  CHECK(lines(after.messages) ==
        texts{"user: help", "assistant supervisor:  [transfer_to_billing]",
              "tool transfer_to_billing: Successfully transferred to billing",
              "assistant billing: It is paid.",
              "assistant billing: Transferring back to supervisor [transfer_back_to_supervisor]",
              "tool transfer_back_to_supervisor: Successfully transferred back to supervisor",
              "assistant supervisor: Paid."});
  CHECK(after.active_agent == "billing");
  CHECK(after.hand_offs == 1);
}

TEST_CASE("Hand-offs need leave no trace, and what was said beside them stays", "[teams]") {
  auto options = desk({calling({"transfer_to_billing"}), calling({"transfer_to_night"}, "Now you."),
                       text_answer("Paid.")});
  options.hand_off_messages = false;
  options.hand_back_messages = false;
  const auto lead = noting(options.model);
  options.model = lead;
  const auto after = run(std::move(options)).state();
  // No provider is asked to speak after an answer.
  for (const auto& request : lead->asked()) CHECK(request.messages.back().role == "user");
  CHECK(lines(after.messages) == texts{"user: help", "assistant billing: It is paid.",
                                       "assistant supervisor: Now you.", "assistant night: heard 3",
                                       "assistant supervisor: Paid."});
  CHECK(after.hand_offs == 2);
}

TEST_CASE("A team keeps a member's last message, or all of its turn", "[teams]") {
  const auto kept = [](output_mode mode) {
    auto options = desk({calling({"transfer_to_orders"}), text_answer("Oslo.")});
    options.output = mode;
    options.hand_off_messages = false;
    options.hand_back_messages = false;
    return lines(run(std::move(options)).state().messages);
  };
  CHECK(kept(output_mode::last_message) ==
        texts{"user: help", "assistant orders: It is in Oslo.", "assistant supervisor: Oslo."});
  CHECK(kept(output_mode::full_history) ==
        texts{"user: help", "assistant orders:  [track]", "tool track: in Oslo",
              "assistant orders: It is in Oslo.", "assistant supervisor: Oslo."});
}

TEST_CASE("A supervisor without hand-offs left is asked to answer, and gives what it has",
          "[teams]") {
  auto options = desk({calling({"transfer_to_night"})});
  const auto model = noting(options.model);
  options.model = model;
  options.max_hand_offs = 2;
  const auto after = run(options).state();
  CHECK(after.hand_offs == 2);
  CHECK(after.messages.back().content == "Sorry, no hand-offs are left to answer this.");
  const auto asked = model->asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[1].tool_choice == tool_choice::automatic);
  CHECK(asked[2].tool_choice == tool_choice::none);
  CHECK(asked[2].tools.size() == 3);
  CHECK(asked[2].messages[0].content.find("No hand-offs are left") != std::string::npos);
}

TEST_CASE("Of several transfers the first counts; nobody and other tools are answered too",
          "[teams]") {
  auto options = desk({calling({"transfer_to_nobody", "track"}),
                       calling({"track", "transfer_to_night", "transfer_to_billing"}),
                       calling({"track"}), text_answer("done")});
  options.tools = {parcel()};
  options.hand_back_messages = false;
  const auto after = run(std::move(options)).state();
  CHECK(lines(after.messages) ==
        texts{"user: help", "assistant supervisor:  [transfer_to_nobody] [track]",
              "tool transfer_to_nobody: Error: nobody is called nobody, try one of [billing, "
              "orders, night].",
              "tool track: Not run: the message also asked for a hand-off.",
              "assistant supervisor:  [track] [transfer_to_night] [transfer_to_billing]",
              "tool track: Not run: the conversation was handed to night.",
              "tool transfer_to_night: Successfully transferred to night",
              "tool transfer_to_billing: Not run: the conversation was handed to night.",
              "assistant night: heard 8", "assistant supervisor:  [track]", "tool track: in Oslo",
              "assistant supervisor: done"});
  CHECK(after.hand_offs == 2);
}

TEST_CASE("A supervisor that runs out of supersteps says so in time", "[teams]") {
  for (std::int64_t limit = 3; limit < 20; ++limit) {
    INFO("recursion limit " << limit);
    const auto ended = run(desk({calling({"transfer_to_night"})}), {.recursion_limit = limit});
    REQUIRE(ended.done());
    CHECK(ended.state().messages.back().content == tool_loop_options{}.out_of_steps);
  }
}

TEST_CASE("Hand-offs are counted anew in each run of a thread", "[teams]") {
  auto options = desk({calling({"transfer_to_night"}), text_answer("one"),
                       calling({"transfer_to_night"}), text_answer("two")});
  options.max_hand_offs = 1;
  executor<team_state> runs{supervisor_team("desk", std::move(options)),
                            {.store = in_memory_checkpoint_store()}};
  CHECK(runs.run(asking("a"), {.thread_id = "t"}).messages.back().content == "one");
  const auto after = runs.run(asking("b"), {.thread_id = "t"});
  CHECK(after.messages.back().content == "two");
  CHECK(after.hand_offs == 1);
}

TEST_CASE("A command of a member gives the conversation to another member", "[teams]") {
  const auto passes_on = [](const chat_state&) {
    return hand_off_command({assistant_message("not mine")}, "night");
  };
  auto options = desk({calling({"transfer_to_day"}), text_answer("done")});
  options.members.emplace_back("day", "passes on", passes_on);
  options.hand_off_messages = false;
  options.hand_back_messages = false;
  const auto after = run(std::move(options)).state();
  CHECK(lines(after.messages) == texts{"user: help", "assistant: not mine",
                                       "assistant night: heard 2", "assistant supervisor: done"});
  CHECK(after.active_agent == "night");
}

TEST_CASE("A supervisor's team can be a member of another one", "[teams]") {
  auto inner = desk({calling({"transfer_to_night"}), text_answer("inner says hello")});
  auto outer = desk({calling({"transfer_to_inner"}), text_answer("done")});
  outer.members.emplace_back("inner", "a team", supervisor_team("inner", std::move(inner)));
  outer.hand_back_messages = false;
  const auto after = run(std::move(outer)).state();
  CHECK(after.messages.at(3).content == "inner says hello");
  CHECK(after.messages.at(3).name == "supervisor");
  CHECK(after.hand_offs == 1);
}

TEST_CASE("A supervisor without tools is told so when it calls one, and may be given one later",
          "[teams]") {
  auto options =
      desk({calling({"track"}), text_answer("Where?"), calling({"track"}), text_answer("Oslo.")});
  executor<team_state> runs{supervisor_team("desk", options)};
  CHECK(runs.run(asking("help")).messages.at(2).content.starts_with("Error: track is not a valid"));
  options.tools.add(parcel());
  CHECK(runs.run(asking("help")).messages.at(2).content == "in Oslo");
}

TEST_CASE("A team is a node of another graph, and stops where it is told to", "[teams]") {
  const auto team = [] {
    return supervisor_team("desk", desk({calling({"transfer_to_night"}), text_answer("done")}));
  };
  graph<audited> office{"office"};
  office.node("desk", team())
      .node("audit",
            [](const audited& s) {
              return update<audited>{}.set(&audited::verdict,
                                           std::to_string(s.messages.size()) + " messages");
            })
      .entry_point("desk")
      .edge("desk", "audit")
      .finish_point("audit");
  executor<audited> runs{office};
  const auto after = runs.run({.messages = {user_message("help")}});
  CHECK(after.verdict == "7 messages");
  check_calls_are_answered(after.messages);

  auto careful = team();
  careful.interrupt_before({"hand_off"});
  executor<team_state> stops{careful, {.store = in_memory_checkpoint_store()}};
  REQUIRE(stops.run_to_result(asking("help"), {.thread_id = "t"}).status() ==
          run_status::interrupted);
  CHECK(stops.state("t").next == texts{"hand_off"});
  CHECK(stops.resume("t").join().state().messages.back().content == "done");
}

TEST_CASE("A budget ends a supervisor's run with what it has, and a resumed run goes on",
          "[teams]") {
  auto options = desk({calling({"transfer_to_billing"}), text_answer("Paid.")});
  options.asking.max_tokens = 500;
  const auto model = noting(options.model);
  options.model = model;
  executor<team_state> runs{supervisor_team("desk", options),
                            {.store = in_memory_checkpoint_store()}};
  const auto ended = runs.run_to_result(
      asking("help"), {.thread_id = "t", .budget = {.counters = {{"tokens", 2000}}}});
  REQUIRE(ended.info.error);
  CHECK(ended.info.error->code() == errc::budget_exceeded);
  CHECK(ended.info.usage.counters.at("tokens") <= 2000);
  CHECK(ended.state().messages.size() == 3);
  const auto resumed = runs.resume("t", {}, {.budget = {.counters = {{"tokens", 100'000}}}}).join();
  REQUIRE(resumed.done());
  CHECK(resumed.state().messages.back().content == "Paid.");
  CHECK(model->asked().size() == 2);
}

TEST_CASE("A person who is asked within a member is answered where the run waits", "[teams]") {
  const auto careful =
      make_tool("track", "", [](const nothing&) { return "in Oslo"; }, {.approval = ask_always});
  auto options = desk({calling({"transfer_to_careful"}), text_answer("done")});
  const auto model = noting(in_turn({calling({"track"}), text_answer("It is in Oslo.")}));
  options.members.emplace_back("careful", "", model_agent{.model = model, .tools = {careful}});
  options.output = output_mode::full_history;
  executor<team_state> runs{supervisor_team("desk", std::move(options)),
                            {.store = in_memory_checkpoint_store()}};
  const auto waits = runs.run_to_result(asking("help"), {.thread_id = "t"});
  REQUIRE(waits.status() == run_status::interrupted);
  CHECK(waits.interrupts().at(0).ns.starts_with("careful:"));
  const auto ended =
      runs.resume("t", answers::only(tool_answer{.type = tool_decision::accept})).join();
  REQUIRE(ended.done());
  check_calls_are_answered(ended.state().messages);
  CHECK(ended.state().messages.at(4).content == "in Oslo");
  CHECK(ended.state().messages.back().content == "done");
  CHECK(model->asked().size() == 2);
}

TEST_CASE("Cancelling a supervisor's run stops the call of a member's model", "[teams]") {
  const auto model = std::make_shared<waiting_model>();
  auto options = desk({calling({"transfer_to_slow"})});
  options.members.emplace_back("slow", "", model_agent{.model = model});
  check_cancel(supervisor_team("desk", std::move(options)), asking("help"), *model);
}

TEST_CASE("A supervisor's run goes on in another process where its member was", "[teams]") {
  const temporary_folder folder;
  auto options = desk({calling({"transfer_to_slow"}), text_answer("done")});
  const auto lead = noting(options.model);
  options.model = lead;
  const auto stuck = std::make_shared<waiting_model>();
  {
    auto first = options;
    first.members.emplace_back("slow", "", model_agent{.model = stuck});
    executor<team_state> runs{supervisor_team("desk", std::move(first)),
                              {.store = sqlite_checkpoint_store(folder.file("runs.db"))}};
    const auto run = runs.start(asking("help"), {.thread_id = "t"});
    stuck->started.get_future().wait();
  }
  options.members.emplace_back("slow", "", model_agent{.model = says({"at last"})});
  executor<team_state> again{supervisor_team("desk", std::move(options)),
                             {.store = sqlite_checkpoint_store(folder.file("runs.db"))}};
  const auto recovered = again.recovered();
  REQUIRE(recovered.size() == 1);
  const auto ended = recovered.front().join();
  REQUIRE(ended.done());
  check_calls_are_answered(ended.state().messages);
  CHECK(ended.state().messages.at(3).content == "at last");
  CHECK(ended.state().messages.back().content == "done");
  CHECK(lead->asked().size() == 2);
}

TEST_CASE("A supervisor's team is drawn with its members, and refuses what is no team", "[teams]") {
  auto options = desk({text_answer("x")});
  check_drawn(supervisor_team("desk", options),
              {"begin", "supervisor", "hand_off", "billing", "orders", "night"});
  CHECK(supervisor_team("desk", options).draw(drawing::mermaid, 1).find("tools") !=
        std::string::npos);
  const auto refused = [&](auto change) {
    auto changed = options;
    change(changed);
    CHECK_THROWS_AS(supervisor_team("desk", changed), error);
  };
  refused([](auto& o) { o.model.reset(); });
  refused([](auto& o) { o.members.clear(); });
  refused([](auto& o) { o.max_hand_offs = 0; });
  refused([](auto& o) { o.members.push_back(o.members.front()); });
  refused([&](auto& o) {
    o.members.emplace_back("two words", "", model_agent{.model = options.model});
  });
  refused(
      [&](auto& o) { o.members.emplace_back("begin", "", model_agent{.model = options.model}); });
  refused([&](auto& o) {
    o.members.emplace_back(std::string(51, 'a'), "", model_agent{.model = options.model});
  });
  CHECK_THROWS_AS((team_member{"x", "", model_agent{}}), error);
}

}  // namespace mcp::test
