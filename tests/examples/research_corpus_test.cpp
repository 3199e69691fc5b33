#include "documents/corpus.hpp"
#include "documents/tokens.hpp"
#include "documents/utf8.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <unistd.h>

namespace fs = std::filesystem;
using namespace mcp::documents;

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
    CHECK_THAT(reason_of(c, "c.md"), Contains("larger than 12 bytes"));
  }
  SECTION("bytes of all files") {
    limits.max_total_bytes = 10;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(paths_of(c) == strings{"a.md", "b.md"});
    CHECK_THAT(reason_of(c, "c.md"), Contains("the limit of 10 bytes in all"));
  }
  SECTION("number of files") {
    limits.max_files = 1;
    limits.max_skipped_reports = 1;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(paths_of(c) == strings{"a.md"});
    CHECK_THAT(reason_of(c, "b.md"), Contains("the limit of 1 files"));
    CHECK(c.skipped.size() == 1);
    CHECK(c.skipped_count == 2);
  }
  SECTION("entries of folders") {
    limits.max_directory_entries = 2;
    const corpus c = load_folder(folder.path(), limits);
    CHECK(c.documents.size() == 2);
    REQUIRE(c.warnings.size() == 1);
    CHECK_THAT(c.warnings[0], Contains("2 names in folders, which is the limit"));
  }
}

TEST_CASE("What was skipped is told file by file up to a handful, then by number") {
  const temp_folder folder;
  folder.write("a.md", "12345");
  for (int i = 0; i < 6; ++i) folder.write("b" + std::to_string(i) + ".md", "");
  CHECK(notes_on(load_folder(folder.path())).size() == 6);
  for (int i = 0; i < 1'200; ++i) folder.write("c" + std::to_string(i) + ".md", "");
  const strings notes = notes_on(load_folder(folder.path()));
  REQUIRE(notes.size() == 6);
  CHECK(notes[0] == "b0.md was skipped: empty");
  CHECK(notes[5] == "and 1,201 more files were skipped, 1,206 in all");
  corpus odd;
  odd.warnings = strings(8, "bytes were replaced");
  CHECK(notes_on(odd).size() == 6);
  CHECK(notes_on(odd).back() == "and 3 more warnings of this kind");
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
  CHECK_THAT(c.skipped[0].reason, Contains("more than 32 folders deep"));
}

TEST_CASE("A file of 50 MB in one line is refused without being read whole") {
  const temp_folder folder;
  folder.write("small.md", "text");
  folder.write("big.txt", "");
  fs::resize_file(folder.path() / "big.txt", 50LL * 1024 * 1024);
  const corpus c = load_folder(folder.path());
  CHECK(paths_of(c) == strings{"small.md"});
  CHECK_THAT(reason_of(c, "big.txt"), Contains("larger than 4 MiB"));
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
