#include "store/memory_conformance.hpp"

#include "support/catch.hpp"
#include "support/code_of.hpp"

#include <thread>

namespace mcp::test {
namespace {

using std::chrono::milliseconds;

store_time at(std::int64_t ms) {
  return store_time{milliseconds{ms}};
}

/// A clock that only the test moves.
struct test_clock {
  std::shared_ptr<store_time> now = std::make_shared<store_time>(at(1000));
  memory_options options{};

  test_clock() {
    options.clock = [now = now] { return *now; };
  }
  void set(std::int64_t ms) const { *now = at(ms); }
};

std::vector<std::string> keys(const std::vector<memory_item>& items) {
  std::vector<std::string> result;
  for (const auto& item : items) result.push_back(item.key);
  return result;
}

using list = std::vector<std::string>;

void check_items(const memory_factory& factory) {
  const test_clock clock;
  const auto store = factory(clock.options);
  SECTION("An item comes back as it was written, and a second put keeps when it was made") {
    const std::string value = R"({"b": 1.50, "a": ["é", null]})";
    store->put({"users", "ann"}, "k", value);
    CHECK(store->get({"users", "ann"}, "k") ==
          memory_item{{"users", "ann"}, "k", value, at(1000), at(1000), {}, {}});
    clock.set(2000);
    store->put({"users", "ann"}, "k", "{}");
    CHECK(store->get({"users", "ann"}, "k") ==
          memory_item{{"users", "ann"}, "k", "{}", at(1000), at(2000), {}, {}});
    CHECK_FALSE(store->get({"users"}, "k").has_value());
    CHECK_FALSE(store->get({"users", "ann"}, "K").has_value());
  }
  SECTION("A removed item is gone, once") {
    store->put({"a"}, "k", R"({"t": "word"})");
    CHECK(store->remove({"a"}, "k"));
    CHECK_FALSE(store->remove({"a"}, "k"));
    CHECK_FALSE(store->get({"a"}, "k").has_value());
    CHECK(store->search({.text = "word"}).empty());
  }
  SECTION("Bad namespaces are refused by every call that takes one") {
    const std::vector<memory_namespace> bad{{""},
                                            {"a", ""},
                                            {"a.b"},
                                            {"mcp"},
                                            {"mcpx", "a"},
                                            {std::string("a\0b", 3)},
                                            {"\xFF"},
                                            {std::string(257, 'a')},
                                            memory_namespace(33, "a")};
    for (const auto& ns : bad) {
      CHECK(code_of([&] { store->put(ns, "k", "{}"); }) == errc::invalid_namespace);
      CHECK(code_of([&] { (void)store->get(ns, "k"); }) == errc::invalid_namespace);
      CHECK(code_of([&] { (void)store->remove(ns, "k"); }) == errc::invalid_namespace);
      CHECK(code_of([&] { (void)store->search({.prefix = ns}); }) == errc::invalid_namespace);
    }
    CHECK(code_of([&] { store->put({}, "k", "{}"); }) == errc::invalid_namespace);
    CHECK_NOTHROW(store->put({"a", "mcp"}, "k", "{}"));
  }
  SECTION("Bad keys, values and times to live are refused with what is wrong") {
    const std::string deep = R"({"a":)" + std::string(300, '[') + std::string(300, ']') + "}";
    CHECK(code_of([&] { store->put({"a"}, "", "{}"); }) == errc::invalid_argument);
    CHECK(code_of([&] { store->put({"a"}, std::string(1025, 'k'), "{}"); }) ==
          errc::invalid_argument);
    CHECK(code_of([&] { store->put({"a"}, "k", "[1]"); }) == errc::invalid_argument);
    CHECK(code_of([&] { store->put({"a"}, "k", "{"); }) == errc::malformed_json);
    CHECK(code_of([&] { store->put({"a"}, "k", "{\"a\":\"\xFF\"}"); }) == errc::malformed_json);
    CHECK(code_of([&] { store->put({"a"}, "k", deep); }) == errc::malformed_json);
    CHECK(code_of([&] { store->put({"a"}, "k", "{}", {.ttl = milliseconds{0}}); }) ==
          errc::invalid_argument);
    CHECK(code_of([&] {
            (void)store->search({.filters = {{"f", memory_compare::eq, "{"}}});
          }) == errc::malformed_json);
    CHECK(store->search({}).empty());
  }
  SECTION("A value of the largest size is kept and one more byte is too large") {
    auto options = clock.options;
    options.max_value_bytes = 20;
    const auto small = factory(options);
    CHECK_NOTHROW(small->put({"a"}, "k", R"({"a":"123456789012"})"));
    CHECK(code_of([&] { small->put({"a"}, "k", R"({"a":"1234567890123"})"); }) == errc::too_large);
  }
}

void check_search(const memory_factory& factory) {
  const test_clock clock;
  const auto store = factory(clock.options);
  SECTION("A search stays below its prefix, newest first, and is paged") {
    int time = 0;
    for (const auto& ns : std::vector<memory_namespace>{
             {"a"}, {"a", "b"}, {"a", "b", "c"}, {"ab"}, {"a-b"}, {"b", "a"}, {"a/b"}}) {
      clock.set(++time);
      std::string key;
      for (const auto& label : ns) key += label + ">";
      store->put(ns, key, "{}");
    }
    CHECK(keys(store->search({.prefix = {"a"}})) == list{"a>b>c>", "a>b>", "a>"});
    CHECK(keys(store->search({.prefix = {"a", "b"}})) == list{"a>b>c>", "a>b>"});
    CHECK(store->search({.prefix = {"c"}}).empty());
    CHECK(store->search({}).size() == 7);
    CHECK(keys(store->search({.limit = 2, .offset = 1})) == list{"b>a>", "a-b>"});
    CHECK(store->search({.offset = 7}).empty());
    CHECK(store->search({.limit = 0}).empty());
  }
  SECTION("Filters compare members of the value by their type") {
    store->put({"a"}, "1", R"({"n": 1, "s": "b", "o": {"x": [1]}})");
    clock.set(1001);
    store->put({"a"}, "2", R"({"n": 2.5, "s": "c", "b": true})");
    clock.set(1002);
    store->put({"a"}, "3", R"({"n": "2", "s": null})");
    const auto found = [&](const std::string& field, memory_compare compare,
                           const std::string& value) {
      return keys(store->search({.filters = {{field, compare, value}}}));
    };
    using enum memory_compare;
    CHECK(found("n", eq, "1.0") == list{"1"});
    CHECK(found("n", ne, "1") == list{"3", "2"});
    CHECK(found("n", gt, "1") == list{"2"});
    CHECK(found("n", gte, "1") == list{"2", "1"});
    CHECK(found("n", lt, "2.5") == list{"1"});
    CHECK(found("n", lte, "2.5") == list{"2", "1"});
    CHECK(found("s", gte, R"("b")") == list{"2", "1"});
    CHECK(found("s", eq, "null") == list{"3"});
    CHECK(found("b", eq, "null") == list{"3", "1"});
    CHECK(found("b", gt, "false").empty());
    CHECK(found("o", eq, R"({"x": [1]})") == list{"1"});
    CHECK(found("n' OR 1=1 --", eq, "1").empty());
    const memory_query both{.filters = {{"n", gte, "1"}, {"s", eq, R"("b")"}}};
    CHECK(keys(store->search(both)) == list{"1"});
  }
  SECTION("A text search finds items with any of the words, best first") {
    store->put({"a"}, "both", R"({"t": "The quick fox", "u": ["jumps", {"x": "high"}]})");
    store->put({"a"}, "one", R"({"t": "a slow fox that sleeps all day in its den and dreams"})");
    store->put({"a"}, "none", R"({"fox": "nothing of the kind"})");
    store->put({"b"}, "other", R"({"t": "fox"})");
    store->put({"a"}, "hidden", R"({"t": "fox fox"})", {.index = false});
    for (int i = 0; i < 10; ++i) {
      store->put({"c"}, std::to_string(i), R"({"t": "filler"})");
    }
    const auto found = store->search({.prefix = {"a"}, .text = "FOX, jumps!"});
    REQUIRE(keys(found) == list{"both", "one"});
    CHECK(found[0].score.value() > found[1].score.value());
    CHECK(found[1].score.value() > 0);
    CHECK(keys(store->search({.text = "high"})) == list{"both"});
    std::string again = "fox";
    for (int i = 0; i < 20; ++i) again += " fox";
    CHECK(keys(store->search({.prefix = {"a"}, .text = again})).size() == 2);
    CHECK(store->search({.text = "nowhere"}).empty());
    CHECK_FALSE(store->search({.limit = 1}).front().score.has_value());
    store->put({"a"}, "both", R"({"t": "cat"})");
    CHECK(store->search({.text = "jumps"}).empty());
    CHECK(keys(store->search({.text = "cat"})) == list{"both"});
    const memory_query filtered{.filters = {{"t", memory_compare::eq, R"("fox")"}}, .text = "fox"};
    CHECK(keys(store->search(filtered)) == list{"other"});
  }
  SECTION("No text of a query is a syntax error") {
    store->put({"a"}, "k", R"({"t": "near and or not fox"})");
    for (const std::string text :
         {"\"",    "'",        "*",        "fox*",         "NEAR(fox", "AND",    "OR NOT",
          "t:fox", "{t u}:x",  "fox - (",  "^fox",         "-fox",     "+",      ";--",
          "\\",    "\xC3\xA9", "\xFF\xFE", "\xE2\x80\x94", " ",        "fox\x01"}) {
      INFO(text);
      CHECK_NOTHROW(store->search({.text = text}));
    }
    CHECK_NOTHROW(store->search({.text = std::string("fox\0fox", 7)}));
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "w" + std::to_string(i) + " ";
    CHECK(store->search({.text = many}).empty());
    CHECK(keys(store->search({.text = "NEAR"})) == list{"k"});
    CHECK(keys(store->search({.text = "\"fox\" (*"})) == list{"k"});
  }
}

void check_time(const memory_factory& factory) {
  test_clock clock;
  SECTION("An item whose time is over is not there any more") {
    const auto store = factory(clock.options);
    store->put({"a"}, "k", R"({"t": "word"})", {.ttl = milliseconds{100}});
    store->put({"b"}, "stays", R"({"t": "word"})");
    clock.set(1099);
    CHECK(store->get({"a"}, "k", false)->expires == at(1100));
    clock.set(1100);
    CHECK_FALSE(store->get({"a"}, "k").has_value());
    CHECK(keys(store->search({})) == list{"stays"});
    CHECK(keys(store->search({.text = "word"})) == list{"stays"});
    CHECK(store->list_namespaces() == std::vector<memory_namespace>{{"b"}});
    CHECK_FALSE(store->remove({"a"}, "k"));
  }
  SECTION("A sweep removes what is over at its time") {
    const auto store = factory(clock.options);
    for (int i = 1; i <= 5; ++i) {
      store->put({"a"}, std::to_string(i), R"({"t": "word"})", {.ttl = milliseconds{i * 100}});
    }
    CHECK(store->sweep(at(1300), 2) == 2);
    CHECK(store->sweep(at(1300)) == 1);
    CHECK(store->sweep(at(1300)) == 0);
    CHECK(store->search({.text = "word"}).size() == 2);
  }
  SECTION("Reading starts the time to live again, if the store and the call want it") {
    clock.options.default_ttl = milliseconds{100};
    const auto store = factory(clock.options);
    store->put({"a"}, "k", "{}");
    clock.set(1050);
    CHECK(store->get({"a"}, "k", false)->expires == at(1100));
    CHECK(store->get({"a"}, "k")->expires == at(1150));
    CHECK(store->get({"a"}, "k", false)->expires == at(1150));
    clock.set(1100);
    CHECK(store->search({.refresh = false}).front().expires == at(1150));
    CHECK(store->search({}).front().expires == at(1200));
    CHECK(store->get({"a"}, "k", false)->expires == at(1200));
    clock.options.refresh_on_read = false;
    const auto fixed = factory(clock.options);
    fixed->put({"a"}, "k", "{}");
    clock.set(1150);
    CHECK(fixed->get({"a"}, "k")->expires == at(1200));
    CHECK(fixed->search({}).front().expires == at(1200));
  }
  SECTION("Writing over an item that is over makes a new one") {
    const auto store = factory(clock.options);
    store->put({"a"}, "k", "{}", {.ttl = milliseconds{1}});
    clock.set(2000);
    store->put({"a"}, "k", "{}");
    const auto item = store->get({"a"}, "k");
    CHECK(item->created == at(2000));
    CHECK_FALSE(item->expires.has_value());
  }
  SECTION("The longest time to live does not overflow") {
    const auto store = factory(clock.options);
    store->put({"a"}, "k", "{}", {.ttl = milliseconds::max()});
    CHECK(store->get({"a"}, "k").has_value());
  }
}

void check_namespaces(const memory_factory& factory) {
  SECTION("Namespaces are listed by prefix, suffix, wildcard and depth, and paged") {
    const auto store = factory({});
    for (const auto& ns : std::vector<memory_namespace>{{"b", "x"},
                                                        {"a"},
                                                        {"a", "x", "p"},
                                                        {"a", "y", "p"},
                                                        {"a", "y", "q"},
                                                        {"a", "y", "q"}}) {
      store->put(ns, "k", "{}");
      store->put(ns, "l", "{}");
    }
    using spaces = std::vector<memory_namespace>;
    CHECK(store->list_namespaces() ==
          spaces{{"a"}, {"a", "x", "p"}, {"a", "y", "p"}, {"a", "y", "q"}, {"b", "x"}});
    CHECK(store->list_namespaces({.prefix = {"a", "y"}}) ==
          spaces{{"a", "y", "p"}, {"a", "y", "q"}});
    CHECK(store->list_namespaces({.prefix = {"*", "x"}}) == spaces{{"a", "x", "p"}, {"b", "x"}});
    CHECK(store->list_namespaces({.suffix = {"p"}}) == spaces{{"a", "x", "p"}, {"a", "y", "p"}});
    CHECK(store->list_namespaces({.prefix = {"a"}, .suffix = {"*", "p"}}) ==
          spaces{{"a", "x", "p"}, {"a", "y", "p"}});
    CHECK(store->list_namespaces({.max_depth = 2}) ==
          spaces{{"a"}, {"a", "x"}, {"a", "y"}, {"b", "x"}});
    CHECK(store->list_namespaces({.max_depth = 2, .limit = 2, .offset = 1}) ==
          spaces{{"a", "x"}, {"a", "y"}});
    CHECK(store->list_namespaces({.offset = 9}).empty());
    CHECK(store->list_namespaces({.limit = 0}).empty());
  }
}

void check_threads(const memory_factory& factory) {
  SECTION("Several threads use one store at the same time") {
    const auto store = factory({});
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          store->put({"a", std::to_string(t)}, std::to_string(i), R"({"t": "word"})");
          (void)store->get({"a", "0"}, std::to_string(i));
          (void)store->search({.prefix = {"a"}, .text = "word", .limit = 3});
          if (i % 2 == 0) (void)store->remove({"a", std::to_string(t)}, std::to_string(i));
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(store->search({.text = "word", .limit = 1000}).size() == 60);
  }
}

}  // namespace

void check_memory_store(const memory_factory& factory) {
  check_items(factory);
  check_search(factory);
  check_time(factory);
  check_namespaces(factory);
  check_threads(factory);
}

}  // namespace mcp::test
