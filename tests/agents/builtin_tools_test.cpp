#include "mcp/agents/builtin_tools.hpp"

#include "agents/tool_test_harness.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "tools/expression.hpp"
#include "tools/host_list.hpp"
#include "tools/passages.hpp"
#include "tools/public_address.hpp"
#include "tools/rooted_folder.hpp"
#include "tools/text.hpp"

#include <filesystem>
#include <fstream>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace mcp::test {
namespace {

namespace fs = std::filesystem;

/// A folder with something outside of it to reach for.
class guarded_folder {
 public:
  guarded_folder() {
    fs::create_directories(root() + "/sub/deep");
    write(folder_.file("secret.txt"), "secret");
    write(root() + "/note.txt", "a note");
    write(root() + "/sub/inner.md", "inside");
    fs::create_symlink(folder_.file("secret.txt"), root() + "/absolute_link");
    fs::create_symlink("../secret.txt", root() + "/relative_link");
    fs::create_symlink("..", root() + "/up");
    fs::create_symlink("/", root() + "/sub/top");
    fs::create_symlink("loop", root() + "/loop");
  }
  [[nodiscard]] std::string root() const { return folder_.file("root"); }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream{path, std::ios::binary} << text;
  }

 private:
  temporary_folder folder_;
};

std::string file(const std::string& path) {
  return R"({"path":)" + schema_writer::quote(path) + "}";
}

errc code_of(const std::string& url, const http_get_options& options) {
  try {
    static_cast<void>(tools::checked_place(url, options));
  } catch (const error& reason) {
    return reason.code();
  }
  return errc::node_failed;
}

bool public_address(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    REQUIRE(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1);
    storage.ss_family = AF_INET6;
  }
  return tools::is_public(*reinterpret_cast<const sockaddr*>(&storage));
}

}  // namespace

TEST_CASE("The calculator keeps to the rules of arithmetic") {
  const auto [text, value] = GENERATE(table<std::string, std::string>({
      {"1+2*3", "7"},
      {"(1+2)*3", "9"},
      {"2^3^2", "512"},
      {"-2^2", "-4"},
      {"2^-1", "0.5"},
      {"10-4-3", "3"},
      {"7 % 4 / 2", "1.5"},
      {"0.1+0.2", "0.30000000000000004"},
      {"sqrt(16) + abs(-1)", "5"},
      {"round(pi*100)/100", "3.14"},
      {"1e3", "1000"},
      {"log10(1000)", "3"},
  }));
  CHECK(answer_of(*calculator_tool(), R"({"expression":")" + text + "\"}").content == value);
}

TEST_CASE("The calculator names the column of what it does not understand") {
  const auto [text, what] = GENERATE(table<std::string, std::string>({
      {"1+", "column 3: a number was expected"},
      {"1 2", "column 3: an operator or the end was expected"},
      {"(1", "column 3: ')' was expected"},
      {"1/0", "a division by zero"},
      {"foo(1)", "an unknown name"},
      {"9^9^9", "no finite number"},
      {std::string(900, '('), "nested too deep"},
      {std::string(900, '-') + "1", "nested too deep"},
      {"2" + std::string(998, '^'), "a number was expected"},
      {std::string(1001, '1'), "more than 1000 characters"},
      {std::string("1\0+1", 4), "an operator or the end was expected"},
      {"1e999", "not a number that can be held"},
  }));
  INFO(text);
  try {
    static_cast<void>(tools::evaluate(text));
    FAIL("there was no error");
  } catch (const error& reason) {
    CHECK(reason.message().find(what) != std::string::npos);
  }
}

TEST_CASE("The clock shows the context's time in the wanted zone") {
  const auto port = std::make_shared<recording_port>();
  port->fake.at_time(std::chrono::system_clock::time_point{std::chrono::seconds{951'782'399}});
  clock_tool()->start(R"({"utc_offset_minutes":90})", tool_reply{port});
  const auto said = nlohmann::json::parse(port->result.value().content);
  CHECK(said["time"] == "2000-02-29T01:29:59+01:30");
  CHECK(said["weekday"] == "Tuesday");
  CHECK(said["unix_seconds"] == 951'782'399);
  CHECK(failure_of(*clock_tool(), R"({"utc_offset_minutes":100000})").error.code() ==
        errc::invalid_tool_call);
}

TEST_CASE("Files below the root are read and listed") {
  const guarded_folder folder;
  const auto read = read_file_tool({.root = folder.root()});
  CHECK(read->options().blocking);
  CHECK(answer_of(*read, file("note.txt")).content == "a note");
  CHECK(answer_of(*read, file("./sub//inner.md")).content == "inside");
  const auto list = list_files_tool({.root = folder.root()});
  const auto top = nlohmann::json::parse(answer_of(*list, "{}").content);
  CHECK(top["more"] == false);
  CHECK(top["entries"].size() == 6);
  CHECK(top["entries"][0]["name"] == "absolute_link");
  CHECK(top["entries"][0]["type"] == "link");
  CHECK(top["entries"][2]["name"] == "note.txt");
  CHECK(top["entries"][2]["bytes"] == 6);
  CHECK(nlohmann::json::parse(answer_of(*list, file("sub")).content)["entries"].size() == 3);
}

TEST_CASE("No path leads out of the root, with and without the kernel's help") {
  const guarded_folder folder;
  const auto how = GENERATE(tools::confinement::kernel, tools::confinement::walk);
  const auto path =
      GENERATE(as<std::string>{}, "../secret.txt", "sub/../../secret.txt", "..", "sub/../..",
               "/etc/passwd", "//etc/passwd", "absolute_link", "relative_link", "up/secret.txt",
               "up", "sub/top/etc/passwd", "loop", "note.txt/..", "/proc/self/root/etc/passwd");
  const tools::rooted_folder root{folder.root(), how};
  INFO(path);
  CHECK_THROWS_AS(root.read(path, 1000), error);
  CHECK_THROWS_AS(root.list(path, 1000), error);
}

TEST_CASE("A way out is access denied, and the model is told") {
  const guarded_folder folder;
  const auto read = read_file_tool({.root = folder.root()});
  CHECK(read->options().tell_model);
  CHECK(failure_of(*read, file("../secret.txt")).error.code() == errc::access_denied);
  CHECK(failure_of(*read, file("absolute_link")).error.code() == errc::access_denied);
  CHECK(failure_of(*read, file("/etc/passwd")).error.code() == errc::access_denied);
  CHECK(failure_of(*read, file(std::string("a\0b", 3))).error.code() == errc::tool_failed);
  CHECK(failure_of(*read, file(std::string(5000, 'a'))).error.code() == errc::tool_failed);
}

TEST_CASE("A link that stays inside is followed by the kernel, and refused by the walk") {
  const guarded_folder folder;
  fs::create_symlink("sub/inner.md", folder.root() + "/inner_link");
  const tools::rooted_folder walk{folder.root(), tools::confinement::walk};
  CHECK_THROWS_AS(walk.read("inner_link", 1000), error);
  CHECK(walk.read("sub/inner.md", 1000) == "inside");
}

TEST_CASE("Pipes, sockets, folders, binary and huge files are refused without waiting") {
  const guarded_folder folder;
  REQUIRE(::mkfifo((folder.root() + "/pipe").c_str(), 0600) == 0);
  const auto listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto socket_path = folder.root() + "/sock";
  REQUIRE(socket_path.size() < sizeof address.sun_path);
  socket_path.copy(address.sun_path, socket_path.size());
  REQUIRE(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  guarded_folder::write(folder.root() + "/binary", std::string("a\0b", 3));
  guarded_folder::write(folder.root() + "/latin", "caf\xe9");
  guarded_folder::write(folder.root() + "/huge", "");
  fs::resize_file(folder.root() + "/huge", 10'000'000'000);
  guarded_folder::write(folder.root() + "/exact", std::string(100, 'x'));
  guarded_folder::write(folder.root() + "/above", std::string(101, 'x'));
  const auto read = read_file_tool({.root = folder.root(), .max_file_bytes = 100});
  for (const auto* name : {"pipe", "sock", "sub", "binary", "latin", "missing"}) {
    INFO(name);
    CHECK(failure_of(*read, file(name)).error.code() == errc::tool_failed);
  }
  CHECK(failure_of(*read, file("huge")).error.code() == errc::too_large);
  CHECK(failure_of(*read, file("above")).error.code() == errc::too_large);
  CHECK(answer_of(*read, file("exact")).content.size() == 100);
  ::close(listener);
}

TEST_CASE("A long listing is cut and says so, and a missing root is refused at once") {
  const guarded_folder folder;
  const auto list = list_files_tool({.root = folder.root(), .max_entries = 2});
  const auto top = nlohmann::json::parse(answer_of(*list, "").content);
  CHECK(top["entries"].size() == 2);
  CHECK(top["more"] == true);
  CHECK_THROWS_AS(list_files_tool({.root = folder.root() + "/none"}), error);
  CHECK_THROWS_AS(read_file_tool({.root = folder.root() + "/note.txt"}), error);
}

TEST_CASE("Documents of a folder are found by their words") {
  const guarded_folder folder;
  guarded_folder::write(folder.root() + "/owls.md", "Owls hunt at night.\n\nThey are silent.");
  guarded_folder::write(folder.root() + "/bad.md", std::string("\xff\xfe"));
  const auto store = in_memory_memory_store();
  const auto loaded = load_documents(*store, {.root = folder.root(), .passage_bytes = 25});
  CHECK(loaded.files == 3);
  CHECK(loaded.passages == 4);
  CHECK(loaded.skipped == 1);
  const auto search = search_documents_tool({.store = store});
  const auto found = nlohmann::json::parse(answer_of(*search, R"({"query":"silent"})").content);
  REQUIRE(found.size() == 1);
  CHECK(found[0]["value"]["source"] == "owls.md");
  CHECK(found[0]["value"]["text"] == "They are silent.");
  CHECK(found[0]["value"]["line"] == 3);
  CHECK(found[0]["value"]["last_line"] == 3);
  CHECK(answer_of(*search, R"({"query":"secret"})").content == "[]");
  CHECK(failure_of(*search, R"({"query":"x","limit":0})").error.code() == errc::invalid_tool_call);
}

TEST_CASE("Without a store of its own the search uses the executor's") {
  const auto store = in_memory_memory_store();
  store->put({"documents"}, "a", R"({"text":"barn owl"})");
  const auto port = std::make_shared<recording_port>();
  port->fake.with_memory(store);
  search_documents_tool()->start(R"({"query":"owl"})", tool_reply{port});
  CHECK(port->result.value().content.find("barn owl") != std::string::npos);
  CHECK(failure_of(*search_documents_tool(), R"({"query":"owl"})").error.code() == errc::no_store);
}

namespace {
/// "first-last:text" of each passage.
std::vector<std::string> passages(const std::string& text, std::size_t limit) {
  std::vector<std::string> result;
  for (const auto& one : tools::passages_of(text, limit)) {
    result.push_back(std::to_string(one.line) + "-" + std::to_string(one.last_line) + ":" +
                     one.text);
  }
  return result;
}
}  // namespace

TEST_CASE("Passages are cut between paragraphs, lines, words, and never within a character") {
  using list = std::vector<std::string>;
  CHECK(passages("one\n\ntwo\n\nthree", 9) == list{"1-3:one\n\ntwo", "5-5:three"});
  CHECK(passages("\n\none two three\n", 8) == list{"3-3:one two", "3-3:three"});
  CHECK(passages("\u00e9\u00e9\u00e9", 5) == list{"1-1:\u00e9\u00e9", "1-1:\u00e9"});
  CHECK(passages(" \n ", 5).empty());
}

TEST_CASE("Only valid UTF-8 without a NUL counts as text") {
  CHECK(tools::is_text("a\u00e9\u20ac\U0001f989"));
  for (const auto* bad : {"\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf8\x88\x80\x80\x80", "\xe2\x82", "\xff"}) {
    CHECK_FALSE(tools::is_text(bad));
  }
  CHECK_FALSE(tools::is_text(std::string_view("\0", 1)));
}

TEST_CASE("Only allowed hosts, schemes and forms of a URL are fetched") {
  const http_get_options options{.hosts = {"example.org", "*.example.net"}};
  CHECK(tools::checked_place("https://EXAMPLE.org./a?b#c", options) ==
        "https://EXAMPLE.org./a?b#c");
  CHECK_NOTHROW(tools::checked_place("http://a.b.example.net:8080/", options));
  for (const auto* url :
       {"https://example.com/", "https://example.net/", "https://notexample.net/",
        "https://example.org.evil.com/", "https://example.org@evil.com/",
        "https://user:pw@example.org/", "ftp://example.org/", "file:///etc/passwd",
        "gopher://example.org/", "https://127.0.0.1/", "https://[::1]/"}) {
    INFO(url);
    CHECK(code_of(url, options) == errc::access_denied);
  }
  CHECK(code_of("no url", options) == errc::invalid_tool_call);
  CHECK(code_of("https://example.org/", {}) == errc::access_denied);
  CHECK(code_of("http://example.org/", {.hosts = {"example.org"}, .allow_plain_http = false}) ==
        errc::access_denied);
  CHECK(tools::resolved("https://example.org/a/b", "../c") == "https://example.org/c");
  CHECK(tools::resolved("https://example.org/a", "//evil.com/x") == "https://evil.com/x");
}

TEST_CASE("Addresses of this machine, its networks and reserved ranges are not public") {
  for (const auto* text : {"127.0.0.1",
                           "10.1.2.3",
                           "172.31.255.255",
                           "192.168.0.1",
                           "169.254.1.1",
                           "100.64.0.1",
                           "0.0.0.0",
                           "224.0.0.1",
                           "255.255.255.255",
                           "198.18.0.1",
                           "::1",
                           "::",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::7f00:1",
                           "2002:7f00:1::",
                           "2001:db8::1",
                           "::127.0.0.1"}) {
    INFO(text);
    CHECK_FALSE(public_address(text));
  }
  for (const auto* text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "::ffff:8.8.8.8",
                           "64:ff9b::808:808"}) {
    INFO(text);
    CHECK(public_address(text));
  }
}

}  // namespace mcp::test
