#include "agents/http_server.hpp"
#include "runtime/cluster_system_support.hpp"
#include "support/scoped_variable.hpp"

#include <filesystem>
#include <mutex>

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

const std::string hostile = MCP_TEST_BUILD_DIR "/tests/hostile_mcp_server";

/// A model that calls one tool once and repeats what it answers. `servers`: below `mcp_servers`.
std::string caller_of(const std::string& tool, const std::string& servers,
                      const std::string& offered) {
  return R"(name: caller
state: {answer: string, messages: messages}
models:
  main:
    provider: scripted
    rules:
      - {role: tool, text: "{{ text }}"}
      - {tool_calls: [{name: )" +
         tool + R"(, arguments: {text: hey}}]}
mcp_servers:
)" + servers +
         R"(nodes:
  think: {model: main, prompt: go, tools: [)" +
         offered + R"(], output: answer}
  tools: {run_tools: [)" +
         offered + R"(]}
edges:
  - start -> think
  - {from: think, tools: tools}
  - tools -> think
)";
}

std::string server(const std::string& mode, const std::string& more = {}) {
  return "  h: {command: " + hostile + ", args: [" + mode + "]" + more + "}\n";
}

std::string answer_of(const std::string& text) {
  return run_file(text)["answer"].get<std::string>();
}

}  // namespace

TEST_CASE("Nodes call the tools of a server, all or those that are listed") {
  CHECK(answer_of(caller_of("h_echo", server("fine"), "h")) == "fine");
  CHECK(answer_of(caller_of("h_a_b_c", server("fine", ", tools: [a.b/c]"), "h_a_b_c")) == "fine");
  CHECK(answer_of(caller_of("say", server("fine", ", tools: {echo: {as: say}}"), "say")) == "fine");
  CHECK(answer_of(caller_of("x_echo", server("fine", ", prefix: x"), "h")) == "fine");
  CHECK(answer_of(caller_of("echo", server("fine", ", prefix: false"), "h")) == "fine");
  CHECK_THAT(answer_of(caller_of("h_echo", server("fine", ", tools: [a.b/c]"), "h")),
             Contains("h_echo is not a valid tool"));
}

TEST_CASE("A server's options hold for its tools, and a tool's own before them") {
  const auto asks = [](const std::string& options) {
    const cluster_folder folder{caller_of("h_echo", server("fine", options), "h")};
    const auto system = folder.load();
    auto run = system->default_run_options();
    run.thread_id = "t";
    return system->executor().run_to_result(json_state{system->type()}, run).status() ==
           run_status::interrupted;
  };
  CHECK(asks(", approval: true"));
  CHECK(asks(", approval: {lua: \"return args.text == 'hey'\"}"));
  CHECK_FALSE(asks(", approval: true, tools: {echo: {approval: false}}"));
  CHECK(asks(", tools: {echo: {approval: true}}"));
  CHECK_FALSE(asks(""));
}

TEST_CASE("A server starts for a run and not for a check") {
  const cluster_folder folder{caller_of(
      "h_echo", "  h: {command: sh, args: [-c, \"touch started; exec " + hostile + " fine\"]}\n",
      "h")};
  const auto marker = folder.path("started");
  CHECK(folder.problems().empty());
  const auto system = folder.load();
  CHECK(system->servers() == std::vector<std::string>{"h"});
  CHECK_FALSE(std::filesystem::exists(marker));
  CHECK(system->executor().run(json_state{system->type()}).at("answer") == "fine");
  CHECK(std::filesystem::exists(marker));  // its working folder is the file's
}

TEST_CASE("Problems of servers have their place") {
  const auto problems = [](const std::string& servers, const std::string& offered = "h") {
    return cluster_folder{caller_of("h_echo", servers, offered)}.problems();
  };
  CHECK_THAT(problems("  h: {args: [x]}\n"),
             Contains("team.yaml:10:3: the server \"h\" needs either"));
  CHECK_THAT(problems("  h: {command: x, url: \"http://a/\"}\n"), Contains("needs either"));
  CHECK_THAT(problems("  h: {command: x, arg: [y]}\n"), Contains("did you mean \"args\"?"));
  CHECK_THAT(problems("  h: {url: \"ftp://a/\"}\n"), Contains("is no http or https address"));
  CHECK_THAT(problems("  h: {url: \"http://a/\", token_env: NOWHERE_SET}\n"),
             Contains("team.yaml:10:36: the variable NOWHERE_SET is not set"));
  CHECK_THAT(problems("  h: {command: x, pass_env: {A: NOWHERE_SET}}\n"),
             Contains("the variable NOWHERE_SET is not set"));
  CHECK_THAT(problems("  h: {command: x, tools: [echo]}\n", "h_ecko"),
             Contains("there is no tool \"h_ecko\", did you mean \"h_echo\"?"));
  CHECK_THAT(problems("  h: {command: x, tools: [echo], prefix: p}\n"
                      "  i: {command: y, tools: [echo], prefix: p}\n"),
             Contains("team.yaml:11:27: there is another tool \"p_echo\""));
  CHECK_THAT(problems("  h: {command: x, tools: {echo: {approve: true}}}\n"),
             Contains("did you mean \"approval\"?"));
  CHECK_THAT(problems("  h: {command: x, limits: {memory: lots}}\n"), Contains("whole number"));
  CHECK(problems("  h: {command: x}\n").empty());
}

TEST_CASE("A server that cannot be used is an error with its place") {
  const auto refused = [](const std::string& servers) {
    try {
      const cluster_folder folder{caller_of("h_echo", servers, "h")};
      static_cast<void>(folder.load()->executor());
    } catch (const error& why) {
      UNSCOPED_INFO(why.message());
      CHECK_THAT(why.message(), Contains("team.yaml:10:"));
      return why.code();
    }
    return errc::cancelled;
  };
  CHECK(refused("  h: {command: nowhere/none}\n") == errc::invalid_cluster_file);
  CHECK(refused(server("dead", ", limits: {restarts: 1}")) == errc::connection_failed);
  CHECK(refused(server("mute", ", timeouts: {connect: 50ms}, limits: {restarts: 1}")) ==
        errc::call_timeout);
  CHECK(refused(server("fine", ", tools: [ecko]")) == errc::invalid_cluster_file);
}

TEST_CASE("A listed tool that the server offers wrongly is a problem with the reason") {
  const auto why = [](const std::string& tool) {
    const cluster_folder folder{
        caller_of("h_echo", server("fine", ", tools: [" + tool + "]"), "h")};
    return cluster::to_text(folder.load()->start_servers());
  };
  CHECK_THAT(why("bad schema"),
             Contains("team.yaml:10:") &&
                 Contains("the tool \"bad schema\" of the server \"h\" cannot be "
                          "used: ") &&
                 Contains("strong"));
  CHECK_THAT(why("a list"), Contains("its inputSchema is not of type \"object\""));
  CHECK_THAT(why("ecko"), Contains("offers no tool \"ecko\", did you mean \"echo\"?"));
}

TEST_CASE("What to do about a server fits what it is") {
  const auto why = [](const std::string& servers) {
    const cluster_folder folder{caller_of("h_echo", servers, "h")};
    return cluster::to_text(folder.load()->start_servers());
  };
  CHECK_THAT(why("  h: {command: no-such-program-of-ours}\n"),
             Contains("there is no program \"no-such-program-of-ours\" in PATH") &&
                 Contains("correct `command`"));
  CHECK_THAT(why(server("dead", ", limits: {restarts: 0}")), Contains("start the program by hand"));
  ::test::http_server closed{[](::test::connection& link) {
    link.read_request();
    link.send(::test::answer(401, "text/plain", "no"));
  }};
  CHECK_THAT(why("  h: {url: \"" + closed.url("/mcp") + "\"}\n"), Contains("check the API key"));
}

TEST_CASE("A hostile server fails its calls and nothing else") {
  const std::string sizes = ", limits: {message: 1048576, restarts: 1}";
  const auto limits = sizes + ", timeouts: {call: 300ms, total: 1s, exit: 100ms}";
  for (const std::string mode : {"endless", "dies", "silent"}) {
    INFO(mode);
    CHECK_THAT(answer_of(caller_of("h_echo", server(mode, limits), "h")), Contains("Error: "));
  }
  for (const std::string mode : {"deep", "garbage", "flood", "twice"}) {
    INFO(mode);
    CHECK(answer_of(caller_of("h_echo", server(mode, sizes), "h")) == "fine");
  }
  CHECK_THAT(answer_of(caller_of("h_liar", server("liar", limits), "h")), Contains("outputSchema"));
}

TEST_CASE("A server hears the variables that the file passes on, and no others") {
  const scoped_variable secret{"MCP_TEST_NOTES_TOKEN", "s3cret"};
  const auto script = [](const std::string& condition, const std::string& options) {
    return caller_of("h_echo",
                     "  h:\n    command: sh\n    args: [-c, 'if [ " + condition + " ]; then exec " +
                         hostile + " fine; fi']\n    limits: {restarts: 0}\n" + options,
                     "h");
  };
  CHECK(answer_of(script("\"$A\" = s3cret", "    pass_env: {A: MCP_TEST_NOTES_TOKEN}\n")) ==
        "fine");
  CHECK(answer_of(script("\"$A\" = plain", "    env: {A: plain}\n")) == "fine");
  CHECK(answer_of(script("-z \"$MCP_TEST_NOTES_TOKEN\"", "")) == "fine");
  CHECK(answer_of(script("\"$MCP_TEST_NOTES_TOKEN\" = s3cret",
                         "    pass_env: [MCP_TEST_NOTES_TOKEN]\n")) == "fine");
}

TEST_CASE("Of two servers with a tool of one name, the second one's is left out") {
  const cluster_folder folder{caller_of("echo",
                                        "  h: {command: " + hostile +
                                            ", args: [fine], prefix: false}\n"
                                            "  i: {command: " +
                                            hostile + ", args: [fine], prefix: false}\n",
                                        "h, i")};
  const auto system = folder.load();
  std::mutex mutex;
  std::string heard;
  system->hear_servers([&](const std::string& name, std::string_view line) {
    const std::lock_guard lock{mutex};
    heard += name + ": " + std::string{line} + "\n";
  });
  CHECK(system->executor().run(json_state{system->type()}).at("answer") == "fine");
  system->hear_servers(nullptr);
  CHECK_THAT(heard, Contains("another tool is called \"echo\""));
}

namespace {

/// What a server over HTTP answers to a request with an id.
json http_result(const std::string& method) {
  if (method == "initialize") {
    const json offers{{"tools", json::object()}, {"resources", json::object()}};
    return {{"protocolVersion", "2025-11-25"}, {"capabilities", offers}};
  }
  auto list = json::array();
  if (method == "tools/list") {
    list.push_back({{"name", "echo"}, {"inputSchema", {{"type", "object"}}}});
    return {{"tools", list}};
  }
  if (method == "resources/list") {
    list.push_back({{"uri", "note:1"}, {"name", "first"}});
    return {{"resources", list}};
  }
  if (method == "resources/read") {
    list.push_back({{"uri", "note:1"}, {"text", "tea"}});
    list.push_back({{"uri", "note:1"}, {"mimeType", "image/png"}, {"blob", "AAAA"}});
    return {{"contents", list}};
  }
  list.push_back({{"type", "text"}, {"text", "over HTTP"}});
  return {{"content", list}};
}

/// A server over HTTP that keeps what it is told.
class http_tools {
 public:
  [[nodiscard]] std::string url() const { return server_.url(); }
  [[nodiscard]] std::string seen() {
    const std::lock_guard lock{mutex_};
    return seen_;
  }

 private:
  void play(::test::connection& link) {
    for (auto text = link.read_request(); !text.empty(); text = link.read_request()) {
      {
        const std::lock_guard lock{mutex_};
        seen_ += text;
      }
      const auto said = json::parse(text.substr(text.find("\r\n\r\n") + 4), nullptr, false);
      if (!said.is_object() || !said.contains("id")) {
        link.send("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        continue;
      }
      const json answered{
          {"jsonrpc", "2.0"}, {"id", said["id"]}, {"result", http_result(said["method"])}};
      link.send(::test::answer(200, "application/json", answered.dump()));
    }
  }

  std::mutex mutex_;
  std::string seen_;
  ::test::http_server server_{[this](::test::connection& link) { play(link); }};
};

}  // namespace

TEST_CASE("The resources of a server are listed and read by tools") {
  const http_tools http;
  const auto file = [&http](const std::string& tool, const std::string& arguments) {
    return "state: {a: string}\nmcp_servers: {h: {url: \"" + http.url() +
           "\", resources: true}}\nnodes: {n: {call: " + tool + arguments +
           ", into: a}}\nedges: [start -> n -> END]\n";
  };
  const std::string uri = ", arguments: {uri: \"'note:1'\"}";
  CHECK(run_file(file("h_read_resource", uri))["a"] ==
        "tea\n[image/png, 4 bytes in base64, not shown]");
  CHECK_THAT(run_file(file("h_list_resources", {}))["a"].get<std::string>(),
             Contains("\"uri\":\"note:1\""));
  CHECK_THAT(cluster_folder{file("h_read_resorce", uri)}.problems(),
             Contains("did you mean \"h_read_resource\"?"));
}

TEST_CASE("A server over HTTP is told the secrets of its headers, which are in no file") {
  const scoped_variable secret{"MCP_TEST_NOTES_TOKEN", "s3cret"};
  http_tools http;
  const auto file = caller_of(
      "h_echo",
      "  h: {url: \"" + http.url() +
          "\", token_env: MCP_TEST_NOTES_TOKEN, "
          "headers: {X-Team: a}, header_env: {X-Key: MCP_TEST_NOTES_TOKEN}, tools: [echo]}\n",
      "h");
  CHECK(answer_of(file) == "over HTTP");
  CHECK_THAT(http.seen(), Contains("Authorization: Bearer s3cret"));
  CHECK_THAT(http.seen(), Contains("X-Team: a"));
  CHECK_THAT(http.seen(), Contains("X-Key: s3cret"));

  const cluster_folder folder{file};
  const auto offline = folder.load({.offline = true});
  CHECK_THAT(offline->executor().run(json_state{offline->type()}).at("answer").get<std::string>(),
             Contains("runs offline"));
}
