#include "agents/http_server.hpp"
#include "mcp/agents/anthropic.hpp"
#include "mcp/agents/cassette.hpp"
#include "mcp/agents/openai.hpp"
#include "providers/http_model.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <string>
#include <vector>

namespace {

using mcp::chat_delta;
using mcp::message;

const std::filesystem::path recorded =
    std::filesystem::path{MCP_TEST_SOURCE_DIR} / "tests" / "agents" / "recorded";

std::string contents(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  return (std::ostringstream{} << in.rdbuf()).str();
}

/// How a provider's stream may look on its way.
enum class shape { whole, byte_by_byte, crlf_and_comments };

std::string with_crlf_and_comments(const std::string& stream) {
  std::string changed = ": keep-alive\r\n\r\n";
  for (const char c : stream) changed += c == '\n' ? std::string{"\r\n"} : std::string{c};
  return changed;
}

std::string chunked(const std::string& body, std::size_t size) {
  std::ostringstream out;
  out << std::hex;
  for (std::size_t at = 0; at < body.size(); at += size) {
    const auto part = body.substr(at, size);
    out << part.size() << "\r\n" << part << "\r\n";
  }
  out << "0\r\n\r\n";
  return out.str();
}

/// Plays the recorded streams of a provider, one a request.
class recorded_provider {
 public:
  recorded_provider(std::string name, shape how) : name_(std::move(name)), how_(how) {}

  [[nodiscard]] std::string url() const { return server_.url("/v1"); }

 private:
  void play(test::connection& link) {
    while (!link.read_request().empty()) {
      auto stream = contents(recorded / name_ / (std::to_string(++asked_) + ".sse"));
      if (how_ == shape::crlf_and_comments) stream = with_crlf_and_comments(stream);
      link.send(
          "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
          "Transfer-Encoding: chunked\r\n\r\n" +
          chunked(stream, how_ == shape::byte_by_byte ? 1 : 4096));
    }
  }

  const std::string name_;
  const shape how_;
  std::atomic<int> asked_{0};
  test::http_server server_{[this](test::connection& link) { play(link); }};
};

std::shared_ptr<mcp::chat_model> model_of(const std::string& provider, const std::string& url) {
  if (provider == "anthropic") {
    return mcp::anthropic_model(
        {.model = "claude-3-5-haiku-20241022", .endpoint = {.base_url = url}});
  }
  return mcp::openai_model({.model = provider == "mistral" ? "mistral-small-latest" : "gpt-4o-mini",
                            .endpoint = {.base_url = url},
                            .dialect = provider == "mistral" ? mcp::openai_dialect::mistral
                                                             : mcp::openai_dialect::openai});
}

struct heard {
  mcp::chat_answer answer{};
  std::string text{};                   ///< as it was streamed
  std::vector<mcp::tool_call> calls{};  ///< as they were streamed
};

heard ask_streaming(mcp::chat_model& model, const mcp::chat_request& request) {
  heard all;
  std::promise<mcp::chat_outcome> end;
  model.start(request, {.on_delta =
                            [&](const chat_delta& delta) {
                              if (delta.what == chat_delta::kind::text) {
                                all.text += delta.text;
                              } else if (delta.what == chat_delta::kind::tool_call) {
                                all.calls.resize(std::max(all.calls.size(), delta.index + 1));
                                auto& call = all.calls[delta.index];
                                call.id += delta.id;
                                call.name += delta.name;
                                call.arguments += delta.text;
                              }
                            },
                        .on_end = [&](mcp::chat_outcome o) { end.set_value(std::move(o)); }});
  auto outcome = end.get_future().get();
  if (outcome.failure) throw outcome.failure->error;
  all.answer = std::move(*outcome.answer);
  return all;
}

/// A conversation of three questions, of which the first is answered with two calls of a tool.
std::vector<heard> converse(mcp::chat_model& model) {
  mcp::chat_request request;
  request.messages = {{.role = "system", .content = "Be brief."},
                      mcp::user_message("What is the weather in Paris and in Rome?")};
  request.tools = {{.name = "weather",
                    .description = "Today's weather in a city.",
                    .parameters = R"({"type":"object","properties":{"city":{"type":"string"}},)"
                                  R"("required":["city"]})"}};
  request.max_tokens = 200;
  std::vector<heard> all;
  all.push_back(ask_streaming(model, request));
  request.messages.push_back(all.back().answer.reply);
  for (const auto& call : all.back().answer.reply.tool_calls) {
    const bool paris = call.arguments.find("Paris") != std::string::npos;
    request.messages.push_back({.role = "tool",
                                .content = paris ? "sunny, 18 °C" : "rain, 21 °C",
                                .tool_call_id = call.id,
                                .name = "weather"});
  }
  all.push_back(ask_streaming(model, request));
  request.messages.push_back(all.back().answer.reply);
  request.messages.push_back(mcp::user_message("Thanks. Which is warmer?"));
  all.push_back(ask_streaming(model, request));
  return all;
}

void check(const std::vector<heard>& all) {
  REQUIRE(all.size() == 3);
  for (const auto& one : all) {
    CHECK(one.text == one.answer.reply.content);
    CHECK(one.calls == one.answer.reply.tool_calls);
    CHECK(one.answer.usage.output > 0);
  }
  REQUIRE(all[0].calls.size() == 2);
  CHECK(all[0].answer.finish == mcp::finish_reason::tool_calls);
  CHECK(all[0].calls[0].name == "weather");
  CHECK(all[0].calls[0].arguments == R"({"city": "Paris"})");
  CHECK(all[0].calls[1].arguments == R"({"city": "Rome"})");
  CHECK(all[0].calls[0].id != all[0].calls[1].id);
  CHECK(all[1].text == "In Paris it is sunny, 18 °C; in Rome it rains, 21 °C.");
  CHECK(all[1].answer.finish == mcp::finish_reason::stop);
  CHECK(all[2].text == "Rome. It is 3 °C warmer ☀️.");
}

}  // namespace

TEST_CASE("A recorded conversation of each provider is understood, however its stream arrives") {
  const std::string provider = GENERATE("openai", "mistral", "anthropic");
  const auto how = GENERATE(shape::whole, shape::byte_by_byte, shape::crlf_and_comments);
  const recorded_provider server{provider, how};
  const auto all = converse(*model_of(provider, server.url()));
  check(all);
  CHECK((all[2].answer.usage.cached_input > 0) == (provider != "mistral"));
}

// `MCP_RECORD_CONVERSATIONS=1` writes the cassettes anew.
TEST_CASE("The cassettes that are installed are what the recorded conversations give") {
  const std::string provider = GENERATE("openai", "mistral", "anthropic");
  const auto kept =
      std::filesystem::path{MCP_TEST_SOURCE_DIR} / "agents" / "cassettes" / (provider + ".jsonl");
  const mcp::test::temporary_folder folder;
  const auto fresh = folder.file("fresh.jsonl");
  {
    const recorded_provider server{provider, shape::whole};
    check(converse(*mcp::record(model_of(provider, server.url()), fresh)));
  }
  if (std::getenv("MCP_RECORD_CONVERSATIONS") != nullptr) {
    std::filesystem::copy_file(fresh, kept, std::filesystem::copy_options::overwrite_existing);
  }
  CHECK(contents(fresh) == contents(kept));
  check(converse(*mcp::replay(kept)));
}
