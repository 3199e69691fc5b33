#include "control/control_server.hpp"
#include "mcp/error.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;
using json = nlohmann::ordered_json;

namespace {

void echo(const nlohmann::json& request, const control_server::line_sink& answer) {
  if (request.contains("fail")) throw error{errc::unknown_run, request["fail"]};
  const auto count = request.value("count", 1);
  for (int i = 0; i < count; ++i) {
    if (!answer({{"heard", request}, {"line", i}})) return;
  }
}

/// What the server says to these bytes.
std::string answer_to(const std::string& path, const std::string& bytes) {
  const int link = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(::connect(link, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  REQUIRE(::send(link, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(bytes.size()));
  ::shutdown(link, SHUT_WR);
  std::string heard;
  std::vector<char> piece(4096);
  for (;;) {
    const auto got = ::read(link, piece.data(), piece.size());
    if (got <= 0) break;
    heard.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(link);
  return heard;
}

}  // namespace

TEST_CASE("A request is answered with lines, or with what went wrong", "[control]") {
  const temporary_folder folder;
  const control_server server{folder.file("s"), echo};
  CHECK(ask_server(server.path(), {{"do", "x"}}) == json{{"heard", {{"do", "x"}}}, {"line", 0}});
  int lines = 0;
  ask_server(server.path(), {{"count", 3}}, [&](const json& line) {
    CHECK(line.at("line") == lines);
    return ++lines < 3;
  });
  CHECK(lines == 3);
  try {
    static_cast<void>(ask_server(server.path(), {{"fail", "there is no run"}}));
    FAIL("it did not throw");
  } catch (const error& wrong) {
    CHECK(wrong.code() == errc::unknown_run);
    CHECK(wrong.message() == "there is no run");
  }
  // Fewer lines than the client waits for.
  CHECK_THROWS_WITH(ask_server(server.path(), {{"count", 1}}, [](const json&) { return true; }),
                    Contains("ended before it had answered"));
}

TEST_CASE("What is no request is an error, and the server goes on", "[control]") {
  const temporary_folder folder;
  const control_server server{folder.file("s"), echo};
  CHECK_THAT(answer_to(server.path(), "GET / HTTP/1.1\r\n"),
             Contains("a request is a JSON object"));
  CHECK_THAT(answer_to(server.path(), "[1]\n"), Contains("a request is a JSON object"));
  CHECK_THAT(answer_to(server.path(), "no end of line"), Contains("one line of JSON"));
  CHECK_THAT(answer_to(server.path(), ""), Contains("one line of JSON"));
  CHECK_THAT(answer_to(server.path(), std::string(100'000, '[') + "\n"), Contains("error"));
  CHECK(ask_server(server.path(), {{"do", "x"}}).contains("heard"));
}

TEST_CASE("The socket is its owner's; one of a dead server is replaced, one in use is not",
          "[control]") {
  const temporary_folder folder;
  const auto path = folder.file("s");
  {
    const control_server server{path, echo};
    struct stat found {};
    REQUIRE(::stat(path.c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600U);
    CHECK_THROWS_WITH((control_server{path, echo}), Contains("another server listens"));
    CHECK(ask_server(path, {{"do", "x"}}).contains("heard"));
  }
  CHECK_FALSE(std::filesystem::exists(path));
  CHECK_THROWS_WITH(ask_server(path, {{"do", "x"}}), Contains("no server listens"));
  // What a killed server leaves: a socket that nobody listens on.
  const int dead = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  path.copy(where.sun_path, sizeof where.sun_path - 1);
  REQUIRE(::bind(dead, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  ::close(dead);
  CHECK_THROWS_WITH(ask_server(path, {{"do", "x"}}), Contains("no server listens"));
  {
    const control_server server{path, echo};
    CHECK(ask_server(path, {{"do", "x"}}).contains("heard"));
  }
  std::ofstream{path} << "a file of somebody";
  CHECK_THROWS_WITH((control_server{path, echo}), Contains("is no socket"));
  CHECK(std::filesystem::exists(path));
  CHECK_THROWS_WITH((control_server{std::string(200, 'x'), echo}), Contains("1 to 107 bytes"));
}

TEST_CASE("A server ends while clients wait for their answers", "[control]") {
  const temporary_folder folder;
  std::atomic<int> asked{0};
  auto server = std::make_unique<control_server>(
      folder.file("s"), [&](const nlohmann::json&, const control_server::line_sink& answer) {
        ++asked;
        while (answer({{"more", true}})) std::this_thread::yield();
      });
  std::vector<std::thread> clients;
  std::atomic<int> cut{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&, path = server->path()] {
      try {
        ask_server(path, {{"do", "x"}}, [](const json&) { return true; });
      } catch (const error&) {
        ++cut;
      }
    });
  }
  while (asked < 8) std::this_thread::yield();
  server.reset();
  for (auto& one : clients) one.join();
  CHECK(cut == 8);
}
