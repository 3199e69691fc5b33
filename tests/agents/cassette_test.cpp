#include "mcp/agents/cassette.hpp"

#include "mcp/agents/scripted_model.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <unistd.h>

using namespace std::chrono_literals;
using mcp::chat_delta;
using mcp::errc;
using mcp::record;
using mcp::replay;

namespace {

/// A file of its own for each test, removed with it.
class scratch_file {
 public:
  scratch_file() {
    auto pattern = (std::filesystem::temp_directory_path() / "mcp-cassette-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  scratch_file(const scratch_file&) = delete;
  scratch_file& operator=(const scratch_file&) = delete;
  ~scratch_file() { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "talk.jsonl"; }
  [[nodiscard]] std::string text() const {
    std::ifstream in{path(), std::ios::binary};
    return (std::ostringstream{} << in.rdbuf()).str();
  }
  void write(const std::string& text) const { std::ofstream{path(), std::ios::binary} << text; }

 private:
  std::filesystem::path folder_;
};

struct heard {
  std::vector<std::string> pieces{};
  mcp::chat_outcome end{};
  int ends = 0;
};

heard hear(mcp::chat_model& model, mcp::chat_request request, bool streamed = true) {
  heard h;
  mcp::chat_handler handler{.on_end = [&h](mcp::chat_outcome o) {
    h.end = std::move(o);
    ++h.ends;
  }};
  if (streamed) {
    handler.on_delta = [&h](const chat_delta& d) { h.pieces.emplace_back(d.text); };
  }
  model.start(std::move(request), std::move(handler));
  REQUIRE(h.ends == 1);
  return h;
}

mcp::chat_request say(std::string text) {
  return {.messages = {mcp::user_message(std::move(text))}};
}

std::shared_ptr<mcp::chat_model> provider() {
  return mcp::scripted_model(
      {.rules = {{.contains = "weather",
                  .answers = {{.tool_calls = {{"1", "look", R"({"in":"Oslo"})"}}}}},
                 {.contains = "twice", .answers = {{.text = "first"}, {.text = "second"}}},
                 {.contains = "down",
                  .answers = {{.text = "beg",
                               .failure = mcp::model_failure{mcp::error{errc::rate_limited, "slow"},
                                                             true, 1500ms}}}},
                 {.answer =
                      [](const auto& r) {
                        return mcp::scripted_answer{.text = "echo " + r.messages.back().content};
                      }}},
       .piece_bytes = 4});
}

}  // namespace

TEST_CASE("A cassette gives back what was recorded, pieces and failures included") {
  const scratch_file file;
  std::vector<heard> live;
  const std::vector<std::string> questions{"weather", "twice", "twice", "down", "grüße"};
  {
    const auto model = record(provider(), file.path());
    CHECK(model->name() == "scripted/model");
    for (const auto& one : questions) live.push_back(hear(*model, say(one)));
  }
  const auto model = replay(file.path());
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const auto again = hear(*model, say(questions[i]));
    CHECK(again.pieces == live[i].pieces);
    CHECK(again.end.answer == live[i].end.answer);
    REQUIRE(again.end.failure.has_value() == live[i].end.failure.has_value());
    if (!again.end.failure) continue;
    CHECK(again.end.failure->error == live[i].end.failure->error);
    CHECK(again.end.failure->passing);
    CHECK(again.end.failure->retry_after == 1500ms);
  }
}

TEST_CASE("An answer that was recorded whole can be streamed, and the reverse") {
  const scratch_file file;
  {
    const auto model = record(provider(), file.path());
    hear(*model, say("weather"), false);
    hear(*model, say("hello"), true);
  }
  const auto model = replay(file.path());
  CHECK(hear(*model, say("weather"), true).pieces == std::vector<std::string>{R"({"in":"Oslo"})"});
  CHECK(hear(*model, say("hello"), false).end.answer->reply.content == "echo hello");
}

TEST_CASE("Ids of messages and the caller's tag do not make another request") {
  const scratch_file file;
  auto request = say("hello");
  hear(*record(provider(), file.path()), request);
  request.messages[0].id = "m1";
  request.tag = {.run = "r", .priority = 3};
  CHECK(hear(*replay(file.path()), request).end.answer);
}

TEST_CASE("A request that was not recorded fails and names the nearest recording") {
  const scratch_file file;
  {
    const auto model = record(provider(), file.path());
    hear(*model, say("something else"));
    hear(*model, say("a question about cats"));
    auto other = say("a question about cows");
    other.temperature = 1;
    other.seed = 2;
    hear(*model, other);
  }
  const auto model = replay(file.path());
  const auto missed = hear(*model, say("a question about cows"));
  REQUIRE(missed.end.failure);
  CHECK(missed.end.failure->error.code() == errc::cassette_miss);
  CHECK_FALSE(missed.end.failure->passing);
  CHECK_THAT(missed.end.failure->error.message(), Catch::Contains("line 2") &&
                                                      Catch::Contains("/messages/0/content") &&
                                                      Catch::Contains("a question about cats"));
  CHECK(hear(*model, say("something else")).end.answer);
  const auto again = hear(*model, say("something else"));
  CHECK(again.end.failure->error.code() == errc::cassette_miss);
  CHECK_THAT(again.end.failure->error.message(), Catch::Contains("line 1"));
}

TEST_CASE("Secrets get into no part of a cassette") {
  const scratch_file file;
  const std::string secret = "hush\"hush";
  const mcp::cassette_options options{.redact = {secret, "s3cr3t"}};
  auto request = say("my key is s3cr3t and my word " + secret);
  request.messages.push_back(
      {.role = "assistant", .tool_calls = {{"1", "f", R"({"k":"hush\"hush"})"}}});
  request.messages.push_back(mcp::user_message("say s3cr3t"));
  const auto live = hear(*record(provider(), file.path(), options), request);
  CHECK(live.end.answer->reply.content == "echo say s3cr3t");
  CHECK_THAT(file.text(), !Catch::Contains("s3cr3t") && !Catch::Contains("hush") &&
                              Catch::Contains("[redacted]"));
  // Its pieces were shorter than the secret; none of them may be there either.
  CHECK_THAT(file.text(), !Catch::Contains("cr3t"));
  const auto again = hear(*replay(file.path(), options), request);
  CHECK(again.end.answer->reply.content == "echo say [redacted]");
  CHECK_THROWS_AS(replay(file.path(), {.redact = {"abc"}}), mcp::error);
}

TEST_CASE("A malformed line is reported with file and line") {
  const scratch_file file;
  hear(*record(provider(), file.path()), say("hello"));
  const auto good = file.text();
  const auto reason = [&](const std::string& text) {
    file.write(text);
    try {
      static_cast<void>(replay(file.path()));
    } catch (const mcp::error& e) {
      return e.message();
    }
    return std::string{"no error"};
  };
  auto edited = good;
  edited.replace(edited.rfind("hello"), 5, "hullo");
  const auto place = "talk.jsonl:2: ";
  CHECK_THAT(reason(good + "{\"version\":"), Catch::Contains(place));
  CHECK_THAT(reason(good + "{}\n"), Catch::Contains(place));
  CHECK_THAT(reason(good + "[1]\n"), Catch::Contains(place));
  CHECK_THAT(reason(good + R"({"version":2})" + "\n"), Catch::Contains(place));
  CHECK_THAT(reason(good + R"({"unknown":2})" + "\n"), Catch::Contains(place));
  CHECK_THAT(reason(good + edited), Catch::Contains(place) && Catch::Contains("by hand"));
  CHECK_THAT(reason(good + std::string(300, '[') + "\n"), Catch::Contains(place));
  CHECK(reason(good + "\n" + good) == "no error");
}

TEST_CASE("Recording goes on after a crash in the middle of a line") {
  const scratch_file file;
  hear(*record(provider(), file.path()), say("one"));
  const auto good = file.text();
  file.write(good + good.substr(0, good.size() / 2));
  hear(*record(provider(), file.path()), say("two"));
  const auto model = replay(file.path());
  CHECK(hear(*model, say("one")).end.answer);
  CHECK(hear(*model, say("two")).end.answer);
  file.write("torn" + std::string(10'000, 'x'));
  hear(*record(provider(), file.path()), say("three"));
  CHECK(hear(*replay(file.path()), say("three")).end.answer);
}

TEST_CASE("A cassette does not grow beyond its limit and says so") {
  const scratch_file file;
  const auto model = record(provider(), file.path(), {.max_file_bytes = 1000});
  CHECK(hear(*model, say("one")).end.answer);
  const auto before = file.text();
  const auto refused = hear(*model, say(std::string(1000, 'x')));
  REQUIRE(refused.end.failure);
  CHECK(refused.end.failure->error.code() == errc::too_large);
  CHECK(file.text() == before);
  CHECK_THROWS_AS(replay(file.path(), {.max_file_bytes = 10}), mcp::error);
}

TEST_CASE("A cassette that cannot be opened is an error at once") {
  const scratch_file file;
  CHECK_THROWS_AS(replay(file.path()), mcp::error);
  CHECK_THROWS_AS(record(provider(), file.path() / "below" / "a file"), mcp::error);
  CHECK_THROWS_AS(record(nullptr, file.path()), mcp::error);
}
