#include "documents/ambiguity.hpp"
#include "documents/clauses.hpp"
#include "documents/corpus.hpp"
#include "documents/passages.hpp"
#include "documents/plan.hpp"
#include "documents/question.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

#include <mcp/json_schema.hpp>
#include <nlohmann/json.hpp>

using namespace mcp::documents;

namespace {

using strings = std::vector<std::string>;

strings texts(const std::string& question, bool required_only = true) {
  strings out;
  for (const sub_question& part : make_plan(analyse(question)).parts) {
    if (part.required || !required_only) out.push_back(part.text);
  }
  return out;
}

bm25_index index_of(const std::vector<std::pair<std::string, std::string>>& files) {
  corpus c;
  for (const auto& [path, text] : files) c.documents.push_back({path, split_lines(text)});
  return bm25_index(split_corpus(c).passages);
}

bm25_index python_folder() {
  return index_of(
      {{"zoo.md",
        "# Animals\n\n## Python\n\nThe python is a large snake that swallows its prey whole.\n\n"
        "Pythons live in warm forests and lay many eggs in a nest of leaves.\n"},
       {"code.md",
        "# Languages\n\n## Python\n\nPython is an interpreted language with dynamic types.\n\n"
        "Its compiler emits bytecode, and modules import quickly from a cache.\n"}});
}

}  // namespace

TEST_CASE("The type of a question follows from its first words and tell-tale words") {
  const std::vector<std::pair<std::string, std::string_view>> cases{
      {"What is a reducer?", question_type::definition},
      {"What does durable mean?", question_type::definition},
      {"What happens when a worker dies?", question_type::what},
      {"Why is history linear?", question_type::why},
      {"What is the reason for leases?", question_type::why},
      {"How does it work?", question_type::how},
      {"How many members may join?", question_type::how_many},
      {"Who wrote it?", question_type::who},
      {"When is a snapshot written?", question_type::when},
      {"Where is the log?", question_type::where},
      {"Which stores are there?", question_type::list},
      {"List the durability modes", question_type::list},
      {"What limits does CAF networking have?", question_type::limits},
      {"SQLite versus PostgreSQL", question_type::compare},
      {"Is the log durable?", question_type::yes_no},
      {"edge map", question_type::topic}};
  for (const auto& [text, type] : cases) {
    CAPTURE(text);
    CHECK(analyse(text).type == type);
  }
}

TEST_CASE("A question keeps its content words and quoted phrases") {
  const question q =
      analyse("What does \"at most once\" mean for the edge_map of C++20 networking?");
  CHECK(q.phrases == strings{"at most once"});
  CHECK(q.words == strings{"once", "mean", "edge_map", "c++20", "networking"});
  CHECK(q.terms == strings{"onc", "mean", "edge_map", "c++20", "network"});
}

TEST_CASE("A compound question is split into parts that stand alone") {
  CHECK(texts("How does the checkpoint log keep history linear and what is a snapshot?") ==
        strings{"How does the checkpoint log keep history linear?", "What is a snapshot?"});
  CHECK(texts("What is a lease? Who holds it?") ==
        strings{"What is a lease?", "Who holds a lease?"});
  CHECK(texts("How does the supervisor restart agents and why?") ==
        strings{"How does the supervisor restart agents?",
                "Why does the supervisor restart agents?"});
  CHECK(texts("What is the log, and where does it keep its data?") ==
        strings{"What is the log?", "Where does the log keep the log's data?"});
  CHECK(texts("Can you tell me what a drain is?") == strings{"What is a drain?"});
}

TEST_CASE("A comparison asks for both sides and for the difference") {
  const strings expected{"What is SQLite?", "What is PostgreSQL?",
                         "How do SQLite and PostgreSQL differ?"};
  CHECK(texts("SQLite versus PostgreSQL") == expected);
  CHECK(texts("What is the difference between SQLite and PostgreSQL?") == expected);
  CHECK(texts("Compare SQLite with PostgreSQL") == expected);
  CHECK(texts("How does SQLite differ from PostgreSQL?") == expected);
  CHECK(texts("Is SQLite faster than PostgreSQL?") == expected);
  CHECK(texts("sync vs async durability").front() == "What is sync durability?");
}

TEST_CASE("A list of subjects becomes one part for each") {
  CHECK(texts("What are a lease, a fencing token and a drain?") ==
        strings{"What is a lease?", "What is a fencing token?", "What is a drain?"});
  CHECK(texts("How do retries and leases work?") ==
        strings{"How do retries work?", "How do leases work?"});
  CHECK(texts("What are the pros and cons of leases?").size() == 1);
}

TEST_CASE("A simple question gets facets that are not required") {
  CHECK(texts("What is a reducer?", false) == strings{"What is a reducer?",
                                                      "How does a reducer work?",
                                                      "What are the limits of a reducer?"});
  CHECK(texts("What limits does CAF networking have?", false) ==
        strings{"What limits does CAF networking have?", "What is CAF networking?"});
  CHECK(texts("What is a reducer?").size() == 1);
}

TEST_CASE("Words for the kind of answer are no condition for evidence") {
  const sub_question part = make_plan(analyse("What limits does CAF networking have?")).parts[0];
  CHECK(part.terms == strings{"caf", "network"});
  CHECK(part.context == strings{"limit"});
}

TEST_CASE("The number of parts is bounded and what is left out is said") {
  const research_plan plan =
      make_plan(analyse("What is a1? What is a2? What is a3? What is a4? What is a5? What is a6? "
                        "What is a7? What is a8?"));
  CHECK(plan.parts.size() == 6);
  CHECK(plan.notes.size() == 1);
}

TEST_CASE("Odd questions give a plan or no parts, never a crash") {
  for (const std::string text : {"",
                                 "?",
                                 "???",
                                 "and",
                                 "and and and?",
                                 "why",
                                 "why? how?",
                                 "\"",
                                 "\"\"",
                                 "`",
                                 "what is",
                                 "versus",
                                 "a versus",
                                 "versus b",
                                 "compare",
                                 "between and",
                                 "difference between",
                                 "it",
                                 "its its its",
                                 "what is, and how?",
                                 "than",
                                 "better than",
                                 "\xFF\xFE",
                                 "...",
                                 "how do and work"}) {
    CAPTURE(text);
    CHECK(make_plan(analyse(text)).parts.size() <= 6);
  }
  CHECK(make_plan(analyse("What is the?")).parts.empty());
  CHECK_THROWS_AS(analyse(std::string(max_question_bytes + 1, 'a')), question_error);
}

TEST_CASE("A word that heads unrelated sections leads to a question back") {
  const bm25_index index = python_folder();
  const clarification c = find_ambiguity(analyse("What is a python?"), index);
  REQUIRE(c.needed);
  CHECK(c.question == "Which \"python\" do you mean?");
  CHECK(c.options == strings{"Python (code.md)", "Python (zoo.md)"});
  const question clear = apply_clarification(analyse("What is a python?"), c, "2");
  CHECK(clear.focus_paths == strings{"zoo.md"});
  CHECK_FALSE(find_ambiguity(clear, index).needed);
  const std::vector<hit> hits = index.search(to_query(make_plan(clear).parts[0]), 1);
  REQUIRE(hits.size() == 1);
  CHECK(index.passages()[static_cast<std::size_t>(hits[0].passage)].path == "zoo.md");
}

TEST_CASE("The rest of a question can tell two senses apart") {
  const bm25_index index = python_folder();
  CHECK_FALSE(find_ambiguity(analyse("How does python emit bytecode?"), index).needed);
  CHECK_FALSE(find_ambiguity(analyse("What is a lease?"), index).needed);
}

TEST_CASE("Sections that share their words are one subject") {
  const bm25_index index = index_of(
      {{"a.md", "# Lease\n\nA lease gives one server the right to write a run to the store.\n"},
       {"b.md",
        "# Lease\n\nThe lease of a run names the one server that has the right to write the "
        "store; a stale server loses it.\n"}});
  CHECK_FALSE(find_ambiguity(analyse("What is a lease?"), index).needed);
}

TEST_CASE("A question without a subject is asked back and the answer put in its place") {
  const bm25_index index = python_folder();
  const question asked = analyse("How does it work?");
  const clarification c = find_ambiguity(asked, index);
  REQUIRE(c.needed);
  CHECK(c.question == "What does \"it\" stand for?");
  CHECK(c.options.size() == 2);
  CHECK(apply_clarification(asked, "the scheduler").text == "How does the scheduler work?");
  CHECK(apply_clarification(analyse("What are the limits?"), "the log").text ==
        "What are the limits of the log?");
  CHECK(apply_clarification(analyse("What is?"), "a lease").text == "a lease");
  const question same = apply_clarification(asked, "  ");
  CHECK(same.text == asked.text);
  CHECK(same.clarified);
}

TEST_CASE("A number that names no option is refused, and so is it by the schema of the answer") {
  const std::vector<std::string> numbers{"0",  "3",  "99",  "-1",
                                         "+1", "02", " 7 ", "99999999999999999999"};
  const std::vector<std::string> replies{"1", "2", " 2 ", "the log", "", "7 workers", "2.5", "v2"};
  const mcp::json_schema schema{nlohmann::json::parse(reply_schema(2))};
  for (const std::string& number : numbers) {
    CAPTURE(number);
    CHECK(refusal(number, 2).find("a number from 1 to 2") != std::string::npos);
    CHECK(refusal(number, 0).empty());
    CHECK_FALSE(schema.validate(number).empty());
  }
  for (const std::string& reply : replies) {
    CAPTURE(reply);
    CHECK(refusal(reply, 2).empty());
    CHECK(schema.validate(reply).empty());
  }
  const bm25_index index = python_folder();
  const question asked = analyse("How does it work?");
  const clarification c = find_ambiguity(asked, index);
  CHECK_THROWS_AS(apply_clarification(asked, c, "99"), question_error);
  CHECK(apply_clarification(asked, c, "1").text == "How do Animals work?");
}

TEST_CASE("A title takes the place of a pronoun as a sentence has it") {
  const question asked = analyse("How does it work?");
  const auto chosen = [&](const std::string& title) {
    return apply_clarification(asked, {true, "", {title}, {""}, ""}, "1").text;
  };
  CHECK(chosen("A cluster") == "How does a cluster work?");
  CHECK(chosen("The wire") == "How does the wire work?");
  CHECK(chosen("Cluster files") == "How do Cluster files work?");
  CHECK(chosen("Python") == "How does Python work?");
  CHECK(apply_clarification(analyse("It is what?"), "A lease").text == "A lease is what?");
}
