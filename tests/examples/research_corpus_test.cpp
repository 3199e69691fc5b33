#include "research_team/text/corpus.hpp"
#include "research_team/text/passages.hpp"
#include "research_team/text/tokens.hpp"
#include "research_team/text/utf8.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace fs = std::filesystem;
using namespace research;

namespace {

/// A folder of its own that is gone with the object.
class temp_folder {
 public:
  temp_folder() {
    static std::atomic<int> next{0};
    path_ = fs::temp_directory_path() /
            ("research_corpus_test_" + std::to_string(::getpid()) + "_" + std::to_string(next++));
    fs::create_directories(path_);
  }
  ~temp_folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<std::string> paths_of(const corpus& c) {
  std::vector<std::string> out;
  for (const document& d : c.documents) out.push_back(d.path);
  return out;
}

std::string reason_of(const corpus& c, const std::string& path) {
  for (const skipped_file& s : c.skipped) {
    if (s.path == path) return s.reason;
  }
  return "not skipped";
}

std::string error_of(const fs::path& root, const load_limits& limits = {}) {
  try {
    load_folder(root, limits);
  } catch (const corpus_error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<passage> split(const std::string& text) {
  return split_document({"a.md", split_lines(text)});
}

std::vector<std::string> terms_of(const std::string& text) {
  std::vector<std::string> out;
  for (const token& t : tokenize(text)) {
    if (!t.part) out.push_back(t.term);
  }
  return out;
}

using strings = std::vector<std::string>;
using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("A folder is read recursively, sorted, with hidden and other files left out") {
  const temp_folder folder;
  folder.write("b.md", "# B\n\ntext\n");
  folder.write("a/z.TXT", "upper case extension");
  folder.write("a.markdown", "x");
  folder.write("code.cpp", "int x;");
  folder.write(".git/notes.md", "hidden");
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"a.markdown", "a/z.TXT", "b.md"});
  CHECK(c.documents[2].lines == strings{"# B", "", "text"});
  CHECK(c.skipped.empty());
  CHECK(paths_of(load_folder(folder.path() / "")) == paths_of(c));
}

TEST_CASE("A single file is a corpus of one document") {
  const temp_folder folder;
  folder.write("notes.md", "one\ntwo");
  const corpus c = load_folder(folder.path() / "notes.md");
  CHECK(paths_of(c) == strings{"notes.md"});
  CHECK(c.documents[0].lines == strings{"one", "two"});
}

TEST_CASE("A root that is missing or has no documents is an error that says what to do") {
  const temp_folder folder;
  CHECK_THAT(error_of(folder.path() / "none"), Contains("no such file or folder"));
  CHECK_THAT(error_of(folder.path()), Contains("name a folder with such files"));
  folder.write("empty.md", " \n\t\n");
  CHECK_THAT(error_of(folder.path()), Contains("empty.md (empty)"));
}

TEST_CASE("Symbolic links are not followed, so that they neither loop nor leave the root") {
  const temp_folder outside;
  outside.write("secret.md", "secret");
  const temp_folder folder;
  folder.write("a.md", "text");
  fs::create_directory_symlink(folder.path(), folder.path() / "loop");
  fs::create_directory_symlink(outside.path(), folder.path() / "out");
  fs::create_symlink(outside.path() / "secret.md", folder.path() / "secret.md");
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"a.md"});
  CHECK(reason_of(c, "loop") == "symbolic link, not followed");
  CHECK(reason_of(c, "out") == "symbolic link, not followed");
  CHECK(reason_of(c, "secret.md") == "symbolic link, not followed");
}

TEST_CASE("Every limit of loading is kept and reported by name") {
  const temp_folder folder;
  folder.write("a.md", "12345");
  folder.write("b.md", "12345");
  folder.write("c.md", "1234567890123");
  load_limits limits;
  SECTION("bytes of a file") {
    limits.max_file_bytes = 12;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(paths_of(c) == strings{"a.md", "b.md"});
    CHECK_THAT(reason_of(c, "c.md"), Contains("max_file_bytes 12"));
  }
  SECTION("bytes of all files") {
    limits.max_total_bytes = 10;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(paths_of(c) == strings{"a.md", "b.md"});
    CHECK_THAT(reason_of(c, "c.md"), Contains("max_total_bytes 10"));
  }
  SECTION("number of files") {
    limits.max_files = 1;
    limits.max_skipped_reports = 1;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(paths_of(c) == strings{"a.md"});
    CHECK_THAT(reason_of(c, "b.md"), Contains("max_files 1"));
    CHECK(c.skipped.size() == 1);
    CHECK(c.warnings == strings{"1 more files were skipped"});
  }
  SECTION("entries of folders") {
    limits.max_directory_entries = 2;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(c.documents.size() == 2);
    REQUIRE(c.warnings.size() == 1);
    CHECK_THAT(c.warnings[0], Contains("max_directory_entries"));
  }
}

TEST_CASE("Folders deeper than the limit are skipped and reported") {
  const temp_folder folder;
  std::string name = "top.md";
  for (int depth = 0; depth < 60; ++depth) name = "d/" + name;
  folder.write(name, "too deep");
  folder.write("d/near.md", "near");
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"d/near.md"});
  REQUIRE(c.skipped.size() == 1);
  CHECK_THAT(c.skipped[0].reason, Contains("max_depth 32"));
}

TEST_CASE("A file of 50 MB in one line is refused without being read whole") {
  const temp_folder folder;
  folder.write("small.md", "text");
  folder.write("big.txt", "");
  fs::resize_file(folder.path() / "big.txt", 50LL * 1024 * 1024);
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"small.md"});
  CHECK_THAT(reason_of(c, "big.txt"), Contains("max_file_bytes"));
}

TEST_CASE("Binary files are skipped, stray bytes are replaced with a warning") {
  const temp_folder folder;
  folder.write("nul.md", std::string("text\0text", 9));
  folder.write("noise.txt", "\xFF\xFE\xFD\xFC");
  folder.write("latin.md", "A long line of plain text with one byte that is not UTF-8: caf\xE9.");
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"latin.md"});
  CHECK_THAT(reason_of(c, "nul.md"), Contains("NUL"));
  CHECK_THAT(reason_of(c, "noise.txt"), Contains("4 invalid bytes"));
  CHECK_THAT(c.documents[0].lines[0], Contains("caf\xEF\xBF\xBD."));
  REQUIRE(c.warnings.size() == 1);
  CHECK_THAT(c.warnings[0], Contains("latin.md"));
}

TEST_CASE("Lines end at LF, CRLF and CR, and a byte order mark is dropped") {
  CHECK(split_lines("a\r\nb\nc\rd") == strings{"a", "b", "c", "d"});
  CHECK(split_lines("a\n\r\n\nb\n") == strings{"a", "", "", "b"});
  CHECK(split_lines("").empty());
  const temp_folder folder;
  folder.write("bom.md", "\xEF\xBB\xBF# Title\r\n\r\nText here.\r\n");
  const corpus c = load_folder(folder.path());
  CHECK(c.documents[0].lines[0] == "# Title");
}

TEST_CASE("Invalid UTF-8 is found in all its forms and cutting keeps code points whole") {
  for (const std::string bad :
       {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\x80"}) {
    CHECK(replace_invalid_utf8(bad).replaced == bad.size());
  }
  CHECK(replace_invalid_utf8("\xE2\x82\xAC \xC3\xA9").replaced == 0);
  CHECK(cut_utf8("a\xE2\x82\xAC", 3) == "a");
  CHECK(cut_utf8("a\xE2\x82\xAC", 4) == "a\xE2\x82\xAC");
  CHECK(to_lower("\xC3\x89T\xC3\x89 \xC3\x97") == "\xC3\xA9t\xC3\xA9 \xC3\x97");
}

TEST_CASE("Words keep identifiers, versions and language names whole") {
  CHECK(terms_of("edge_map C++20 C++ C# 0.17.6 20,000 it's") ==
        strings{"edge_map", "c++20", "c++", "c#", "0.17.6", "20000", "it"});
  CHECK(terms_of("at-most-once (really), `mcp::end`.") ==
        strings{"at", "most", "onc", "real", "mcp", "end"});
  std::vector<std::string> parts;
  for (const token& t : tokenize("edge_map DeltaChannel plain")) {
    if (t.part) parts.push_back(t.word);
  }
  CHECK(parts == strings{"edge", "map", "delta", "channel"});
  CHECK(tokenize("____ _ ").empty());
  CHECK(tokenize(std::string(1000, 'x'))[0].word.size() == max_token_bytes);
}

TEST_CASE("Forms of one word meet in one stem and different words do not") {
  const std::vector<strings> groups{{"route", "routes", "routed", "routing"},
                                    {"history", "histories"},
                                    {"validate", "validates", "validation", "validating"},
                                    {"run", "runs", "running"},
                                    {"durable", "durability"},
                                    {"use", "used", "using", "uses"},
                                    {"linear", "linearly"}};
  for (const strings& group : groups) {
    for (const std::string& word : group) CHECK(terms_of(word) == terms_of(group[0]));
  }
  CHECK(terms_of("reducer") != terms_of("reduce"));
  CHECK(terms_of("status") == strings{"status"});
  CHECK(content_terms("What is the state of a state?") == strings{"stat"});
}

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
