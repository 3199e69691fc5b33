#include "team/team.hpp"

#include "documents/ambiguity.hpp"
#include "team/executor.hpp"

#include <algorithm>
#include <utility>

namespace research {
namespace {

using change = mcp::update<team_state>;

/// Base of the agents that look into the documents.
class agent {
 public:
  explicit agent(std::shared_ptr<shelf> documents) : documents_(std::move(documents)) {}

 protected:
  [[nodiscard]] std::shared_ptr<const indexed_folder> open(const team_state& s) const {
    return documents_->open(s.folder);
  }

 private:
  std::shared_ptr<shelf> documents_;
};

/// Reads the folder, and clears what an earlier question of the same thread has left.
class load_agent : public agent {
 public:
  using agent::agent;
  change operator()(const team_state& s, mcp::context& ctx) const {
    const auto folder = open(s);
    ctx.emit("note",
             progress_note{std::to_string(folder->texts.documents.size()) + " document(s), " +
                           std::to_string(folder->index.passages().size()) + " passage(s)"});
    return change{}
        .set(&team_state::asked, analyse(s.question_text))
        .overwrite(&team_state::notes, folder->warnings)
        .overwrite(&team_state::found, {})
        .overwrite(&team_state::tried, {})
        .set(&team_state::clarification, {})
        .set(&team_state::rounds, 0);
  }
};

/// Asks the person when the question has several readings.
class clarify_agent : public agent {
 public:
  using agent::agent;
  change operator()(const team_state& s, mcp::context& ctx) const {
    const auto raised = find_ambiguity(s.asked, open(s)->index);
    if (!raised.needed) return {};
    reading doubt{raised.question, raised.options, raised.reason, {}};
    doubt.reply = ctx.ask_with<std::string>(doubt, reply_schema(doubt.options.size()));
    auto clear = apply_clarification(s.asked, raised, doubt.reply);
    ctx.emit("note", progress_note{"read as: " + clear.text});
    return change{}
        .set(&team_state::asked, std::move(clear))
        .set(&team_state::clarification, std::move(doubt));
  }
};

/// Splits the question into sub-questions. The seam for a planner with a model.
change planner(const team_state& s, mcp::context& ctx) {
  auto plan = make_plan(s.asked);
  const int count = static_cast<int>(plan.parts.size());
  ctx.emit("note", progress_note{std::to_string(count) + " sub-question(s)", count});
  std::vector<int> todo;
  for (int i = 0; i < count; ++i) todo.push_back(i);
  return change{}
      .set(&team_state::parts, std::move(plan.parts))
      .set(&team_state::notes, std::move(plan.notes))
      .set(&team_state::verdicts, {})
      .set(&team_state::todo, std::move(todo));
}

/// Checks coverage and says what to search for again, and how.
class critic_agent : public agent {
 public:
  using agent::agent;
  change operator()(const team_state& s, mcp::context& ctx) const {
    coverage_options options;
    options.max_rounds = s.max_rounds;
    options.max_facet_rounds = std::min(options.max_facet_rounds, s.max_rounds);
    const int round = s.rounds + 1;
    const auto found = merge_evidence(s.found);
    auto verdicts = review(s.parts, found, open(s)->index, s.tried, round, options);
    auto parts = s.parts;
    auto todo = apply_verdicts(parts, verdicts);
    report(verdicts, parts, todo, ctx);
    return change{}
        .set(&team_state::verdicts, std::move(verdicts))
        .set(&team_state::parts, std::move(parts))
        .set(&team_state::todo, std::move(todo))
        .set(&team_state::rounds, round);
  }

 private:
  static void report(const std::vector<verdict>& verdicts, const std::vector<sub_question>& parts,
                     const std::vector<int>& todo, mcp::context& ctx) {
    const auto covered = std::count_if(verdicts.begin(), verdicts.end(), [](const verdict& v) {
      return v.state == coverage_state::covered;
    });
    for (const auto& v : verdicts) {
      if (!v.retry) continue;
      ctx.emit("note", progress_note{"again, " + v.change + ": " +
                                     parts[static_cast<std::size_t>(v.sub_question)].text});
    }
    ctx.emit("note", progress_note{std::to_string(covered) + " of " +
                                       std::to_string(verdicts.size()) + " covered",
                                   static_cast<int>(todo.size())});
  }
};

/// Composes the answer and checks its citations against the documents.
class writer_agent : public agent {
 public:
  using agent::agent;
  change operator()(const team_state& s, mcp::context& ctx) const {
    auto written = compose(s.asked, {s.parts, s.notes}, merge_evidence(s.found), s.verdicts);
    auto checked = verify(written, open(s)->texts);
    ctx.emit("note", progress_note{std::to_string(written.sources.size()) + " citation(s), " +
                                   (checked.ok ? "all verified" : "NOT all verified")});
    return change{}
        .set(&team_state::written, std::move(written))
        .set(&team_state::problems, std::move(checked.problems));
  }
};

/// One executor for each part that is to be searched for; the writer when there is none.
mcp::routes send_executors(const team_state& s) {
  if (s.todo.empty()) return "writer";
  mcp::routes to;
  for (const int number : s.todo) {
    to.add(
        mcp::send("executor", executor_state{.folder = s.folder,
                                             .slow_ms = s.slow_ms,
                                             .number = number,
                                             .part = s.parts[static_cast<std::size_t>(number)]}));
  }
  return to;
}

}  // namespace

mcp::graph<team_state> team_graph(std::shared_ptr<shelf> documents) {
  const mcp::node_options on_disk{.blocking = true};
  const auto executor = mcp::subgraph(
      executor_graph(documents),
      [](const team_state& s) { return executor_state{.folder = s.folder}; },
      [](const executor_state& done) {
        return change{}
            .set(&team_state::found, done.kept)
            .append(&team_state::tried, query_key(done.part));
      });
  return mcp::graph<team_state>("research_team")
      .node("load", load_agent{documents}, on_disk)
      .node("clarify", clarify_agent{documents}, on_disk)
      .node("planner", planner)
      .node("executor", executor)
      .node("critic", critic_agent{documents}, on_disk)
      .node("writer", writer_agent{documents}, on_disk)
      .entry_point("load")
      .sequence({"load", "clarify", "planner"})
      .router("planner", send_executors, {"executor", "writer"})
      .edge("executor", "critic")
      .router("critic", send_executors, {"executor", "writer"})
      .finish_point("writer");
}

}  // namespace research
