#include "documents/compose.hpp"
#include "documents/sentences.hpp"
#include "support/catch.hpp"

#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace mcp::documents;

namespace {

using strings = std::vector<std::string>;
using Catch::Matchers::Contains;

corpus corpus_of(const std::vector<std::pair<std::string, std::string>>& files) {
  corpus c;
  for (const auto& [path, text] : files) c.documents.push_back({path, split_lines(text)});
  return c;
}

/// The whole team in one loop, as the graph runs it.
struct run_result {
  answer written;
  std::vector<verdict> verdicts;
  int rounds = 0;
  strings tried;
};

run_result run_team(const corpus& texts, const question& asked) {
  const bm25_index index(split_corpus(texts).passages);
  research_plan plan = make_plan(asked);
  std::vector<evidence> found;
  std::vector<int> todo;
  for (std::size_t i = 0; i < plan.parts.size(); ++i) todo.push_back(static_cast<int>(i));
  run_result result;
  while (!todo.empty()) {
    ++result.rounds;
    for (const int i : todo) {
      const sub_question& part = plan.parts[static_cast<std::size_t>(i)];
      result.tried.push_back(query_key(part));
      for (evidence& e : choose_evidence(part, i, index.search(to_query(part), 30), index)) {
        found.push_back(std::move(e));
      }
    }
    found = merge_evidence(std::move(found));
    result.verdicts = review(plan.parts, found, index, result.tried, result.rounds);
    todo = apply_verdicts(plan.parts, result.verdicts);
  }
  result.written = compose(asked, plan, found, result.verdicts);
  return result;
}

const std::string readme = R"(# Skylark

[![ci](badge.svg)](ci)

Skylark is a small queue server for one machine. It keeps every message in an append-only log,
e.g. on a local disk, so that a crash loses nothing.

## Install

```sh
apt-get install skylark
```

## Limits

Skylark must run on one machine; it cannot replicate messages to another server.
A message has at most 4,096 bytes.

## How it works

- The log is cut into segments, and each segment is removed by the janitor when all readers are done.
- A reader acknowledges a message by its offset.

| option | meaning |
|---|---|
| `segment_bytes` | size of one log segment before a new one is begun |

## Why no threads

Skylark uses a single thread because the disk is the bottleneck.
)";

corpus skylark() {
  return corpus_of({{"README.md", readme},
                    {"cooking.md", "# Soup\n\nBoil the water and add some salt to taste.\n"}});
}

const verdict& first_verdict(const run_result& r) {
  REQUIRE_FALSE(r.verdicts.empty());
  return r.verdicts.front();
}

}  // namespace

TEST_CASE("A definition is answered with the defining sentence and where it stands") {
  const run_result r = run_team(skylark(), analyse("What is Skylark?"));
  CHECK(first_verdict(r).state == coverage_state::covered);
  REQUIRE_FALSE(r.written.sources.empty());
  CHECK(r.written.sources[0].quote == "Skylark is a small queue server for one machine.");
  CHECK(r.written.sources[0].path == "README.md");
  CHECK(r.written.sources[0].line == 5);
  CHECK_THAT(r.written.markdown, Contains("for one machine. [1]"));
  CHECK_THAT(r.written.markdown, Contains("[1] README.md:5"));
}

TEST_CASE("Limits and reasons are found by the wording of sentences") {
  const run_result limits = run_team(skylark(), analyse("What limits does Skylark have?"));
  CHECK_THAT(limits.written.markdown, Contains("cannot replicate messages"));
  const run_result why = run_team(skylark(), analyse("Why does Skylark use a single thread?"));
  CHECK_THAT(why.written.sources.at(0).quote, Contains("because the disk is the bottleneck"));
  CHECK(first_verdict(why).state == coverage_state::covered);
}

TEST_CASE("Headings, badges, code and other subjects do not get into the answer") {
  const run_result r =
      run_team(skylark(), analyse("How does Skylark remove log segments and what is an offset?"));
  CHECK_THAT(r.written.markdown, Contains("removed by the janitor"));
  for (const std::string junk : {"apt-get", "badge", "Soup", "salt", "|---"}) {
    CHECK_THAT(r.written.markdown, !Contains(junk));
  }
}

TEST_CASE("What the folder does not have is said, not invented") {
  const run_result r = run_team(skylark(), analyse("Who is the president of France?"));
  CHECK(r.written.sources.empty());
  CHECK(first_verdict(r).state == coverage_state::missing);
  CHECK_THAT(r.written.markdown, Contains("Nothing in the folder answers this."));
  REQUIRE(r.written.gaps.size() == 1);
  CHECK_THAT(r.written.gaps[0], Contains("does not have \"president\", \"france\""));
}

TEST_CASE("A word that no sentence defines is only partly answered") {
  const run_result r = run_team(skylark(), analyse("What is a janitor?"));
  CHECK(first_verdict(r).state == coverage_state::weak);
  CHECK_THAT(first_verdict(r).reason, Contains("no sentence defines it"));
}

TEST_CASE("The critic finds by a synonym what the first search missed") {
  const corpus c =
      corpus_of({{"a.md", "The janitor removes old segments once a day at midnight.\n"},
                 {"b.md", "Nothing else is of any interest in this file here.\n"}});
  const run_result r = run_team(c, analyse("Who prunes?"));
  CHECK(r.rounds == 2);
  REQUIRE_FALSE(r.written.sources.empty());
  CHECK_THAT(r.written.sources[0].quote, Contains("removes old segments"));
  CHECK(first_verdict(r).state == coverage_state::weak);
}

TEST_CASE("The loop of search and review ends and never tries a query twice") {
  for (const std::string text :
       {"What is a janitor?", "Why does the president remove salt from a log of France?",
        "How do snapshots, leases and errors work?", "Which machine stores messages and why?"}) {
    CAPTURE(text);
    const run_result r = run_team(skylark(), analyse(text));
    CHECK(r.rounds <= coverage_options{}.max_rounds);
    CHECK(std::set<std::string>(r.tried.begin(), r.tried.end()).size() == r.tried.size());
  }
}

TEST_CASE("The critic skips proposals that were tried and gives up when none is left") {
  const corpus c =
      corpus_of({{"a.md", "The janitor removes old segments once a day at midnight.\n"},
                 {"b.md", "The guard drops segments that are broken at midnight.\n"}});
  const bm25_index index(split_corpus(c).passages);
  std::vector<sub_question> parts{make_sub_question("Who prunes segments?", analyse(""))};
  strings tried{query_key(parts[0])};
  std::set<std::string> seen(tried.begin(), tried.end());
  coverage_options patient;
  patient.max_rounds = 1'000;
  int proposals = 0;
  for (;;) {
    // Round 1 each time and the query unchanged: only the list of tried keys can end the loop.
    const std::vector<verdict> v = review(parts, {}, index, tried, 1, patient);
    REQUIRE(v.size() == 1);
    if (!v[0].retry) break;
    std::vector<sub_question> next = parts;
    REQUIRE(apply_verdicts(next, v) == std::vector<int>{0});
    REQUIRE(seen.insert(query_key(next[0])).second);
    tried.push_back(query_key(next[0]));
    REQUIRE(++proposals < 10);
  }
  CHECK(proposals >= 2);
}

TEST_CASE("Near-duplicates are told once and each sub-question keeps a bounded number") {
  evidence e;
  e.text = "The log keeps every message on disk.";
  e.score = 0.9;
  evidence twin = e;
  twin.text = "The log keeps every message on the disk.";
  twin.path = "b.md";
  twin.score = 0.8;
  evidence other = twin;
  other.sub_question = 1;
  CHECK(merge_evidence({twin, e, other}).size() == 2);
  std::vector<evidence> many;
  for (int i = 0; i < 20; ++i) {
    evidence one = e;
    one.text = "word" + std::to_string(i) + " alone" + std::to_string(i);
    many.push_back(one);
  }
  CHECK(merge_evidence(many).size() == static_cast<std::size_t>(extract_options{}.max_items));
}

TEST_CASE("A quotation never joins sentences that something stands between") {
  const std::string filler(max_sentence_bytes, 'x');
  const corpus dropped = corpus_of(
      {{"a.md", "The log is a file. Then " + filler + " comes. It is cut by the log.\n"}});
  CHECK(verify(run_team(dropped, analyse("What is the log?")).written, dropped).problems ==
        strings{});
  std::string clauses =
      "The log is a file of records for all readers; it keeps the log of every message";
  while (clauses.size() <= max_sentence_bytes)
    clauses += "; it has more words about the log of things";
  const corpus split = corpus_of({{"a.md", clauses + ".\n"}});
  const run_result r = run_team(split, analyse("What is the log?"));
  CHECK_FALSE(r.written.sources.empty());
  CHECK(verify(r.written, split).problems == strings{});
}

TEST_CASE("A short code block is quoted whole when code is asked for") {
  const corpus texts = skylark();
  const bm25_index index(split_corpus(texts).passages);
  const question asked = analyse("How to apt-get install skylark?");
  const research_plan plan = make_plan(asked);
  extract_options options;
  options.use_code = true;
  const std::vector<evidence> found = choose_evidence(
      plan.parts.at(0), 0, index.search(to_query(plan.parts[0]), 30), index, options);
  const answer written = compose(asked, plan, found, {});
  CHECK_THAT(written.markdown, Contains("```\napt-get install skylark\n```\n["));
  CHECK(verify(written, texts).problems == strings{});
}

TEST_CASE("Every citation of a written answer is verified") {
  for (const std::string text :
       {"What is Skylark?", "How does Skylark work?", "What is segment_bytes?",
        "What limits does Skylark have?", "How does a reader acknowledge a message and why?"}) {
    CAPTURE(text);
    const run_result r = run_team(skylark(), analyse(text));
    const verification v = verify(r.written, skylark());
    CHECK(v.problems == strings{});
    CHECK(v.ok);
    CHECK(v.checked > 0);
  }
}

TEST_CASE("Verification refuses citations that do not hold") {
  const corpus texts = skylark();
  const answer good = run_team(texts, analyse("What is Skylark?")).written;
  REQUIRE(verify(good, texts).ok);
  answer bad = good;
  SECTION("a changed word") {
    bad.sources[0].quote[0] = 'X';
  }
  SECTION("another line") {
    bad.sources[0].line = bad.sources[0].last_line = 1;
  }
  SECTION("a line that does not exist") {
    bad.sources[0].last_line = 100'000;
  }
  SECTION("a line before the first") {
    bad.sources[0].line = 0;
  }
  SECTION("a file that was not read") {
    bad.sources[0].path = "other.md";
  }
  SECTION("an empty quote") {
    bad.sources[0].quote.clear();
  }
  SECTION("a number used twice") {
    bad.sources.push_back(bad.sources[0]);
  }
  SECTION("a mark without a source") {
    bad.markdown += "\nMore. [99]\n";
  }
  SECTION("a quote the answer does not show") {
    bad.markdown = "Nothing. [1]";
  }
  const verification v = verify(bad, texts);
  CHECK_FALSE(v.ok);
  CHECK_FALSE(v.problems.empty());
}

TEST_CASE("Hostile documents go through the whole team") {
  std::string headings;
  for (int i = 0; i < 10'000; ++i) headings += "# Log " + std::to_string(i) + "\n";
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += "log ";
  const corpus c = corpus_of({{"headings.md", headings},
                              {"line.txt", words},
                              {"fence.md", "What a log is:\n```\nnever closed log\n"},
                              {"tabs.md", "\t\tA log is a file.\r\n\t- The log is kept. [7] (\n"},
                              {"marks.md", "The log is **never closed and `open [3] for all.\n"}});
  const run_result r = run_team(c, analyse("What is a log and how does it work?"));
  CHECK(verify(r.written, c).problems == strings{});
}
