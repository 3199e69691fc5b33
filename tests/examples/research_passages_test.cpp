#include "documents/corpus.hpp"
#include "documents/passages.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace mcp::documents;

namespace {

using strings = std::vector<std::string>;
using Catch::Matchers::Contains;

std::vector<passage> split(const std::string& text) {
  return split_document({"a.md", split_lines(text)});
}

}  // namespace

TEST_CASE("A document falls into paragraphs, items, rows and code with their headings and lines") {
  const std::vector<passage> all = split(
      "# Guide\n\nFirst line\nsecond line.\n\n## Lists ##\n\nRules:\n- one\n  more\n  - nested\n"
      "1. two\n\n| Need | Choice |\n|---|:-:|\n| store | `a|b` |\n\n```cpp\n# no heading\n\nint "
      "x;\n"
      "```\nTitle\n=====\n> quoted\n> text\n");
  REQUIRE(all.size() == 8);
  CHECK(all[0].text == "First line\nsecond line.");
  CHECK(all[0].first_line == 3);
  CHECK(all[0].last_line == 4);
  CHECK(all[0].headings == strings{"Guide"});
  CHECK(all[1].text == "Rules:");
  CHECK(all[2].kind == passage_kind::item);
  CHECK(all[2].text == "one\nmore");
  CHECK(all[2].context == "Rules:");
  CHECK(all[2].headings == strings{"Guide", "Lists"});
  CHECK(all[3].text == "nested");
  CHECK(all[4].text == "two");
  CHECK(all[5].kind == passage_kind::row);
  CHECK(all[5].text == "store \xC2\xB7 `a|b`");
  CHECK(all[5].context == "Need \xC2\xB7 Choice");
  CHECK(all[5].first_line == 16);
  CHECK(all[6].kind == passage_kind::code);
  CHECK(all[6].text == "# no heading\n\nint x;");
  CHECK(all[6].context == "cpp");
  CHECK(all[6].first_line == 19);
  CHECK(all[7].text == "quoted\ntext");
  CHECK(all[7].headings == strings{"Title"});
}

TEST_CASE("A heading of a higher level ends the sections below it") {
  const std::vector<passage> all = split("# A\n## B\n### C\nx\n## D\ny\n# E\nz\n");
  REQUIRE(all.size() == 3);
  CHECK(all[0].headings == strings{"A", "B", "C"});
  CHECK(all[1].headings == strings{"A", "D"});
  CHECK(all[2].headings == strings{"E"});
}

TEST_CASE("Front matter, comments, images, rules and links into the page are no passages") {
  CHECK(split("---\ntitle: x\n---\n<!-- a\nb -->\n![logo](a.png)\n\n[![ci](b)](c)\n\n* * *\n"
              "- [Intro](#intro)\n[ref]: http://example.org\n")
            .empty());
}

TEST_CASE("A fence that is never closed makes code of the rest") {
  const std::vector<passage> all = split("text\n\n```\ncode\n# still code\n\nlast");
  REQUIRE(all.size() == 2);
  CHECK(all[1].kind == passage_kind::code);
  CHECK(all[1].last_line == 7);
}

TEST_CASE("Ten thousand headings and very long headings stay small") {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "## Heading " + std::to_string(i) + "\ntext\n";
  CHECK(split(text).size() == 10'000);
  const std::vector<passage> all = split("# " + std::string(100'000, 'h') + "\n\ntext\n");
  REQUIRE(all.size() == 1);
  CHECK(all[0].headings[0].size() == passage_limits{}.max_context_bytes);
}

TEST_CASE("A block that is too long is split between lines without losing any") {
  passage_limits limits;
  limits.max_passage_bytes = 20;
  const std::vector<passage> all =
      split_document({"a.txt", strings{"0123456789", "0123456789", "abc"}}, limits);
  REQUIRE(all.size() == 2);
  CHECK(all[0].last_line == 1);
  CHECK(all[1].text == "0123456789\nabc");
  CHECK(all[1].first_line == 2);
}

TEST_CASE("The number of passages is bounded and what is left out is named") {
  corpus c;
  c.documents.push_back({"a.md", strings{"a", "", "b"}});
  c.documents.push_back({"b.md", strings{"a", "", "b"}});
  passage_limits limits;
  limits.max_passages = 3;
  const passage_list list = split_corpus(c, limits);
  CHECK(list.passages.size() == 2);
  REQUIRE(list.warnings.size() == 1);
  CHECK_THAT(list.warnings[0], Contains("b.md"));
}

TEST_CASE("Odd input is split without a crash") {
  for (const std::string text :
       {"",    "\n\n\n",        "#",    "####### seven", "|",   "|||\n|-|\n||",  "- ",      "1.",
        "```", "~~~\n```\n~~~", ">>>>", "<!--",          "---", "***\n---\n===", "\t\t- x", "[",
        "![",  "](](](",        "**",   "a\n---\n---"}) {
    for (const passage& p : split(text)) {
      CHECK(p.first_line >= 1);
      CHECK(p.last_line >= p.first_line);
    }
  }
}
