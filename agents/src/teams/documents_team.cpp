#include "mcp/agents/teams_documents.hpp"
#include "teams/document_parts.hpp"
#include "teams/team_parts.hpp"
#include "tools/text.hpp"

#include <algorithm>

namespace mcp {
namespace {

struct chunk_decision {
  bool relevant = false;
  std::string finding{};
};
MCP_STRUCT(chunk_decision, relevant,
           (finding, mcp::doc("what the text says about the question; nothing if not relevant")))

struct written_decision {
  std::string answer{};
  std::vector<std::int64_t> used{};
};
MCP_STRUCT(written_decision, answer, (used, mcp::doc("numbers of the findings it rests on")))

struct chunk_job {
  std::string question{};
  document_citation where{};
  std::string text{};
};
MCP_STRUCT(chunk_job, question, where, text)

struct group_job {
  std::string question{};
  std::int64_t level = 0;  ///< of what comes out
  std::vector<document_finding> findings{};
};
MCP_STRUCT(group_job, question, level, findings)

using documents_change = update<documents_state>;
using documents_reply = reply<documents_state>;

std::size_t longest_finding(const documents_options& options) {
  return options.reduce_bytes / 3 - teams::finding_frame_bytes;
}

/// A finding's text as it is kept.
std::string kept(std::string text, std::size_t most) {
  text.resize(tools::cut_text(text, most).size());
  return text;
}

std::vector<document_finding> current(const documents_state& s) {
  std::vector<document_finding> found;
  for (const auto& one : s.findings) {
    if (one.level == s.level) found.push_back(one);
  }
  return found;
}

auto split_node(const documents_options& options) {
  return [bytes = options.chunk_bytes, most = options.max_chunks](const documents_state& s) {
    std::size_t chunks = 0;
    for (const auto& one : s.documents) {
      chunks += split_document(one.name, one.text, bytes).size();
      if (chunks <= most) continue;
      throw error{errc::too_large, "the documents make more chunks than max_chunks, " +
                                       std::to_string(most) + "; raise it, or chunk_bytes"};
    }
    // A thread may hold what an earlier run found.
    return documents_change{}
        .overwrite(&documents_state::findings, {})
        .overwrite(&documents_state::skipped, {})
        .set(&documents_state::chunks, static_cast<std::int64_t>(chunks))
        .set(&documents_state::level, -1);
  };
}

auto split_router(const documents_options& options) {
  return [bytes = options.chunk_bytes](const documents_state& s) {
    std::vector<send> jobs;
    for (const auto& one : s.documents) {
      for (auto& where : split_document(one.name, one.text, bytes)) {
        auto text = one.text.substr(static_cast<std::size_t>(where.begin),
                                    static_cast<std::size_t>(where.end - where.begin));
        jobs.emplace_back("map", chunk_job{s.question, std::move(where), std::move(text)});
      }
    }
    return jobs.empty() ? routes{"gather"} : routes{std::move(jobs)};
  };
}

model_node_options asking(const documents_options& options, std::string system) {
  auto how = options.asking;
  how.system = std::move(system);
  return how;
}

auto map_node(const documents_options& options) {
  return [model = options.model, most = longest_finding(options),
          how = asking(options, "Say what this part of a document says about the question.")](
             const chunk_job& job, context& ctx, documents_reply answer) {
    ask_decision_or<chunk_decision, documents_state>(
        model, how,
        {user_message("Question: " + job.question + "\n\nDocument " + job.where.document +
                      ", part " + std::to_string(job.where.chunk) + ":\n" + job.text)},
        ctx, answer,
        [](const chunk_decision& said) {
          if (!said.relevant || !said.finding.empty()) return;
          throw error{errc::malformed_answer, "a relevant part has a finding"};
        },
        [where = job.where, most](std::optional<chunk_decision> said, const error* why,
                                  const documents_reply& to) {
          documents_change found;
          if (why != nullptr) {
            found.append(&documents_state::skipped, {where, why->message()});
          } else if (said->relevant) {
            found.append(&documents_state::findings,
                         {0, kept(std::move(said->finding), most), {where}});
          }
          to.done(std::move(found));
        });
  };
}

/// The question and numbered findings.
std::vector<message> shown(const std::string& question,
                           const std::vector<document_finding>& findings) {
  auto text = "Question: " + question + "\n\nFindings:";
  for (std::size_t i = 0; i < findings.size(); ++i) {
    text += "\n\n[" + std::to_string(i + 1) + "] " + findings[i].text;
  }
  return {user_message(std::move(text))};
}

/// Refuses answers that are empty or rest on findings that are not there.
std::function<void(const written_decision&)> rests_on(std::size_t findings) {
  return [most = static_cast<std::int64_t>(findings)](const written_decision& said) {
    const auto fits = [most](std::int64_t n) { return n >= 1 && n <= most; };
    if (said.answer.empty()) throw error{errc::malformed_answer, "the answer is empty"};
    if (!said.used.empty() && std::all_of(said.used.begin(), said.used.end(), fits)) return;
    throw error{errc::malformed_answer,
                "\"used\" names findings by their numbers, 1 to " + std::to_string(most)};
  };
}

/// What stands in for a model that cannot combine a group.
std::string joined(const std::vector<document_finding>& findings) {
  std::string text;
  for (const auto& one : findings) text += (text.empty() ? "" : "\n") + one.text;
  return text;
}

auto combine_node(const documents_options& options) {
  return [model = options.writer, most = longest_finding(options),
          how = asking(options,
                       "Combine these findings into one that keeps what matters for the "
                       "question.")](const group_job& job, context& ctx, documents_reply answer) {
    ask_decision_or<written_decision, documents_state>(
        model, how, shown(job.question, job.findings), ctx, answer, rests_on(job.findings.size()),
        [findings = job.findings, level = job.level, most](
            std::optional<written_decision> said, const error*, const documents_reply& to) {
          std::vector<std::int64_t> all;
          for (std::size_t i = 1; i <= findings.size(); ++i) {
            all.push_back(static_cast<std::int64_t>(i));
          }
          auto text = said ? std::move(said->answer) : joined(findings);
          to.done(documents_change{}.append(
              &documents_state::findings, {level, kept(std::move(text), most),
                                           teams::sources_of(findings, said ? said->used : all)}));
        });
  };
}

auto gather_router(const documents_options& options) {
  return [most = options.reduce_bytes](const documents_state& s) {
    auto groups = teams::pack(current(s), most);
    if (groups.size() <= 1) return routes{"write"};
    std::vector<send> jobs;
    for (auto& one : groups) {
      jobs.emplace_back("combine", group_job{s.question, s.level + 1, std::move(one)});
    }
    return routes{std::move(jobs)};
  };
}

auto write_node(const documents_options& options) {
  return [model = options.writer, nothing = options.nothing_found,
          how = asking(options, "Answer the question from these findings alone.")](
             const documents_state& s, context& ctx, documents_reply answer) {
    const auto findings = current(s);
    if (findings.empty()) {
      return answer.done(documents_change{}
                             .set(&documents_state::answer, nothing)
                             .set(&documents_state::citations, {}));
    }
    ask_decision<written_decision, documents_state>(
        model, how, shown(s.question, findings), ctx, std::move(answer), rests_on(findings.size()),
        [findings](written_decision said, const documents_reply& to) {
          to.done(documents_change{}
                      .set(&documents_state::citations, teams::sources_of(findings, said.used))
                      .set(&documents_state::answer, std::move(said.answer)));
        });
  };
}

void check(const documents_options& options) {
  constexpr std::size_t least_chunk = 16;
  constexpr std::size_t least_reduce = 300;
  teams::require_models({options.model});
  if (options.chunk_bytes >= least_chunk && options.reduce_bytes >= least_reduce &&
      options.max_chunks >= 1 && options.concurrency >= 1) {
    return;
  }
  throw error{errc::invalid_argument,
              "limits of a documents team: chunk_bytes at least 16, reduce_bytes at least 300, "
              "max_chunks and concurrency at least 1"};
}

}  // namespace

graph<documents_state> documents_team(std::string name, documents_options options) {
  check(options);
  if (!options.writer) options.writer = options.model;
  graph<documents_state> made{std::move(name)};
  made.node("split", split_node(options)).entry_point("split");
  made.node("map", map_node(options), {.concurrency = options.concurrency});
  made.node("gather", [](const documents_state& s) {
    return documents_change{}.set(&documents_state::level, s.level + 1);
  });
  made.node("combine", combine_node(options), {.concurrency = options.concurrency});
  made.node("write", write_node(options)).finish_point("write");
  made.router("split", split_router(options), {"map", "gather"});
  made.router("map", [](const documents_state&) { return "gather"; }, {"gather"});
  made.router("combine", [](const documents_state&) { return "gather"; }, {"gather"});
  made.router("gather", gather_router(options), {"combine", "write"});
  return made;
}

}  // namespace mcp
