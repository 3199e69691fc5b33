#include "mcp/agents/embedded_store.hpp"

#include "mcp/testkit.hpp"
#include "support/catch.hpp"
#include "support/code_of.hpp"

#include <future>
#include <thread>

namespace embedded_store_test {

using namespace mcp;
using mcp::test::code_of;

using texts = std::vector<std::string>;

/// Drinks are one dimension, everything else is the other one; fails when it is told to.
class drinks_model final : public embedding_model {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<embedding_call> start(embedding_request request,
                                        embedding_handler handler) override {
    if (fails) {
      handler({.failure = model_failure{error{*fails, "no embeddings today"}}});
      return nullptr;
    }
    embedding_answer answer{.usage = {.input = 3}};
    for (const auto& text : request.texts) {
      const bool drinks =
          text.find("tea") != std::string::npos || text.find("beverage") != std::string::npos;
      answer.vectors.push_back(drinks ? std::vector{1.0F, 0.0F} : std::vector{0.0F, 1.0F});
      embedded.push_back(text);
    }
    handler({.answer = std::move(answer)});
    return nullptr;
  }
  std::optional<errc> fails{};
  texts embedded{};

 private:
  std::string name_ = "drinks/1";
};

struct world {
  std::shared_ptr<drinks_model> model = std::make_shared<drinks_model>();
  std::shared_ptr<memory_store> store = in_memory_memory_store();
  testkit::fake_context fake{};
  context ctx{fake.start()};

  std::unique_ptr<memory_store> open(agent_memory_options options = {}) {
    if (!options.embeddings) options.embeddings = model;
    return embedded_store(*store, std::make_shared<const agent_memory_options>(std::move(options)),
                          ctx, {});
  }
  texts keys(const std::string& question, std::size_t limit = 10) {
    texts found;
    for (const auto& one :
         open()->search({.prefix = {"notes"}, .text = question, .limit = limit})) {
      found.push_back(one.key);
    }
    return found;
  }
};

TEST_CASE("Items of a store are found by meaning, below a prefix", "[memory]") {
  world w;
  w.open()->put({"notes", "ann"}, "a", R"({"text":"green tea","n":1})", {});
  w.open()->put({"notes", "ben"}, "b", R"({"about":["Oslo","fjords"]})", {});
  w.open()->put({"others"}, "c", R"({"text":"tea house"})", {});
  CHECK(w.model->embedded == texts{"green tea", "Oslo fjords", "tea house"});
  CHECK(w.keys("beverage") == texts{"a"});
  CHECK(w.keys("fjords") == texts{"b"});
  CHECK(w.open()->search({.prefix = {"notes"}, .limit = 10}).size() == 2);
  CHECK(w.store->search({.prefix = {"notes-vectors"}, .limit = 10}).size() == 2);
  CHECK(w.open()->remove({"notes", "ann"}, "a"));
  CHECK(w.keys("beverage").empty());
  CHECK(w.store->search({.prefix = {"notes-vectors"}, .limit = 10}).size() == 1);
}

TEST_CASE("Both rankings of a store are fused", "[memory]") {
  world w;
  w.open()->put({"notes"}, "words", R"({"text":"favourite beverage: none"})", {});
  w.open()->put({"notes"}, "sense", R"({"text":"tea"})", {});
  w.open()->put({"notes"}, "neither", R"({"text":"trains"})", {});
  CHECK(w.keys("favourite beverage") == texts{"words", "sense"});
  CHECK(w.keys("favourite beverage", 1) == texts{"words"});
  CHECK(w.open()
            ->search({.prefix = {"notes"}, .text = "beverage", .limit = 1, .offset = 1})
            .at(0)
            .key == "sense");
}

TEST_CASE("Items without a vector get one by the search that comes across them", "[memory]") {
  world w;
  w.store->put({"notes"}, "old", R"({"text":"tea"})");
  w.store->put({"notes"}, "blank", R"({"n":1})");
  CHECK(w.keys("beverage") == texts{"old"});
  w.model->embedded.clear();
  CHECK(w.keys("beverage") == texts{"old"});
  CHECK(w.model->embedded == texts{"beverage"});
  w.store->put({"notes"}, "old", R"({"text":"trains"})");  // its vector is of another value now
  CHECK(w.keys("beverage").empty());
}

TEST_CASE("Without its embeddings a store searches by words, and says so", "[memory]") {
  world w;
  w.open()->put({"notes"}, "a", R"({"text":"tea"})", {});
  w.model->fails = errc::server_failed;
  CHECK(w.keys("beverage").empty());
  CHECK(w.keys("tea") == texts{"a"});
  REQUIRE_FALSE(w.fake.events().empty());
  CHECK(w.fake.events().front().name == "memory_degraded");
  CHECK(code_of([&] {
          static_cast<void>(w.open({.require_embeddings = true})
                                ->search({.prefix = {"notes"}, .text = "tea", .limit = 1}));
        }) == errc::server_failed);
  w.model->fails = errc::cancelled;
  CHECK(code_of([&] { static_cast<void>(w.keys("tea")); }) == errc::cancelled);
}

TEST_CASE("What a store's embeddings cost is taken from the budget", "[memory]") {
  world w;
  w.open({.price = model_price{.input = 2'000'000}})->put({"notes"}, "a", R"({"text":"tea"})", {});
  CHECK(w.fake.charged("tokens") == 3);
  CHECK(w.fake.charged("cost_micros") == 6);
  w.model->fails = errc::server_failed;
  static_cast<void>(w.keys("tea"));
  CHECK(w.fake.charged("tokens") == 3);
  w.fake.with_budget("tokens", 3);
  CHECK(code_of([&] { static_cast<void>(w.keys("tea")); }) == errc::budget_exceeded);
}

/// Ends calls only when they are cancelled.
class held_model final : public embedding_model {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<embedding_call> start(embedding_request, embedding_handler handler) override {
    struct call final : chat_call {
      explicit call(embedding_handler what) : handler(std::move(what)) {}
      void cancel() override {
        handler({.failure = model_failure{.error = {errc::cancelled, "stopped"}}});
      }
      embedding_handler handler;
    };
    auto made = std::make_shared<call>(std::move(handler));
    started.set_value();
    return made;
  }
  std::promise<void> started{};

 private:
  std::string name_ = "held";
};

TEST_CASE("The embeddings of a store stop with their task", "[memory]") {
  world w;
  const auto model = std::make_shared<held_model>();
  std::function<void()> stop;
  const auto store = embedded_store(
      *w.store,
      std::make_shared<const agent_memory_options>(agent_memory_options{.embeddings = model}),
      w.ctx, [&stop](std::function<void()> how) { stop = std::move(how); });
  std::thread other{[&] {
    model->started.get_future().wait();
    stop();
  }};
  CHECK(code_of([&] { store->put({"notes"}, "a", R"({"text":"tea"})", {}); }) == errc::cancelled);
  other.join();
  CHECK(w.store->get({"notes"}, "a"));
  CHECK(code_of([&] { store->put({"notes"}, "b", R"({"text":"tea"})", {}); }) == errc::cancelled);
}

}  // namespace embedded_store_test
