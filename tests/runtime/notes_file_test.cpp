// Notes and embeddings in cluster files.
#include "agents/http_server.hpp"
#include "runtime/cluster_system_support.hpp"
#include "support/scoped_variable.hpp"

#include <mutex>
#include <set>

using namespace mcp;
using namespace mcp::cluster;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

/// What a run leaves in the state, on a thread of its own.
json run_in(const cluster_folder& folder, const json& input, const load_options& options = {},
            const std::string& thread = {}) {
  const auto system = folder.load(options);
  auto how = system->default_run_options();
  if (!thread.empty()) how.thread_id = thread;
  const auto ended = system->executor().run_to_result(json_state{system->type(), input}, how);
  ended.check();
  return json(ended.state().to_json());
}

const std::string notes = R"(name: notes
state:
  user: string
  learnt: string
  question: string
  known: {type: array, items: {type: string}}
nodes:
  keep: {remember: "{{ state.learnt }}", scope: {user: "{{ state.user }}"}, kind: fact}
  look: {recall: "{{ state.question }}", scope: {user: "{{ state.user }}"}, into: known, limit: 3}
edges: [start -> keep -> look -> END]
store: {sqlite: notes.db}
)";
const std::string hashed = notes + "memory: {embeddings: {provider: hashing}}\n";

}  // namespace

TEST_CASE("What a node remembers of a user, another run recalls of that user", "[memory]") {
  for (const auto& file : {notes, hashed}) {
    const cluster_folder folder{file};
    run_in(folder, {{"user", "ann"}, {"learnt", "Ann likes green tea"}});
    run_in(folder, {{"user", "ann"}, {"learnt", "Ann lives in Oslo"}});
    const json asked{{"user", "ann"}, {"question", "Which tea?"}};
    CHECK(run_in(folder, asked)["known"] == json{"Ann likes green tea"});
    CHECK(run_in(folder, {{"user", "ben"}, {"question", "Which tea?"}})["known"] == json::array());
    // Without a question the newest come first; what was remembered twice is one note.
    run_in(folder, {{"user", "ann"}, {"learnt", "Ann lives in Oslo"}});
    CHECK(run_in(folder, {{"user", "ann"}})["known"] ==
          json{"Ann lives in Oslo", "Ann likes green tea"});
  }
}

TEST_CASE("Threads and the system itself have notes of their own, found together", "[memory]") {
  const cluster_folder folder{R"(state:
  say: string
  known: {type: array, items: {type: object}}
nodes:
  mine: {remember: "{{ state.say }}", scope: thread}
  ours: {remember: {lua: "if state.say ~= '' then return {{text = 'we heard ' .. state.say, kind = 'echo', metadata = {n = 1}}} end"}, scope: agent}
  look: {recall: "heard tea", scope: [thread, agent], into: known}
edges: [start -> mine -> ours -> look -> END]
store: {sqlite: notes.db}
)"};
  const auto first = run_in(folder, {{"say", "tea"}}, {}, "a")["known"];
  REQUIRE(first.size() == 2);
  const auto of_other_thread = run_in(folder, {{"say", ""}}, {}, "b")["known"];
  REQUIRE(of_other_thread.size() == 1);
  CHECK(of_other_thread[0]["text"] == "we heard tea");
  CHECK(of_other_thread[0]["kind"] == "echo");
  CHECK(of_other_thread[0]["metadata"] == json{{"n", 1}});
}

TEST_CASE("Notes are told apart by their kind and metadata", "[memory]") {
  const std::string file = R"(state: {known: {type: array}, topic: string}
nodes:
  a: {remember: "tea is hot", scope: agent, kind: fact, metadata: {topic: "'drinks'"}}
  b: {remember: "tea was late", scope: agent, kind: event, metadata: {topic: "'trains'"}}
  look: {recall: tea, scope: agent, into: known, FILTER}
edges: [start -> a -> b -> look -> END]
)";
  const auto found = [&](const std::string& filter) {
    auto text = file;
    return run_file(text.replace(text.find("FILTER"), 6, filter), {{"topic", "trains"}})["known"];
  };
  CHECK(found("limit: 9").size() == 2);
  CHECK(found("kind: fact") == json{"tea is hot"});
  CHECK(found("metadata: {topic: state.topic}") == json{"tea was late"});
}

namespace {

/// An embedding server of ours, after the documented shape of the OpenAI API: two dimensions, of
/// which words for drinks are one.
class embedding_server {
 public:
  [[nodiscard]] std::string url() const { return server_.url("/v1"); }
  [[nodiscard]] std::size_t texts() const {
    const std::lock_guard lock{mutex_};
    return texts_;
  }
  [[nodiscard]] std::set<std::string> keys() const {
    const std::lock_guard lock{mutex_};
    return keys_;
  }
  void answer_with(int status) {
    const std::lock_guard lock{mutex_};
    status_ = status;
  }

 private:
  void play(::test::connection& link) {
    for (auto text = link.read_request(); !text.empty(); text = link.read_request()) {
      if (!link.send(answer_to(text))) return;
    }
  }
  std::string answer_to(const std::string& text) {
    const std::lock_guard lock{mutex_};
    if (status_ != 200) {
      return ::test::answer(
          status_, "application/json",
          R"({"error":{"message":"bad request","type":"invalid_request_error"}})");
    }
    const auto key = text.find("Authorization: Bearer ");
    if (key != std::string::npos)
      keys_.insert(text.substr(key + 22, text.find('\r', key) - key - 22));
    const auto asked = json::parse(text.substr(text.find("\r\n\r\n") + 4));
    auto data = json::array();
    for (const auto& one : asked.at("input")) {
      const auto words = one.get<std::string>();
      const bool drinks =
          words.find("tea") != std::string::npos || words.find("beverage") != std::string::npos;
      data.push_back({{"object", "embedding"},
                      {"index", data.size()},
                      {"embedding", drinks ? json{1.0, 0.0} : json{0.0, 1.0}}});
      ++texts_;
    }
    return ::test::answer(200, "application/json",
                          json{{"object", "list"},
                               {"model", "m"},
                               {"data", data},
                               {"usage", {{"prompt_tokens", 7}, {"total_tokens", 7}}}}
                              .dump());
  }

  mutable std::mutex mutex_;
  int status_ = 200;
  std::size_t texts_ = 0;
  std::set<std::string> keys_;
  ::test::http_server server_{[this](::test::connection& link) { play(link); }};
};

std::string with_server(const embedding_server& server, const std::string& more = {}) {
  return notes + "memory: {embeddings: {provider: openai, model: m, base_url: \"" + server.url() +
         "\", api_key_env: MCP_TEST_FILE_EMBEDDING_KEY, price: {input: 1}" + more + "}}\n";
}

}  // namespace

TEST_CASE("With an embedding provider notes are found by their meaning", "[memory]") {
  const scoped_variable key{"MCP_TEST_FILE_EMBEDDING_KEY", "sk-file-1"};
  const embedding_server server;
  const cluster_folder folder{with_server(server)};
  run_in(folder, {{"user", "ann"}, {"learnt", "Ann likes green tea"}});
  run_in(folder, {{"user", "ann"}, {"learnt", "Ann lives in Oslo"}});
  const json asked{{"user", "ann"}, {"question", "favourite beverage"}};
  const auto system = folder.load();
  const auto ended = system->executor().run_to_result(json_state{system->type(), asked},
                                                      system->default_run_options());
  ended.check();
  CHECK(json(ended.state().to_json())["known"] == json{"Ann likes green tea"});
  CHECK(ended.info.usage.counters.at("tokens") == 7);
  CHECK(ended.info.usage.counters.at("cost_micros") == 7);
  CHECK(server.keys() == std::set<std::string>{"sk-file-1"});
}

TEST_CASE("Offline, and while the provider fails, the text search does alone", "[memory]") {
  const scoped_variable key{"MCP_TEST_FILE_EMBEDDING_KEY", "sk-file-1"};
  embedding_server server;
  const cluster_folder folder{with_server(server)};
  const json asked{{"user", "ann"}, {"question", "favourite beverage"}};
  run_in(folder, {{"user", "ann"}, {"learnt", "Ann likes green tea"}}, {.offline = true});
  CHECK(run_in(folder, asked, {.offline = true})["known"] == json::array());
  CHECK(server.texts() == 0);
  server.answer_with(400);
  CHECK(run_in(folder, asked)["known"] == json::array());
  server.answer_with(200);  // and the note gets its vector on the way
  CHECK(run_in(folder, asked)["known"] == json{"Ann likes green tea"});
  server.answer_with(400);
  const cluster_folder strict{with_server(server, ", required: true")};
  CHECK_THROWS_AS(run_in(strict, asked), error);
}

TEST_CASE("Scripts recall by meaning, too, and keep their namespaces", "[memory]") {
  const scoped_variable key{"MCP_TEST_FILE_EMBEDDING_KEY", "sk-file-1"};
  const embedding_server server;
  const cluster_folder folder{R"(state: {found: {type: array}, tool: string}
tools:
  look:
    description: Looks.
    parameters: {type: object, properties: {q: {type: string}}, required: [q]}
    lua: "return memory.recall({'people'}, args.q, 1)[1].value.text"
nodes:
  talk:
    lua: |
      memory.remember({"people", "ann"}, {text = "likes green tea", n = 1}, {key = "a"})
      memory.remember({"people", "ann"}, "lives in Oslo", {key = "b"})
      memory.remember("places", "the tea house", {key = "c"})
      local found = list{}
      for _, one in ipairs(memory.recall("people", "which beverage")) do found[#found + 1] = one.key end
      memory.forget({"people", "ann"}, "a")
      for _, one in ipairs(memory.recall("people", "which beverage")) do found[#found + 1] = one.key end
      memory.remember({"people", "ann"}, "drinks tea", {key = "d"})
      return {found = found}
  ask: {call: look, arguments: {q: "'beverage'"}, into: tool}
edges: [start -> talk -> ask -> END]
memory: {embeddings: {provider: openai, model: m, base_url: ")" +
                              server.url() + "\"}}\n"};
  CHECK(folder.problems().empty());
  const auto after = run_in(folder, json::object());
  CHECK(after["found"] == json{"a"});
  CHECK(after["tool"] == "drinks tea");
}

namespace {

std::string problems_in(const std::string& text) {
  return cluster_folder{text}.problems();
}

/// A model that calls one tool with what it was asked, and repeats what it answers.
std::string memory_tools_file() {
  return R"(state: {user: string, messages: messages, answer: string}
models:
  main:
    provider: scripted
    rules:
      - {role: tool, text: "{{ text }}"}
      - lua: |
          local name, rest = string.match(text, "^(%a+) (.*)$")
          local args = name == "remember" and {text = rest, kind = "fact"}
            or name == "recall" and {query = rest} or {key = rest}
          return {tool_calls = {{name = name, arguments = args}}}
tools:
  remember: {builtin: remember, OPTIONS}
  recall: {builtin: recall, OPTIONS}
  forget: {builtin: forget, OPTIONS}
nodes:
  talk: {model: main, tools: [remember, recall, forget], output: answer}
  tools: {run_tools: [remember, recall, forget]}
edges:
  - start -> talk
  - {from: talk, tools: tools}
  - tools -> talk
store: {sqlite: notes.db}
memory: {embeddings: {provider: hashing}}
)";
}

std::string replaced_all(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

}  // namespace

TEST_CASE("Models remember, recall and forget by tools, where the file says", "[memory]") {
  const auto file = [](const std::string& options) {
    return replaced_all(memory_tools_file(), "OPTIONS", options);
  };
  const auto ask = [](const cluster_folder& folder, const std::string& user,
                      const std::string& text) {
    return run_in(folder, {{"user", user}, {"messages", {{{"role", "user"}, {"content", text}}}}},
                  {}, user)["answer"]
        .get<std::string>();
  };
  for (const std::string options : {"scope: user, given: {user: state.user}", "scope: thread",
                                    "scope: agent, given: {agent: state.user}"}) {
    INFO(options);
    const cluster_folder folder{file(options)};
    const auto kept = ask(folder, "ann", "remember Ann likes green tea");
    REQUIRE(kept.starts_with("remembered as "));
    CHECK_THAT(ask(folder, "ann", "recall green tea"), Contains("Ann likes green tea"));
    CHECK(ask(folder, "ben", "recall green tea") == "[]");
    CHECK(ask(folder, "ann", "forget " + kept.substr(14)) == "forgotten");
    CHECK(ask(folder, "ann", "recall green tea") == "[]");
  }
  const cluster_folder shared{file("scope: agent")};
  static_cast<void>(ask(shared, "ann", "remember tea is hot"));
  CHECK_THAT(ask(shared, "ben", "recall tea"), Contains("tea is hot"));
  CHECK_THAT(problems_in(file("scope: user")), Contains("does not say which user"));
  CHECK_THAT(problems_in(file("scope: usr")), Contains("did you mean \"user\"?"));
  CHECK_THAT(problems_in(file("tell_model: true")), Contains("whose memory it uses"));
  CHECK_THAT(problems_in(file("scope: thread, root: x")), Contains("has no key `root`"));
}
