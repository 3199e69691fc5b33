#include "mcp/agents/agent_memory.hpp"

#include "memory/note_rules.hpp"
#include "store/temporary_folder.hpp"
#include "support/catch.hpp"
#include "support/code_of.hpp"

namespace agent_memory_test {

using namespace mcp;
using mcp::test::code_of;

using texts = std::vector<std::string>;
const memory_place ann = user_place("ann");

texts found(const recall_result& result) {
  texts list;
  for (const auto& note : result.notes) list.push_back(note.text);
  return list;
}

/// Knows that some words mean the same; fails when it is told to.
class meaning_model final : public embedding_model {
 public:
  explicit meaning_model(std::string name = "meaning/1", std::size_t dimensions = 3)
      : name_(std::move(name)), dimensions_(dimensions) {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<embedding_call> start(embedding_request request,
                                        embedding_handler handler) override {
    embedding_outcome outcome;
    if (fails) {
      outcome.failure = model_failure{error{*fails, "no embeddings today"}, true};
    } else {
      embedding_answer answer{.usage = {.input = 1}};
      for (const auto& text : request.texts) answer.vectors.push_back(vector_of(text));
      embedded += request.texts.size();
      outcome.answer = std::move(answer);
    }
    handler(std::move(outcome));
    return nullptr;
  }
  std::optional<errc> fails{};
  std::size_t embedded = 0;

 private:
  [[nodiscard]] std::vector<float> vector_of(const std::string& text) const {
    const auto has = [&](const char* word) { return text.find(word) != std::string::npos; };
    std::vector<float> vector(dimensions_, 0.0F);
    if (has("tea") || has("drink") || has("beverage")) vector[0] = 2.0F;
    if (has("train") || has("travel")) vector[1] = 2.0F;
    return vector;
  }
  std::string name_;
  std::size_t dimensions_;
};

TEST_CASE("Rankings are fused by the places they give", "[memory]") {
  const std::vector<std::vector<std::size_t>> rankings{{7, 1, 2}, {1, 9, 9, 7}};
  const auto fused = reciprocal_rank_fusion(rankings, 10, 60);
  REQUIRE(fused.size() == 4);
  CHECK(fused[0].item == 1);
  CHECK(fused[0].score == Approx(1.0 / 62 + 1.0 / 61));
  CHECK(fused[1].item == 7);
  CHECK(fused[1].score == Approx(1.0 / 61 + 1.0 / 64));
  CHECK(fused[2].item == 9);  // once, by its better place
  CHECK(fused[2].score == Approx(1.0 / 62));
  CHECK(fused[3].item == 2);
  CHECK(reciprocal_rank_fusion(rankings, 2).size() == 2);
  CHECK(reciprocal_rank_fusion({}, 5).empty());
  // Equal scores: the better best place, then the lower number.
  const std::vector<std::vector<std::size_t>> equal{{5}, {3}};
  CHECK(reciprocal_rank_fusion(equal, 5)[0].item == 3);
}

TEST_CASE("Ids become labels that differ when the ids do", "[memory]") {
  CHECK(memories::label_of("ann") == "ann");
  CHECK(memories::label_of("ann@example.org") == "ann@example%2eorg");
  CHECK(memories::label_of("ann@example%2eorg") != memories::label_of("ann@example.org"));
  const std::string longest(256, 'x');
  CHECK(memories::label_of(longest) == longest);
  CHECK(memories::label_of(longest + "y").size() == 65);
  CHECK(memories::label_of(longest + "y") != memories::label_of(longest + "z"));
  CHECK(memories::label_of("#" + std::string(64, '0')).front() == '%');
}

TEST_CASE("A record of a vector is used for its model, dimension and note alone", "[memory]") {
  const auto record = memories::vector_record("m", "value", {3.0F, 4.0F});
  const auto vector = memories::vector_of(record, "m", "value", 2);
  REQUIRE(vector);
  CHECK((*vector)[0] == Approx(0.6F));
  CHECK_FALSE(memories::vector_of(record, "other", "value", 2));
  CHECK_FALSE(memories::vector_of(record, "m", "changed", 2));
  CHECK_FALSE(memories::vector_of(record, "m", "value", 3));
  for (const std::string damaged : {"", "{", "[]", "{}", R"({"model":"m","of":1,"vector":""})"}) {
    CHECK_FALSE(memories::vector_of(damaged, "m", "value", 2));
  }
}

void check_memory(const std::shared_ptr<memory_store>& store) {
  const auto model = std::make_shared<meaning_model>();
  const agent_memory by_text{{.store = store}};
  const agent_memory memory{{.store = store, .embeddings = model}};
  SECTION("Notes are found by their words, in their place alone") {
    by_text.remember(ann, {{.text = "Ann likes green tea"}, {.text = "Ann lives in Oslo"}});
    by_text.remember(user_place("bob"), {{.text = "Bob likes tea"}});
    by_text.remember(agent_place("ann"), {{.text = "tea is a topic"}});
    const auto result = by_text.recall({.text = "tea?", .places = {ann}});
    CHECK(found(result) == texts{"Ann likes green tea"});
    CHECK_FALSE(result.by_meaning);
    CHECK(result.notes[0].kind == "note");
    CHECK(result.notes[0].place == ann);
    CHECK(result.notes[0].score > 0);
    CHECK(by_text.recall({.text = "tea", .places = {ann, user_place("bob")}}).notes.size() == 2);
    CHECK(by_text.recall({.text = "nothing", .places = {ann}}).notes.empty());
    CHECK(by_text.recall({.text = "tea", .places = {{memory_scope::thread, "ann"}}}).notes.empty());
  }
  SECTION("Notes are found by their meaning too, and both together come first") {
    memory.remember(ann, {{.text = "Ann likes tea"},
                          {.text = "Ann's beverage is water"},
                          {.text = "a drink a day"},
                          {.text = "Ann takes the train"}});
    CHECK(model->embedded == 4);
    const auto result = memory.recall({.text = "drink", .places = {ann}});
    CHECK(result.by_meaning);
    REQUIRE(result.notes.size() == 3);
    CHECK(result.notes[0].text == "a drink a day");
    CHECK(found(memory.recall({.text = "travel", .places = {ann}})) ==
          texts{"Ann takes the train"});
    CHECK(memory.recall({.text = "drink", .places = {ann}, .limit = 1}).notes.size() == 1);
  }
  SECTION("The same note twice is one, and another kind or key is another") {
    const auto first = by_text.remember(ann, {{.text = "likes tea"}, {.text = " likes tea\n"}});
    REQUIRE(first.keys.size() == 2);
    CHECK(first.keys[0] == first.keys[1]);
    by_text.remember(ann, {{.text = "likes tea"}});
    CHECK(by_text.list(ann).size() == 1);
    by_text.remember(ann, {{.text = "likes tea", .kind = "fact"}, {.text = "x", .key = "mine"}});
    CHECK(by_text.list(ann).size() == 3);
    by_text.remember(ann, {{.text = "y", .key = "mine"}});
    CHECK(by_text.list(ann).size() == 3);
  }
  SECTION("Kinds and metadata filter both searches") {
    memory.remember(ann, {{.text = "tea at home", .kind = "fact", .metadata = R"({"year":2024})"},
                          {.text = "tea at work", .kind = "event", .metadata = R"({"year":2025})"},
                          {.text = "a beverage", .kind = "event"}});
    CHECK(found(memory.recall({.text = "tea", .places = {ann}, .kind = "fact"})) ==
          texts{"tea at home"});
    const recall_query later{
        .text = "drink", .places = {ann}, .filters = {{"year", memory_compare::gt, "2024"}}};
    const auto result = memory.recall(later);
    CHECK(found(result) == texts{"tea at work"});
    CHECK(result.notes[0].metadata == R"({"year":2025})");
    CHECK(memory.recall({.text = "drink", .places = {ann}, .kind = "event"}).notes.size() == 2);
  }
  SECTION("A question without words lists the newest, and what is forgotten is gone") {
    const auto keys = memory.remember(ann, {{.text = "one tea"}, {.text = "two tea"}}).keys;
    CHECK(memory.recall({.places = {ann}}).notes.size() == 2);
    CHECK(memory.forget(ann, keys[0]));
    CHECK_FALSE(memory.forget(ann, keys[0]));
    CHECK(found(memory.recall({.text = "tea", .places = {ann}})) == texts{"two tea"});
    CHECK(store->search({.prefix = {"memory-vectors"}}).size() == 1);
  }
  SECTION("Notes without a usable vector get one from the recalls that come across them") {
    by_text.remember(ann, {{.text = "likes tea"}, {.text = "a train"}, {.text = "a beverage"}});
    const agent_memory careful{{.store = store, .embeddings = model, .max_renewed = 2}};
    auto result = careful.recall({.text = "drink", .places = {ann}});
    CHECK(result.renewed == 2);
    result = careful.recall({.text = "drink", .places = {ann}});
    CHECK(result.renewed == 1);
    CHECK(result.notes.size() == 2);
    CHECK(careful.recall({.text = "drink", .places = {ann}}).renewed == 0);
    // Another model, and another dimension of the same one: all are embedded anew.
    for (const auto& [name, dimensions] :
         {std::pair{"meaning/2", std::size_t{3}}, std::pair{"meaning/2", std::size_t{5}}}) {
      const agent_memory other{
          {.store = store, .embeddings = std::make_shared<meaning_model>(name, dimensions)}};
      const auto again = other.recall({.text = "drink", .places = {ann}});
      CHECK(again.renewed == 3);
      CHECK(again.notes.size() == 2);
      CHECK(other.recall({.text = "drink", .places = {ann}}).renewed == 0);
    }
  }
  SECTION("A note that changes is not found by what it meant before") {
    memory.remember(ann, {{.text = "likes tea", .key = "k"}});
    by_text.remember(ann, {{.text = "likes trains", .key = "k"}});
    CHECK(memory.recall({.text = "drink", .places = {ann}}).notes.empty());
    CHECK(memory.recall({.text = "travel", .places = {ann}}).notes.size() == 1);
  }
  SECTION("When embeddings fail, the text search does alone, or the call fails, as one likes") {
    model->fails = errc::server_failed;
    const auto kept = memory.remember(ann, {{.text = "likes tea"}});
    REQUIRE(kept.degraded);
    CHECK(kept.degraded->code() == errc::server_failed);
    const auto result = memory.recall({.text = "tea", .places = {ann}});
    CHECK(found(result) == texts{"likes tea"});
    CHECK(result.degraded);
    CHECK_FALSE(result.by_meaning);
    const agent_memory strict{{.store = store, .embeddings = model, .require_embeddings = true}};
    CHECK(code_of([&] { strict.remember(ann, {{.text = "x"}}); }) == errc::server_failed);
    CHECK(code_of([&] { (void)strict.recall({.text = "x", .places = {ann}}); }) ==
          errc::server_failed);
    CHECK(memory.list(ann).size() == 1);
    model->fails.reset();
    CHECK(memory.recall({.text = "drink", .places = {ann}}).notes.size() == 1);
  }
  SECTION("Beyond the limit of a place those remembered longest ago are forgotten") {
    const agent_memory small{{.store = store, .embeddings = model, .max_notes = 3}};
    for (int i = 0; i < 3; ++i) small.remember(ann, {{.text = "note " + std::to_string(i)}});
    small.remember(ann, {{.text = "more", .key = "a"}, {.text = "and more", .key = "b"}});
    CHECK(small.list(ann, 100).size() == 3);
    CHECK(store->search({.prefix = {"memory-vectors"}, .limit = 100}).size() == 3);
  }
  SECTION("What is not a note of ours, or out of bounds, is refused") {
    const auto remembered = [&](memory_note note) {
      return code_of([&] { memory.remember(ann, {std::move(note)}); });
    };
    CHECK(remembered({.text = " \n"}) == errc::invalid_argument);
    CHECK(remembered({.text = "a\xFF"}) == errc::invalid_argument);
    CHECK(remembered({.text = std::string(8 * 1024 + 1, 'x')}) == errc::too_large);
    CHECK(remembered({.text = "x", .kind = ""}) == errc::invalid_argument);
    CHECK(remembered({.text = "x", .metadata = "[1]"}) == errc::invalid_argument);
    CHECK(remembered({.text = "x", .metadata = "{"}) == errc::malformed_json);
    CHECK(remembered({.text = "x", .metadata = R"({"text":1})"}) == errc::invalid_argument);
    CHECK(remembered({.text = "x", .metadata = "{\"a\":\"" + std::string(5000, 'x') + "\"}"}) ==
          errc::too_large);
    CHECK(code_of([&] { memory.remember(ann, std::vector<memory_note>(65, {.text = "x"})); }) ==
          errc::too_large);
    CHECK(code_of([&] { memory.remember(user_place(""), {{.text = "x"}}); }) ==
          errc::invalid_argument);
    const auto recalled = [&](recall_query query) {
      return code_of([&] { (void)memory.recall(query); });
    };
    CHECK(recalled({.text = "x"}) == errc::invalid_argument);
    CHECK(recalled({.text = "x", .places = std::vector(9, ann)}) == errc::too_large);
    CHECK(recalled({.text = "x", .places = {ann}, .limit = 0}) == errc::invalid_argument);
    CHECK(recalled({.text = "x", .places = {ann}, .limit = 101}) == errc::invalid_argument);
    CHECK(memory.list(ann).empty());
  }
  SECTION("Foreign items beside the notes do no harm") {
    store->put({"memory", "user", "ann"}, "odd", R"({"value":"tea"})");
    store->put({"memory-vectors", "user", "ann"}, "odd", R"({"vector":"tea"})");
    memory.remember(ann, {{.text = "likes tea"}});
    CHECK(found(memory.recall({.text = "tea", .places = {ann}})) == texts{"likes tea"});
    CHECK(memory.list(ann).size() == 1);
  }
}

TEST_CASE("Long-term memory in this process's memory", "[memory]") {
  check_memory(in_memory_memory_store());
}

TEST_CASE("Long-term memory in a SQLite file", "[memory]") {
  const mcp::test::temporary_folder folder;
  check_memory(sqlite_memory_store(folder.file("memory.db")));
}

TEST_CASE("Notes with a time to live go, and live on while they are recalled", "[memory]") {
  const auto now = std::make_shared<store_time>(store_time{std::chrono::milliseconds{1000}});
  const auto store = in_memory_memory_store({.clock = [now] { return *now; }});
  const agent_memory memory{{.store = store,
                             .embeddings = std::make_shared<meaning_model>(),
                             .ttl = std::chrono::milliseconds{100}}};
  memory.remember(ann, {{.text = "likes tea"}, {.text = "a train"}});
  *now += std::chrono::milliseconds{60};
  CHECK(memory.recall({.text = "drink", .places = {ann}}).notes.size() == 1);
  *now += std::chrono::milliseconds{60};
  CHECK(memory.list(ann).size() == 1);
  CHECK(memory.recall({.text = "drink", .places = {ann}}).renewed == 0);
}

TEST_CASE("Options out of range are refused, and so is a memory without a store", "[memory]") {
  CHECK(code_of([] { agent_memory{{.max_notes = 0}}; }) == errc::invalid_argument);
  CHECK(code_of([] { agent_memory{{.max_notes = 10'001}}; }) == errc::invalid_argument);
  CHECK(code_of([] { agent_memory{{.max_renewed = 257}}; }) == errc::invalid_argument);
  CHECK(code_of([] { agent_memory{{.max_text_bytes = 0}}; }) == errc::invalid_argument);
  CHECK(code_of([] { agent_memory{{.root = "mcp"}}; }) == errc::invalid_namespace);
  CHECK(code_of([] { agent_memory{{.root = "a.b"}}; }) == errc::invalid_namespace);
  CHECK(code_of([] { agent_memory{}.remember(ann, {{.text = "x"}}); }) == errc::no_store);
}

}  // namespace agent_memory_test
