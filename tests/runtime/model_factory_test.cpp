#include "agents/http_server.hpp"
#include "runtime/cluster_system_support.hpp"
#include "support/scoped_variable.hpp"

#include <mutex>
#include <sstream>
#include <vector>

namespace mcp::test {
namespace {

using Catch::Matchers::Contains;

/// An OpenAI-compatible provider that notes the requests and answers "Hi", or as it is told.
class noting_provider {
 public:
  std::vector<std::string> answers{};  ///< HTTP answers to give first

  [[nodiscard]] std::string url() const { return server_.url("/v1"); }
  [[nodiscard]] std::vector<std::string> asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }
  [[nodiscard]] static std::string answer(const std::string& status, const std::string& body) {
    return "HTTP/1.1 " + status +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

 private:
  void play(::test::connection& link) {
    while (true) {
      auto request = link.read_request();
      if (request.empty()) return;
      std::string reply = answer("200 OK", R"({"model":"m-1","choices":[{"message":{"role":
"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,
"completion_tokens":10}})");
      {
        const std::lock_guard lock{mutex_};
        asked_.push_back(std::move(request));
        if (asked_.size() <= answers.size()) reply = answers[asked_.size() - 1];
      }
      link.send(reply);
    }
  }

  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  ::test::http_server server_{[this](::test::connection& link) { play(link); }};
};

std::string talking(const std::string& models, const std::string& more = {}) {
  return "name: talk\nstate: {question: string, answer: string}\n" + more + "models:\n" + models +
         "nodes: {talk: {model: main, prompt: 'My key is KEY-ONE', output: answer, stream: "
         "false}}\n"
         "edges: [start -> talk -> END]\n";
}

constexpr const char* secret = "sk-of-the-file-1234";

}  // namespace

TEST_CASE("A model's replacement hears no key and no header of the model it replaces") {
  const scoped_variable key{"FILES_KEY", secret};
  const scoped_variable other{"OTHER_KEY", "sk-other-5678"};
  noting_provider provider;
  const auto text = talking(
      "  main: {provider: openai, model: gpt, api_key_env: FILES_KEY, headers: {X-Org: "
      "private}}\n");
  cluster::load_options options;
  const auto replaced = [&](const std::string& by) {
    options.models["main"] = by;
    static_cast<void>(run_file(text, nlohmann::json::object(), options));
    return provider.asked().back();
  };
  const auto bare = replaced("openai:foo@" + provider.url());
  CHECK_THAT(bare, Contains("\"foo\"") && !Contains(secret) && !Contains("private") &&
                       !Contains("uthorization"));
  CHECK_THAT(replaced("openai:foo@" + provider.url() + ",key_env=OTHER_KEY"),
             Contains("Bearer sk-other-5678"));
}

TEST_CASE("Offline no model is replaced by one that needs a network") {
  const cluster_folder folder{talking("  main: {provider: scripted}\n")};
  cluster::load_options options{.offline = true};
  options.models["main"] = "openai:gpt@http://127.0.0.1:1/v1";
  CHECK_THAT(folder.problems(options), Contains("offline: it needs a network"));
}

TEST_CASE("A replacement at the same address keeps the key of the file") {
  const scoped_variable key{"FILES_KEY", secret};
  noting_provider provider;
  cluster::load_options options;
  options.models["main"] = "openai:bar@" + provider.url();
  static_cast<void>(
      run_file(talking("  main: {provider: openai, model: gpt, api_key_env: FILES_KEY, "
                       "base_url: \"" +
                       provider.url() + "\"}\n"),
               nlohmann::json::object(), options));
  CHECK_THAT(provider.asked().back(), Contains(secret) && Contains("\"bar\""));
}

TEST_CASE("Models with a network are tried again without being told to") {
  noting_provider provider;
  provider.answers = {noting_provider::answer("503 Service Unavailable", "{}")};
  const auto file = [&](const std::string& retry) {
    return talking("  main: {provider: openai, model: m, base_url: \"" + provider.url() + "\"" +
                   retry + "}\n");
  };
  CHECK(run_file(file(""))["answer"] == "Hi");
  CHECK(provider.asked().size() == 2);
  provider.answers.assign(3, noting_provider::answer("503 Service Unavailable", "{}"));
  CHECK_THROWS(run_file(file(", retry: {max_attempts: 1}")));
  CHECK(provider.asked().size() == 3);
}

TEST_CASE("A cassette holds neither the model's key nor what its file says to leave out") {
  const scoped_variable key{"FILES_KEY", "KEY-ONE"};
  const scoped_variable more{"OF_USERS", "My key"};
  noting_provider provider;
  const auto redact = GENERATE("", ", redact_env: [OF_USERS, FILES_KEY, NOT_SET]");
  const cluster_folder folder{
      talking("  main: {provider: openai, model: m, base_url: \"" + provider.url() +
              "\", api_key_env: FILES_KEY, record: tape.jsonl" + redact + "}\n")};
  const auto run = [&](const cluster::load_options& options) {
    const auto system = folder.load(options);
    return nlohmann::json(system->executor().run(json_state{system->type()}).to_json())["answer"];
  };
  CHECK(run({}) == "Hi");
  CHECK_THAT(provider.asked().back(), Contains("My key is KEY-ONE"));
  std::ostringstream tape;
  tape << std::ifstream{folder.path("tape.jsonl")}.rdbuf();
  const bool more_redacted = *redact != '\0';
  CHECK_THAT(tape.str(), !Contains("KEY-ONE") && Contains(more_redacted ? "[redacted] is [redacted]"
                                                                        : "My key is [redacted]"));
  if (!more_redacted) return;
  cluster::load_options replay;
  replay.models["main"] = "replay:" + folder.path("tape.jsonl");
  CHECK(run(replay) == "Hi");
}

TEST_CASE("A budget of money counts each model of a chain at its own price") {
  noting_provider provider;
  const auto chain =
      "  main: {provider: openai, model: cheap, base_url: \"http://127.0.0.1:1/v1\", "
      "retry: {max_attempts: 1}, fallbacks: [dear], price: {input: 1, output: 1}}\n"
      "  dear: {provider: openai, model: m, base_url: \"" +
      provider.url() + "\", price: {input: 1000, output: 1000}}\n";
  const auto file = [&](const std::string& cost) {
    return talking(chain, "limits: {budget: {cost: " + cost + "}}\n");
  };
  CHECK_THROWS_WITH(run_file(file("0.05")), Contains("cost_micros"));
  CHECK(provider.asked().empty());
  const cluster_folder folder{file("10")};
  const auto system = folder.load();
  const auto ended =
      system->executor().run_to_result(json_state{system->type()}, system->default_run_options());
  ended.check();
  CHECK(ended.info.usage.counters.at("cost_micros") == 30'000);
}

TEST_CASE("A budget of money tells of models whose price it does not know") {
  const auto text =
      talking("  main: {provider: openai, model: m}\n", "limits: {budget: {cost: 1}}\n");
  const cluster_folder folder{text};
  CHECK_THAT(folder.problems(), Contains("the model \"main\" has no `price`"));
  CHECK(folder.problems({.offline = true}) == "");
}

TEST_CASE("Models of one account take turns at one limiter, whichever names the limit") {
  noting_provider provider;
  const auto at = [&](const std::string& path) { return "base_url: \"" + provider.url() + path; };
  const cluster_folder folder{talking("  main: {provider: openai, model: m, " + at("\"") +
                                      "}\n"
                                      "  other: {provider: openai, model: m, " +
                                      at("/\"") +
                                      ", limit: {requests_per_minute: 6}}\n"
                                      "  third: {provider: openai, model: m, " +
                                      at("\"") + ", limit: {requests_per_minute: 7}}\n")};
  CHECK_THAT(folder.problems(), Contains("in use with another limit"));
}

}  // namespace mcp::test
