#include "documents/bm25.hpp"
#include "documents/plan.hpp"
#include "documents/sentences.hpp"
#include "support/catch.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace mcp::documents;

namespace {

using strings = std::vector<std::string>;

corpus corpus_of(const std::vector<std::pair<std::string, std::string>>& files) {
  corpus c;
  for (const auto& [path, text] : files) c.documents.push_back({path, split_lines(text)});
  return c;
}

strings sentences_of(const std::string& text) {
  passage p;
  p.kind = passage_kind::paragraph;
  p.text = text;
  strings out;
  for (const sentence& s : split_sentences(p)) out.push_back(s.text);
  return out;
}

}  // namespace

TEST_CASE("Sentences end at stops, not in abbreviations, numbers, code or parentheses") {
  CHECK(sentences_of("It keeps logs, e.g. on disk. Version 0.17.6 works! Does it? Yes.") ==
        strings{"It keeps logs, e.g. on disk.", "Version 0.17.6 works!", "Does it?", "Yes."});
  CHECK(sentences_of("Call `a. B` now. See (this. That) here.\nNext `x` line.") ==
        strings{"Call `a. B` now.", "See (this. That) here.", "Next `x` line."});
  CHECK(sentences_of("(One in brackets.) Two after.") ==
        strings{"(One in brackets.)", "Two after."});
  CHECK(sentences_of("J. Smith wrote architecture.md today. **Bold end.** Next one") ==
        strings{"J. Smith wrote architecture.md today.", "**Bold end.**", "Next one"});
}

TEST_CASE("Sentences know their lines and hostile text is split in linear work") {
  passage p;
  p.first_line = 10;
  p.kind = passage_kind::paragraph;
  p.text = "One sentence over\ntwo lines. Another\none.";
  const std::vector<sentence> all = split_sentences(p);
  REQUIRE(all.size() == 2);
  CHECK(all[0].first_line == 10);
  CHECK(all[0].last_line == 11);
  CHECK(all[0].text == "One sentence over two lines.");
  CHECK(all[1].first_line == 11);
  CHECK(all[1].last_line == 12);
  for (const std::string piece : {".", "(", "`", ". ", "a. ", ";", "*", ".)"}) {
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += piece;
    CHECK(sentences_of(text + "x").size() <= 200'001);
  }
}

TEST_CASE("Labels, code and cut quotations are not worth quoting") {
  CHECK(is_quotable("The log keeps every message."));
  CHECK_FALSE(is_quotable("The following rules apply here:"));
  CHECK_FALSE(is_quotable("**Rules for every reader:**"));
  CHECK_FALSE(is_quotable("`a b c d e f`"));
  CHECK_FALSE(is_quotable("=> 12 | 34 | 56 + x"));
  CHECK_FALSE(is_quotable("Error \"There is no such thing here."));
}

TEST_CASE("Passages with all terms, rare terms and heading terms come first, in a fixed order") {
  const corpus c = corpus_of(
      {{"b.md",
        "# Other\n\nthe lease of a run is held here and there\n\nrun run run run run run\n"},
       {"a.md", "# Lease\n\nit is held by one server at any time here\n"},
       {"c.md", "same words again for the tie\n"},
       {"d.md", "same words again for the tie\n"}});
  const bm25_index index(split_corpus(c).passages);
  const auto paths = [&index](const search_query& q) {
    strings out;
    for (const hit& h : index.search(q, 10)) {
      const passage& p = index.passages()[static_cast<std::size_t>(h.passage)];
      out.push_back(p.path + ":" + std::to_string(p.first_line));
    }
    return out;
  };
  CHECK(paths({{{"leas", 1.0}, {"run", 1.0}}, {}, {}}).front() == "b.md:3");
  CHECK(paths({{{"leas", 1.0}}, {}, {}}) == strings{"a.md:3", "b.md:3"});
  CHECK(paths({{{"leas", 1.0}}, {}, {"b.md"}}) == strings{"b.md:3", "a.md:3"});
  CHECK(paths({{{"tie", 1.0}}, {}, {}}) == strings{"c.md:1", "d.md:1"});
  CHECK(paths({{{"absent", 1.0}}, {}, {}}).empty());
  CHECK(index.search({{{"tie", 1.0}}, {}, {}}, 0).empty());
  CHECK(bm25_index({}).search({{{"tie", 1.0}}, {}, {}}, 5).empty());
  CHECK(index.idf("run") < index.idf("absent"));
}

TEST_CASE("A quoted phrase lifts the passage that has it word for word") {
  const corpus c =
      corpus_of({{"a.md", "once most at once most at once most\n"},
                 {"b.md", "messages arrive at most once in this long line of words\n"}});
  const bm25_index index(split_corpus(c).passages);
  const question q = analyse("What about \"at most once\"?");
  const std::vector<hit> hits = index.search(to_query(make_plan(q).parts[0]), 2);
  REQUIRE(hits.size() == 2);
  CHECK(index.passages()[static_cast<std::size_t>(hits[0].passage)].path == "b.md");
}
