#include "documents/plan.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

using namespace mcp::documents;

namespace {

using strings = std::vector<std::string>;

/// The texts of the parts; those of facets in brackets.
strings plan_of(const std::string& question) {
  strings out;
  for (const sub_question& part : make_plan(analyse(question)).parts) {
    out.push_back(part.required ? part.text : "(" + part.text + ")");
  }
  return out;
}

strings with_facets(const std::string& question, const strings& facets) {
  strings out{question};
  for (const std::string& facet : facets) out.push_back("(" + facet + ")");
  return out;
}

struct asked {
  std::string question;
  strings parts;
};

void check(const std::vector<asked>& table) {
  for (const asked& row : table) {
    CAPTURE(row.question);
    CHECK(plan_of(row.question) == row.parts);
  }
}

const strings about_leases =
    with_facets("What are leases?", {"How do leases work?", "What are the limits of leases?"});

}  // namespace

TEST_CASE("What a person says around a question is no part of it") {
  for (const std::string text :
       {"Tell me about leases", "tell me more about leases please", "Explain leases.",
        "Could you please describe leases?", "What about leases?",
        "Give me everything about leases", "Hi, can you give me an overview of leases?",
        "I want to know about leases", "I'm interested in leases", "What do you know about leases?",
        "Summarize leases", "Show me leases", "I don't understand leases",
        "Tell me about leases in detail", "- Explain leases"}) {
    CAPTURE(text);
    CHECK(plan_of(text) == about_leases);
  }
}

TEST_CASE("A question inside a request becomes a question of its own") {
  check(
      {{"Can you tell me what a drain is?",
        with_facets("What is a drain?",
                    {"How does a drain work?", "What are the limits of a drain?"})},
       {"Explain how leases work",
        with_facets("How do leases work?", {"What are leases?", "What are the limits of leases?"})},
       {"I'd like to understand how runs are recovered",
        with_facets("How are runs recovered?", {"What are runs?", "What are the limits of runs?"})},
       {"Please explain why history is linear",
        with_facets("Why is history linear?", {"What is history?", "How does history work?"})},
       {"Tell me whether leases expire", with_facets("Do leases expire?", {"What are leases?"})},
       {"I wonder how fast it is", {"How fast is it?"}},
       {"Tell me about leases and how they work", {"What are leases?", "How do leases work?"}},
       {"Describe the difference between a fork and a copy",
        {"What is a fork?", "What is a copy?", "How do a fork and a copy differ?"}}});
}

TEST_CASE("What a person wants to do is asked as it is, without facets") {
  check(
      {{"How do I build the project?", {"How do I build the project?"}},
       {"How can we resume a run?", {"How can we resume a run?"}},
       {"How do you delete a thread?", {"How do you delete a thread?"}},
       {"How to resume a run after kill -9?", {"How to resume a run after kill -9?"}},
       {"I need to delete a thread", {"How to delete a thread?"}},
       {"Help me build the project", {"How to build the project?"}},
       {"Where can I find the format?", {"Where can I find the format?"}},
       {"Why can't I resume a thread?", {"Why can't I resume a thread?"}},
       {"When should I use a subgraph?", {"When should I use a subgraph?"}},
       {"What should I do when the store is full?", {"What should I do when the store is full?"}}});
}

TEST_CASE("A question of yes or no, of why, when and where keeps its subject") {
  check({{"Is the log durable?", with_facets("Is the log durable?", {"What is the log?"})},
         {"Can a run be resumed?", with_facets("Can a run be resumed?", {"What is a run?"})},
         {"Is SQLite supported?", with_facets("Is SQLite supported?", {"What is SQLite?"})},
         {"Does the store support TTL?",
          with_facets("Does the store support TTL?", {"What is the store?"})},
         {"Can FastMCP run on Windows?", {"Can FastMCP run on Windows?"}},
         {"Is the store thread safe?", {"Is the store thread safe?"}},
         {"Is there a way to delete a thread?", {"Is there a way to delete a thread?"}},
         {"Why doesn't the store use threads?",
          with_facets("Why doesn't the store use threads?",
                      {"What is the store?", "How does the store work?"})},
         {"In what order do reducers run?", {"In what order do reducers run?"}},
         {"When is a snapshot written?",
          with_facets("When is a snapshot written?", {"What is a snapshot?"})},
         {"Who holds a lease?", with_facets("Who holds a lease?", {"What is a lease?"})},
         {"What passes between a server and a worker?",
          {"What passes between a server and a worker?"}},
         {"If a worker dies, does the run go on?",
          with_facets("Does the run go on if a worker dies?", {"What is the run?"})},
         {"When a worker dies, what happens?",
          with_facets("What happens when a worker dies?", {"What is a worker?"})}});
}

TEST_CASE("Comparisons in many words ask for the sides and the difference") {
  const strings two{"What is SQLite?", "What is PostgreSQL?",
                    "How do SQLite and PostgreSQL differ?"};
  check({{"Which is faster, SQLite or PostgreSQL?", two},
         {"Should I use SQLite or PostgreSQL?", two},
         {"SQLite or PostgreSQL?", two},
         {"What's the difference between SQLite and PostgreSQL?", two},
         {"How is SQLite different from PostgreSQL?", two},
         {"Compare gin, rum and tea",
          {"What is gin?", "What is rum?", "What is tea?", "How do gin, rum and tea differ?"}},
         {"What is more than 10 MB?", {"What is more than 10 MB?"}}});
}

TEST_CASE("Several questions in one text become several parts") {
  check({{"1. What is a fork? 2. What is a lease?", {"What is a fork?", "What is a lease?"}},
         {"- What is a fork?\n- What is a lease?", {"What is a fork?", "What is a lease?"}},
         {"What is a fork\nWhat is a lease", {"What is a fork?", "What is a lease?"}},
         {"What is a lease, who holds it, and when does it end?",
          {"What is a lease?", "Who holds a lease?", "When does a lease end?"}},
         {"I have three members. How many may fail?", {"How many may fail?"}},
         {"leases, forks and drains", {"What are leases?", "What are forks?", "What are drains?"}},
         {"What is a run? And a thread?", {"What is a run?", "What is a thread?"}},
         {"List all the exit codes and explain them",
          {"List all the exit codes", "What are the exit codes?"}},
         {"How many agents can I have, and how fast are they?",
          {"How many agents can I have?", "How fast are the agents?"}},
         {"The store is full. What now?", {"The store is full", "What now?"}},
         {"Is the log durable? Where is it?", {"Is the log durable?", "Where is the log?"}}});
}

TEST_CASE("A text that is no question of a known form is its own only part") {
  check({{"Wie funktioniert das?", {"Wie funktioniert das"}},
         {"my run was killed and I want it back", {"My run was killed and I want it back"}},
         {"install", {"Install"}},
         {"What are the limits?", {"What are the limits?"}},
         {"What is new?", {"What is new?"}},
         {"?", {}}});
}

TEST_CASE("Any row of words gives a plan within its limits") {
  const strings words{"what",    "is", "how",   "do",     "I",    "the",  "of",
                      "and",     "or", ",",     "?",      ".",    ":",    "lease",
                      "tell",    "me", "about", "list",   "than", "with", "when",
                      "between", "it", "their", "versus", "to",   "why"};
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random{seed};
  std::uniform_int_distribution<std::size_t> any{0, words.size() - 1};
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (std::size_t length = any(random); length > 0; --length) text += words[any(random)] + " ";
    CAPTURE(text);
    const research_plan plan = make_plan(analyse(text));
    CHECK(plan.parts.size() <= 6);
    for (const sub_question& part : plan.parts) {
      CHECK_FALSE(part.text.empty());
      CHECK_FALSE(part.terms.empty());
    }
  }
}
