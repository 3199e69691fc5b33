#pragma once

#include "documents/described.hpp"

#include <string>
#include <vector>

#include <mcp/graph.hpp>

namespace research {

using namespace mcp::documents;

/// What the team asks the person, and what it took for the answer.
struct reading {
  std::string asked{};  ///< empty: the question was clear
  std::vector<std::string> options{};
  std::string reason{};
  std::string reply{};
};
MCP_STRUCT(reading, asked, options, reason, reply)

/// The state of the team's graph. The documents are not part of it: see `shelf`.
struct team_state {
  std::string question_text{};
  std::string folder{};
  int max_rounds = 3;
  int slow_ms = 0;

  question asked{};
  reading clarification{};
  std::vector<sub_question> parts{};
  std::vector<std::string> notes{};
  std::vector<int> todo{};
  std::vector<evidence> found{};
  std::vector<std::string> tried{};
  std::vector<verdict> verdicts{};
  int rounds = 0;
  answer written{};
  std::vector<std::string> problems{};
};
MCP_STATE(team_state, (question_text, mcp::doc("what is asked")),
          (folder, mcp::doc("the documents: a folder or a file")),
          (max_rounds, mcp::doc("most searches for one sub-question")),
          (slow_ms, mcp::doc("how long each executor waits, for demonstrations")),
          (asked, mcp::internal), (clarification, mcp::output_only), (parts, mcp::output_only),
          (notes, mcp::append, mcp::output_only, mcp::doc("what the reader should know")),
          (todo, mcp::internal, mcp::doc("parts to search for next")),
          (found, mcp::append, mcp::internal), (tried, mcp::append, mcp::internal),
          (verdicts, mcp::output_only), (rounds, mcp::output_only), (written, mcp::output_only),
          (problems, mcp::output_only, mcp::doc("citations that do not hold")))

/// The state of one executor: a graph of its own, started once for each sub-question.
struct executor_state {
  std::string folder{};
  int slow_ms = 0;
  int number = 0;  ///< index of the sub-question
  sub_question part{};
  std::vector<hit> hits{};
  std::vector<evidence> candidates{};
  std::vector<evidence> kept{};
};
MCP_STATE(executor_state, folder, slow_ms, number, part, (hits, mcp::internal),
          (candidates, mcp::internal), (kept, mcp::output_only))

/// What agents tell the run's stream, under the name "note".
struct progress_note {
  std::string text{};
  int executors = 0;  ///< how many start now; 0: none
};
MCP_STRUCT(progress_note, text, executors)

}  // namespace research
