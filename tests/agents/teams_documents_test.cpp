#include "mcp/agents/teams_documents.hpp"

#include "agents/teams_harness.hpp"
#include "store/temporary_folder.hpp"
#include "teams/document_parts.hpp"

#include <condition_variable>
#include <cstdlib>
#include <random>
#include <thread>

namespace mcp::test {
namespace {

using texts = std::vector<std::string>;

std::string part(const std::string& text, const document_citation& where) {
  return text.substr(static_cast<std::size_t>(where.begin),
                     static_cast<std::size_t>(where.end - where.begin));
}

/// Reads chunks that name a fruit, combines by joining, and uses all.
scripted_answer reader(const chat_request& request) {
  const auto& asked = request.messages.back().content;
  if (asked.find("Findings:") == std::string::npos) {
    const auto at = asked.find("fruit-");
    if (at == std::string::npos) return {.text = R"({"relevant":false,"finding":""})"};
    return {.text = R"({"relevant":true,"finding":")" + asked.substr(at, 8) + R"("})"};
  }
  std::string found;
  std::string used;
  std::int64_t count = 0;
  for (auto at = asked.find("fruit-"); at != std::string::npos; at = asked.find("fruit-", at + 1)) {
    found += (found.empty() ? "" : " ") + asked.substr(at, 8);
  }
  while (asked.find("[" + std::to_string(count + 1) + "] ") != std::string::npos) {
    if (++count > 1) used += ",";
    used += std::to_string(count);
  }
  return {.text = R"({"answer":")" + found + R"(","used":[)" + used + "]}"};
}

std::shared_ptr<chat_model> reading() {
  return scripted_model({.rules = {{.answer = reader}}});
}

/// `count` documents, of which every other one has a fruit of two digits.
documents_state orchard(int count) {
  documents_state s{.question = "which fruit?"};
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(10 + i);
    s.documents.push_back({"doc" + number, i % 2 == 0 ? "Here is fruit-" + number + "." : "None."});
  }
  return s;
}

}  // namespace

TEST_CASE("A text is cut at paragraphs, else lines, else sentences, else characters", "[teams]") {
  const auto parts = [](const std::string& text, std::size_t bytes) {
    texts all;
    for (const auto& one : split_document("d", text, bytes)) all.push_back(part(text, one));
    return all;
  };
  CHECK(parts("", 16).empty());
  CHECK(parts("short", 16) == texts{"short"});
  CHECK(parts("first one\n\nsecond\nline", 16) == texts{"first one\n\n", "second\nline"});
  CHECK(parts("first one\nsecond one", 16) == texts{"first one\n", "second one"});
  CHECK(parts("One is. Two is. Three", 16) == texts{"One is. Two is. ", "Three"});
  CHECK(parts("abcdefghijklmnopqrst", 16) == texts{"abcdefghijklmnop", "qrst"});
  CHECK(parts("aaaaaaa\xc3\xa4\xc3\xa4", 8) == texts{"aaaaaaa", "\xc3\xa4\xc3\xa4"});
  const auto numbered = split_document("d", "first one\n\nsecond one", 16);
  REQUIRE(numbered.size() == 2);
  CHECK(numbered[1] == document_citation{"d", 2, 11, 21});
}

TEST_CASE("The chunks of any text are the text, none too long", "[teams]") {
  const char* given = std::getenv("MCP_TEST_SEED");
  const auto seed = given != nullptr ? std::stoul(given) : std::random_device{}();
  INFO("MCP_TEST_SEED=" << seed);
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  const texts pieces{"a",    "word ",     ". ",       "\n",
                     "\n\n", "\r\n\r\n",  "\xc3\xa4", "\xf0\x9f\x8d\x8e",
                     "\xff", "sentence; "};
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const auto count = random() % 200;
    for (unsigned i = 0; i < count; ++i) text += pieces[random() % pieces.size()];
    const auto bytes = 1 + random() % 64;
    std::string all;
    for (const auto& one : split_document("d", text, bytes)) {
      CHECK(one.end - one.begin >= 1);
      CHECK(one.end - one.begin <= static_cast<std::int64_t>(bytes));
      all += part(text, one);
    }
    CHECK(all == text);
  }
}

TEST_CASE("Findings are packed in their order, at least two together", "[teams]") {
  std::vector<document_finding> findings;
  for (std::size_t i = 0; i < 9; ++i) findings.push_back({0, std::string(68 - i, 'x'), {}});
  const auto groups = teams::pack(findings, 300);
  std::vector<document_finding> all;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    CHECK((groups[i].size() >= 2 || i + 1 == groups.size()));
    all.insert(all.end(), groups[i].begin(), groups[i].end());
  }
  CHECK(all == findings);
  CHECK(groups.size() == 3);
  CHECK(teams::pack({}, 300).empty());
}

TEST_CASE("Chunks are read side by side, and the answer cites those it rests on", "[teams]") {
  executor<documents_state> runs{documents_team("shelf", {.model = reading()})};
  const auto after = runs.run(orchard(5));
  CHECK(after.answer == "fruit-10 fruit-12 fruit-14");
  CHECK(after.chunks == 5);
  CHECK(after.level == 0);
  CHECK(after.skipped.empty());
  const std::vector<document_citation> cited{
      {"doc10", 1, 0, 17}, {"doc12", 1, 0, 17}, {"doc14", 1, 0, 17}};
  CHECK(after.citations == cited);
}

TEST_CASE("What the writer did not use is not cited", "[teams]") {
  const auto writer = noting(says({R"({"answer":"x","used":[3,9]})",  // there is no ninth
                                   R"({"answer":"x","used":[3]})"}));
  executor<documents_state> runs{documents_team("shelf", {.model = reading(), .writer = writer})};
  const auto after = runs.run(orchard(5));
  REQUIRE(after.citations.size() == 1);
  CHECK(after.citations[0].document == "doc14");
  CHECK(writer->asked().size() == 2);
}

TEST_CASE("Findings that do not fit are combined level by level, with all their sources",
          "[teams]") {
  executor<documents_state> runs{
      documents_team("shelf", {.model = reading(), .reduce_bytes = 300})};
  const auto after = runs.run(orchard(60));
  CHECK(after.level >= 1);
  CHECK(after.citations.size() == 30);
  CHECK(after.citations.front().document == "doc10");
  CHECK(after.citations.back().document == "doc68");
  std::size_t below = 30;
  for (std::int64_t level = 1; level <= after.level; ++level) {
    std::size_t here = 0;
    for (const auto& one : after.findings) {
      if (one.level == level) ++here;
      CHECK(one.text.size() <= 68);
    }
    CHECK(here <= (below + 1) / 2);
    below = here;
  }
}

namespace {

/// Answers from a thread of its own, and only when three calls are under way or a writer asks.
class crowd final : public chat_model {
 public:
  ~crowd() override {
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
    }
    arrived_.notify_one();
    thread_.join();
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    const auto& asked = request.messages.back().content;
    const std::lock_guard lock{mutex_};
    waiting_.emplace_back(reader(request).text, std::move(handler));
    writer_ = asked.find("Findings:") != std::string::npos;
    most_ = std::max(most_, ++under_way_);
    arrived_.notify_one();
    return nullptr;
  }
  [[nodiscard]] int most() {
    const std::lock_guard lock{mutex_};
    return most_;
  }

 private:
  void answer() {
    std::unique_lock lock{mutex_};
    for (;;) {
      arrived_.wait(lock, [this] { return over_ || writer_ || waiting_.size() >= 3; });
      if (over_) return;
      lock.unlock();
      // More calls than there may be get the time to come.
      for (int i = 0; i < 2000; ++i) std::this_thread::yield();
      lock.lock();
      auto ready = std::exchange(waiting_, {});
      writer_ = false;
      under_way_ -= static_cast<int>(ready.size());
      lock.unlock();
      for (auto& [text, to] : ready) {
        to.on_end({.answer = chat_answer{.reply = assistant_message(text)}});
      }
      lock.lock();
    }
  }

  std::string name_ = "crowd";
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::pair<std::string, chat_handler>> waiting_;
  int under_way_ = 0;
  int most_ = 0;
  bool writer_ = false;
  bool over_ = false;
  std::thread thread_{[this] { answer(); }};
};

}  // namespace

TEST_CASE("At most `concurrency` chunks are read at once", "[teams]") {
  const auto model = std::make_shared<crowd>();
  executor<documents_state> runs{documents_team("shelf", {.model = model, .concurrency = 3})};
  CHECK(runs.run(orchard(60)).citations.size() == 30);
  CHECK(model->most() == 3);
}

TEST_CASE("A chunk without a valid answer is left out and named", "[teams]") {
  const auto model =
      scripted_model({.rules = {{.contains = "doc12", .answers = {{.text = "?"}}},
                                {.contains = "Answer again", .answers = {{.text = "?"}}},
                                {.answer = reader}}});
  executor<documents_state> runs{documents_team("shelf", {.model = model})};
  const auto after = runs.run(orchard(5));
  CHECK(after.answer == "fruit-10 fruit-14");
  REQUIRE(after.skipped.size() == 1);
  CHECK(after.skipped[0].where.document == "doc12");
  CHECK(after.skipped[0].reason.find("JSON") != std::string::npos);
}

TEST_CASE("A group that no model combines is joined, with all its sources", "[teams]") {
  const auto writer = scripted_model(
      {.rules = {{.matches =
                      [](const chat_request& request) {
                        return request.messages.front().content.starts_with("Combine");
                      },
                  .answers = {{.text = "?"}}},
                 {.answer = reader}}});
  executor<documents_state> runs{
      documents_team("shelf", {.model = reading(), .writer = writer, .reduce_bytes = 300})};
  const auto after = runs.run(orchard(30));
  CHECK(after.citations.size() == 15);
}

TEST_CASE("Documents that say nothing are answered without a writer", "[teams]") {
  const auto writer = noting(says({"x"}));
  executor<documents_state> runs{
      documents_team("shelf", {.model = reading(), .writer = writer, .nothing_found = "No."})};
  CHECK(runs.run({.question = "q", .documents = {{"a", "None."}, {"b", ""}}}).answer == "No.");
  CHECK(runs.run({.question = "q"}).answer == "No.");
  CHECK(writer->asked().empty());
}

TEST_CASE("Thousands of chunks end in one answer", "[teams]") {
  auto s = orchard(1);
  for (int i = 0; i < 5000; ++i) s.documents[0].text += "\n\nfruit-99 grows.";
  executor<documents_state> runs{
      documents_team("shelf", {.model = reading(), .chunk_bytes = 20, .reduce_bytes = 1000})};
  const auto after = runs.run(s);
  CHECK(after.chunks == 5001);
  CHECK(after.citations.size() == 5001);
  CHECK(after.level >= 3);
}

TEST_CASE("Too many chunks are refused before anything is asked", "[teams]") {
  const auto model = noting(reading());
  executor<documents_state> runs{documents_team("shelf", {.model = model, .max_chunks = 4})};
  const auto ended = runs.run_to_result(orchard(5));
  CHECK(ended.info.error.value().code() == errc::too_large);
  CHECK(ended.info.error->message().find("max_chunks") != std::string::npos);
  CHECK(model->asked().empty());
}

TEST_CASE("A thread can ask documents again", "[teams]") {
  executor<documents_state> runs{documents_team("shelf", {.model = reading()}),
                                 {.store = in_memory_checkpoint_store()}};
  const auto first = runs.run(orchard(3), {.thread_id = "t"});
  const auto again = runs.run(orchard(5), {.thread_id = "t"});
  CHECK(again.answer == "fruit-10 fruit-12 fruit-14");
  CHECK(again.findings.size() == 3);
}

TEST_CASE("A budget stops reading, and a resumed run reads only what is left", "[teams]") {
  const temporary_folder folder;
  const auto model = noting(reading());
  const auto team =
      documents_team("shelf", {.model = model, .concurrency = 1, .asking = {.max_tokens = 400}});
  {
    executor<documents_state> runs{team,
                                   {.store = sqlite_checkpoint_store(folder.file("runs.db"))}};
    const auto ended = runs.run_to_result(
        orchard(8), {.thread_id = "t", .budget = {.counters = {{"tokens", 700}}}});
    CHECK(ended.info.error.value().code() == errc::budget_exceeded);
    CHECK(ended.info.usage.counters.at("tokens") <= 700);
  }
  const auto before = model->asked().size();
  CHECK(before >= 1);
  CHECK(before < 8);
  executor<documents_state> again{team, {.store = sqlite_checkpoint_store(folder.file("runs.db"))}};
  const auto ended = again.resume("t", {}, {.budget = {.counters = {{"tokens", 100'000}}}}).join();
  REQUIRE(ended.done());
  CHECK(ended.state().citations.size() == 4);
  CHECK(model->asked().size() == 8 + 1);  // every chunk once, and the writer
}

TEST_CASE("Cancelling a run over documents stops the call for a chunk", "[teams]") {
  const auto stuck = std::make_shared<waiting_model>();
  check_cancel(documents_team("shelf", {.model = stuck}), orchard(1), *stuck);
}

TEST_CASE("A documents team is drawn with its nodes, and refuses limits out of range", "[teams]") {
  const documents_options options{.model = reading()};
  check_drawn(documents_team("shelf", options), {"split", "map", "gather", "combine", "write"});
  const auto refused = [&](auto change) {
    auto changed = options;
    change(changed);
    CHECK_THROWS_AS(documents_team("shelf", changed), error);
  };
  refused([](auto& o) { o.model.reset(); });
  refused([](auto& o) { o.chunk_bytes = 15; });
  refused([](auto& o) { o.reduce_bytes = 299; });
  refused([](auto& o) { o.max_chunks = 0; });
  refused([](auto& o) { o.concurrency = 0; });
}

}  // namespace mcp::test
