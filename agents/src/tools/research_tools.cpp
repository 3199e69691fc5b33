#include "mcp/agents/research_tools.hpp"

#include "documents/described.hpp"
#include "tools/document_library.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace mcp {
namespace documents {
namespace {

constexpr int usual_passages = 5;
constexpr int most_passages = 50;
constexpr int passages_read = 30;  ///< of a search, for quotations

struct search_wish {
  std::string query{};
  std::string folder = ".";
  int limit = usual_passages;
};
MCP_STRUCT(search_wish, (query, mcp::doc("words to look for; one of them suffices")),
           (folder, mcp::doc("where to search")), (limit, mcp::doc("most results")))

struct found_passage {
  std::string source{};
  int line = 0;
  int last_line = 0;
  std::string heading{};
  std::string text{};
};
MCP_STRUCT(found_passage, source, line, last_line, heading, text)
struct found_item {
  std::string key{};
  found_passage value{};
  double score = 0;
};
MCP_STRUCT(found_item, key, value, score)

struct split_wish {
  std::string question{};
};
MCP_STRUCT(split_wish, question)
struct split_result {
  documents::question question{};
  std::vector<sub_question> parts{};
  std::vector<std::string> notes{};
};
MCP_STRUCT(split_result, question, parts, notes)

struct find_wish {
  std::string query{};
  std::string folder = ".";
  std::optional<sub_question> part{};
  std::optional<int> number{};
};
MCP_STRUCT(find_wish,
           (query, mcp::doc("the question, or more words to search for; may be empty with a part")),
           (folder, mcp::doc("where to search")), (part, mcp::doc("of split_question")),
           (number, mcp::doc("of the part; 0 if absent")))
struct find_result {
  std::string query{};  ///< what was searched for, for `tried` of review_wish
  std::vector<evidence> quotations{};
};
MCP_STRUCT(find_result, query, quotations)

struct review_wish {
  std::string folder = ".";
  std::vector<sub_question> parts{};
  std::vector<evidence> found{};
  std::vector<std::string> tried{};
  int round = 1;
  int max_rounds = 3;
};
MCP_STRUCT(review_wish, folder, parts, found, (tried, mcp::doc("`query` of all searches so far")),
           (round, mcp::doc("from 1")), max_rounds)
struct review_result {
  std::vector<sub_question> parts{};
  std::vector<verdict> verdicts{};
  std::vector<int> todo{};
};
MCP_STRUCT(review_result, parts, verdicts, todo)

struct compose_wish {
  std::string folder = ".";
  documents::question question{};
  std::vector<sub_question> parts{};
  std::vector<std::string> notes{};
  std::vector<evidence> found{};
  std::vector<verdict> verdicts{};
};
MCP_STRUCT(compose_wish, folder, question, parts, notes, found, verdicts)
struct compose_result {
  std::string answer{};
  std::vector<source> citations{};
  std::vector<std::string> gaps{};
  std::vector<std::string> problems{};
};
MCP_STRUCT(compose_result, answer, citations, gaps, problems)

struct check_wish {
  std::string folder = ".";
  std::optional<std::string> answer{};
  std::vector<source> citations{};
};
MCP_STRUCT(check_wish, folder, answer, citations)
struct check_result {
  bool ok = true;
  int checked = 0;
  std::vector<std::string> problems{};
};
MCP_STRUCT(check_result, ok, checked, problems)

/// A question, read; one that is too long is told as such.
question read(const std::string& text) {
  try {
    return analyse(text);
  } catch (const question_error& why) {
    throw error{errc::invalid_tool_call, why.what()};
  }
}

std::vector<found_item> search(const indexed_folder& folder, const search_wish& wish) {
  const auto query = to_query(make_sub_question(wish.query, read(wish.query)));
  std::vector<found_item> result;
  for (const auto& one : folder.index.search(query, std::clamp(wish.limit, 1, most_passages))) {
    const auto& p = folder.index.passages()[static_cast<std::size_t>(one.passage)];
    result.push_back({p.path + ":" + std::to_string(p.first_line),
                      {p.path, p.first_line, p.last_line,
                       p.headings.empty() ? std::string{} : p.headings.back(), p.text},
                      one.score});
  }
  return result;
}

/// The part that is searched for, with the words that the caller adds to it.
sub_question wanted_part(const find_wish& wish) {
  const auto asked = read(wish.query);
  if (!wish.part) return make_sub_question(wish.query, asked);
  auto part = *wish.part;
  const auto has = [](const std::vector<std::string>& list, const std::string& term) {
    return std::find(list.begin(), list.end(), term) != list.end();
  };
  for (const auto& term : asked.terms) {
    if (!has(part.query_terms, term) && !has(part.expansion, term)) part.expansion.push_back(term);
  }
  return part;
}

find_result find(const indexed_folder& folder, const find_wish& wish) {
  const auto part = wanted_part(wish);
  const auto hits = folder.index.search(to_query(part), passages_read);
  const int number = wish.number.value_or(0);
  return {query_key(part), merge_evidence(choose_evidence(part, number, hits, folder.index))};
}

/// What was found must be for parts that are there.
void check(const std::vector<sub_question>& parts, const std::vector<evidence>& found,
           const std::vector<verdict>& verdicts) {
  const auto there = [&parts](int number) {
    return number >= 0 && static_cast<std::size_t>(number) < parts.size();
  };
  const bool fine = std::all_of(found.begin(), found.end(),
                                [&](const evidence& one) { return there(one.sub_question); }) &&
                    std::all_of(verdicts.begin(), verdicts.end(),
                                [&](const verdict& one) { return there(one.sub_question); });
  if (!fine) throw error{errc::invalid_tool_call, "`sub_question` is no index into `parts`"};
}

review_result reviewed(const indexed_folder& folder, const review_wish& wish) {
  check(wish.parts, wish.found, {});
  coverage_options options;
  options.max_rounds = wish.max_rounds;
  options.max_facet_rounds = std::min(options.max_facet_rounds, wish.max_rounds);
  review_result result{wish.parts, {}, {}};
  result.verdicts =
      review(wish.parts, merge_evidence(wish.found), folder.index, wish.tried, wish.round, options);
  result.todo = apply_verdicts(result.parts, result.verdicts);
  return result;
}

compose_result composed(const indexed_folder& folder, const compose_wish& wish) {
  check(wish.parts, wish.found, wish.verdicts);
  auto notes = folder.warnings;  // what of the folder was not read belongs to the answer
  notes.insert(notes.end(), wish.notes.begin(), wish.notes.end());
  auto written =
      compose(wish.question, {wish.parts, notes}, merge_evidence(wish.found), wish.verdicts);
  auto checked = verify(written, folder.texts);
  return {std::move(written.markdown), std::move(written.sources), std::move(written.gaps),
          std::move(checked.problems)};
}

check_result check_sources(const indexed_folder& folder, const check_wish& wish) {
  auto checked = verify({wish.answer.value_or(std::string{}), wish.citations, {}}, folder.texts,
                        wording::free);
  return {checked.ok, checked.checked, std::move(checked.problems)};
}

/// A tool that works on a folder of a library.
template <class Wish, class Result>
std::shared_ptr<tool> library_tool(std::shared_ptr<document_library> library, std::string name,
                                   std::string description,
                                   Result (*work)(const indexed_folder&, const Wish&)) {
  if (!library) throw error{errc::invalid_argument, "the tool \"" + name + "\" has no library"};
  return make_tool(std::move(name), std::move(description),
                   [library = std::move(library), work](const Wish& wish) {
                     return work(*library->open(wish.folder), wish);
                   },
                   {.blocking = true, .tell_model = true});
}

}  // namespace
}  // namespace documents

using library_pointer = std::shared_ptr<document_library>;

std::shared_ptr<tool> search_library_tool(library_pointer library, std::string name) {
  return documents::library_tool(std::move(library), std::move(name),
                                 "Searches documents and returns passages with file and line, "
                                 "best first.",
                                 documents::search);
}

std::shared_ptr<tool> split_question_tool(std::string name) {
  return make_tool(std::move(name), "Splits a question into parts that stand alone.",
                   [](const documents::split_wish& wish) {
                     if (!documents::has_word(wish.question)) {
                       throw error{errc::invalid_tool_call, "there is no word in the question"};
                     }
                     auto asked = documents::read(wish.question);
                     auto plan = documents::make_plan(asked);
                     return documents::split_result{std::move(asked), std::move(plan.parts),
                                                    std::move(plan.notes)};
                   },
                   {.tell_model = true});
}

std::shared_ptr<tool> find_quotations_tool(library_pointer library, std::string name) {
  return documents::library_tool(std::move(library), std::move(name),
                                 "Finds sentences of the documents that answer a question, with "
                                 "file and line, best first.",
                                 documents::find);
}

std::shared_ptr<tool> review_quotations_tool(library_pointer library, std::string name) {
  return documents::library_tool(
      std::move(library), std::move(name),
      "Judges which parts of a question the quotations cover, and what to search for again.",
      documents::reviewed);
}

std::shared_ptr<tool> compose_answer_tool(library_pointer library, std::string name) {
  return documents::library_tool<documents::compose_wish, documents::compose_result>(
      std::move(library), std::move(name), "Writes an answer that is made of quotations.",
      documents::composed);
}

std::shared_ptr<tool> check_citations_tool(library_pointer library, std::string name) {
  return documents::library_tool(std::move(library), std::move(name),
                                 "Checks that each quote stands in the lines it names.",
                                 documents::check_sources);
}

}  // namespace mcp
