#include "mcp/reducers.hpp"

#include "mcp/state_type.hpp"
#include "mcp/update.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace reducer_types {

struct board {
  int last = 1;
  std::string any{"x"};
  std::vector<int> list{};
  std::map<std::string, std::optional<int>> entries{};
  std::set<std::string> names{};
  int total = 0;
  double weight = 0;
  std::string joined{};
  int low = 100;
  int high = -100;
  std::vector<mcp::message> chat{};
  std::string flash{"-"};
  int secret = 5;
  std::set<std::string> arrived{};
  int product = 1;
  std::string path{};
};
MCP_STATE(board, last, (any, mcp::any_value), (list, mcp::append), (entries, mcp::merge),
          (names, mcp::merge), (total, mcp::sum), (weight, mcp::sum), (joined, mcp::sum),
          (low, mcp::minimum), (high, mcp::maximum), (chat, mcp::add_messages),
          (flash, mcp::ephemeral), (secret, mcp::untracked),
          (arrived, mcp::barrier("left", "right")),
          (product, mcp::reduce_with([](int a, int b) { return a * b; })),
          (path, mcp::reduce_with([](std::string& current, std::string&& incoming) {
             current += "/" + incoming;
           })))

}  // namespace reducer_types

namespace {

using reducer_types::board;

/// A state to which updates are applied as the engine does it.
class bench {
 public:
  board state{};
  mcp::patch_writer patches{};

  void apply(mcp::update<board> change) {
    for (auto& write : std::move(change).take()) {
      const auto& channel = type_.at(write.channel);
      if (write.mode == mcp::write_mode::reduce) {
        channel.reduce(&state, std::move(write.content), &patches);
      } else {
        channel.assign(&state, std::move(write.content), &patches);
      }
    }
  }
  void expire() {
    for (const auto index : type_.expiring()) type_.at(index).expire(&state, &patches);
  }
  /// The patches since the last call, as JSON.
  std::string taken() {
    mcp::cbor_writer writer;
    writer.array(patches.count());
    writer.raw(patches.bytes());
    patches.clear();
    return mcp::cbor_to_json(writer.bytes());
  }
  [[nodiscard]] const mcp::channel& channel(std::string_view name) const {
    return type_.at(static_cast<std::size_t>(type_.find(name)));
  }

 private:
  const mcp::state_type& type_ = mcp::state_type_of<board>::get();
};

mcp::update<board> change() {
  return {};
}

std::string failure_of(bench& on, mcp::update<board> what) {
  try {
    on.apply(std::move(what));
  } catch (const mcp::error& failure) {
    CHECK(failure.code() == mcp::errc::invalid_update);
    return failure.message();
  }
  FAIL("nothing was thrown");
  return {};
}

TEST_CASE("The last value replaces the field") {
  bench on;
  on.apply(change().set(&board::last, 2).set(&board::last, 3).set(&board::any, "y"));
  CHECK(on.state.last == 3);
  CHECK(on.state.any == "y");
  CHECK(on.taken() == R"([["last",0,2],["last",0,3],["any",0,"y"]])");
}

TEST_CASE("Appended elements alone are stored") {
  bench on;
  on.apply(change().set(&board::list, {1, 2}).append(&board::list, 3));
  CHECK(on.state.list == std::vector<int>{1, 2, 3});
  CHECK(on.taken() == R"([["list",1,[1,2]],["list",1,[3]]])");
  on.apply(change().overwrite(&board::list, {9}));
  CHECK(on.state.list == std::vector<int>{9});
  CHECK(on.taken() == R"([["list",0,[9]]])");
}

TEST_CASE("Merged entries replace those of the same key") {
  bench on;
  on.apply(change().set(&board::entries, {{"a", 1}, {"b", 2}}).set(&board::entries, {{"b", 3}}));
  CHECK(on.state.entries == decltype(board::entries){{"a", 1}, {"b", 3}});
  CHECK(on.taken() == R"([["entries",2,{"a":1,"b":2}],["entries",2,{"b":3}]])");
}

TEST_CASE("A null among merged entries is a value and stays one when it is stored") {
  bench on;
  on.apply(change().set(&board::entries, {{"a", 1}}));
  on.patches.clear();
  on.apply(change().set(&board::entries, {{"a", std::nullopt}, {"b", 2}}));
  CHECK(on.state.entries == decltype(board::entries){{"a", std::nullopt}, {"b", 2}});
  CHECK(on.taken() == R"([["entries",0,{"a":null,"b":2}]])");
}

TEST_CASE("Sets are united") {
  bench on;
  on.apply(change().set(&board::names, {"b"}).set(&board::names, {"a", "b"}));
  CHECK(on.state.names == std::set<std::string>{"a", "b"});
}

TEST_CASE("Sums, minima and maxima are taken over all writes") {
  bench on;
  on.apply(change().set(&board::total, 2).set(&board::total, -5).set(&board::weight, 0.5));
  on.apply(change().set(&board::joined, "a").set(&board::joined, "b"));
  on.apply(change().set(&board::low, 7).set(&board::low, 9));
  on.apply(change().set(&board::high, 7).set(&board::high, 3));
  CHECK(on.state.total == -3);
  CHECK(on.state.weight == 0.5);
  CHECK(on.state.joined == "ab");
  CHECK(on.state.low == 7);
  CHECK(on.state.high == 7);
}

TEST_CASE("A sum beyond its type is an error that names the field") {
  bench on;
  on.apply(change().set(&board::total, std::numeric_limits<int>::max()));
  CHECK_THAT(failure_of(on, change().set(&board::total, 1)),
             Catch::Matchers::Contains("\"total\""));
  CHECK(on.state.total == std::numeric_limits<int>::max());
}

TEST_CASE("Reducers of one's own take both forms") {
  bench on;
  on.apply(change().set(&board::product, 6).set(&board::product, 7));
  on.apply(change().set(&board::path, "a").set(&board::path, "b"));
  CHECK(on.state.product == 42);
  CHECK(on.state.path == "/a/b");
  CHECK(on.taken() == R"([["product",0,6],["product",0,42],["path",0,"/a"],["path",0,"/a/b"]])");
}

TEST_CASE("An ephemeral field is back to its default one superstep after the write") {
  bench on;
  on.apply(change().set(&board::flash, "now"));
  CHECK(on.state.flash == "now");
  on.patches.clear();
  on.expire();
  CHECK(on.state.flash == "-");
  CHECK(on.taken() == R"([["flash",0,"-"]])");
  on.expire();
  CHECK(on.taken() == "[]");
}

TEST_CASE("An untracked field changes but is never stored") {
  bench on;
  on.apply(change().set(&board::secret, 6).overwrite(&board::secret, 7));
  CHECK(on.state.secret == 7);
  CHECK(on.taken() == "[]");
}

TEST_CASE("A barrier collects its names and opens for one superstep") {
  bench on;
  on.apply(change().set(&board::arrived, {"left"}));
  on.expire();
  CHECK(on.state.arrived == std::set<std::string>{"left"});
  on.apply(change().set(&board::arrived, {"right"}));
  CHECK(on.state.arrived.size() == 2);
  on.expire();
  CHECK(on.state.arrived.empty());
  CHECK_THAT(failure_of(on, change().set(&board::arrived, {"middle"})),
             Catch::Matchers::Contains("\"middle\" is not awaited"));
}

TEST_CASE("What several nodes may write in one superstep is known of each channel") {
  const bench on;
  for (const char* name : {"last", "flash", "secret"}) {
    INFO(name);
    CHECK_FALSE(on.channel(name).many_writers());
  }
  for (const char* name : {"any", "list", "entries", "names", "total", "low", "high", "chat",
                           "arrived", "product", "path"}) {
    INFO(name);
    CHECK(on.channel(name).many_writers());
  }
  CHECK(on.channel("flash").ephemeral());
  CHECK(on.channel("arrived").ephemeral());
  CHECK_FALSE(on.channel("last").ephemeral());
}

std::vector<std::string> contents(const bench& on) {
  std::vector<std::string> result;
  for (const auto& message : on.state.chat) result.push_back(message.id + "=" + message.content);
  return result;
}

mcp::message with_id(std::string id, std::string content) {
  return {.id = std::move(id), .role = "user", .content = std::move(content)};
}

using texts = std::vector<std::string>;

TEST_CASE("Messages with a known id are replaced, others appended") {
  bench on;
  on.apply(change().set(&board::chat, {with_id("1", "a"), with_id("2", "b")}));
  on.patches.clear();
  on.apply(change().set(&board::chat, {with_id("1", "A"), with_id("3", "c")}));
  CHECK(contents(on) == texts{"1=A", "2=b", "3=c"});
  const auto patch = on.taken();
  CHECK_THAT(patch, Catch::Matchers::StartsWith(R"([["chat",3,[[0,{"content":"A","id":"1")"));
  CHECK_THAT(patch, Catch::Matchers::Contains(R"([2,{"content":"c","id":"3")"));
}

TEST_CASE("Messages are removed one by one or all at once") {
  bench on;
  on.apply(change().set(&board::chat, {with_id("1", "a"), with_id("2", "b"), with_id("3", "c")}));
  on.patches.clear();
  on.apply(change().append(&board::chat, mcp::remove_message("2")));
  CHECK(contents(on) == texts{"1=a", "3=c"});
  CHECK(on.taken() == R"([["chat",3,[[1]]]])");
  on.apply(change().set(&board::chat,
                        {with_id("4", "lost"), mcp::remove_all_messages(), with_id("5", "kept")}));
  CHECK(contents(on) == texts{"5=kept"});
  CHECK_THAT(on.taken(), Catch::Matchers::Contains(R"([],[0,{"content":"kept")"));
}

TEST_CASE("Removing a message that is not there is an error") {
  bench on;
  on.apply(change().append(&board::chat, with_id("1", "a")));
  CHECK_THAT(failure_of(on, change().append(&board::chat, mcp::remove_message("9"))),
             Catch::Matchers::Contains("message \"9\" cannot be removed from \"chat\""));
}

TEST_CASE("Messages without an id get one, the same whenever the superstep is repeated") {
  bench first;
  bench second;
  for (auto* on : {&first, &second}) {
    on->apply(change().set(&board::chat,
                           {mcp::user_message("hi"), mcp::user_message("hi"), with_id("z", "z")}));
    on->apply(change().append(&board::chat, mcp::assistant_message("hi")));
  }
  CHECK(contents(first) == contents(second));
  std::set<std::string> ids;
  for (const auto& message : first.state.chat) ids.insert(message.id);
  CHECK(ids.size() == 4);
  CHECK_FALSE(ids.contains(""));
}

TEST_CASE("The difference of two states is what must be written to get from one to the other") {
  const bench on;
  board before;
  before.list = {1, 2};
  before.total = 5;
  auto after = before;
  after.list.push_back(3);
  after.total = 9;
  CHECK(on.channel("list").difference(&before, &after).as<std::vector<int>>() ==
        std::vector<int>{3});
  CHECK(on.channel("total").difference(&before, &after).as<int>() == 4);
  CHECK_FALSE(on.channel("last").difference(&before, &after).has_value());
}

TEST_CASE("A list that was rewritten, and a sum that went too far, have no difference") {
  const bench on;
  board before;
  before.list = {1, 2};
  before.total = -2;
  auto after = before;
  after.list = {7, 8, 9};
  after.total = std::numeric_limits<int>::max();
  CHECK_FALSE(on.channel("list").difference(&before, &after).has_value());
  CHECK_FALSE(on.channel("total").difference(&before, &after).has_value());
  after.list = {1};
  CHECK_FALSE(on.channel("list").difference(&before, &after).has_value());
}

}  // namespace
