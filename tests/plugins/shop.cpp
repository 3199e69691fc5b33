// A plugin that offers one thing of each kind. Compiled twice: SHOP_VERSION is 1 or 2, and what is
// laid out differently in the two must not meet.
#include "mcp/plugin.hpp"

#include "mcp/agents/scripted_model.hpp"

#include <array>

namespace {

struct shop_config {
  std::string currency = "EUR";
};
MCP_STRUCT(shop_config, (currency, mcp::doc("what prices are in")))

struct price_options {
#if SHOP_VERSION == 2
  std::array<std::int64_t, 8> padding{};  // not described: only moves the rest
#endif
  std::string of{};
  std::string into{};
  std::int64_t each = 1;
};
MCP_STRUCT(price_options, (of, mcp::doc("field with a number of things")),
           (into, mcp::doc("field for the price")), (each, mcp::doc("price of one")))

/// Calls so far, of this version alone.
inline int calls = 0;

auto make_price(const price_options& options, const mcp::plugin_request& request) {
  if (options.each < 0) throw mcp::error{mcp::errc::invalid_argument, "a price is not negative"};
  return [options, currency = request.config_as<shop_config>().currency](const mcp::json_state& s) {
    ++calls;
    const auto sum = s.at(options.of).get<std::int64_t>() * options.each * SHOP_VERSION;
    return mcp::update<mcp::json_state>{s}.set(options.into, std::to_string(sum) + " " + currency +
                                                                 ", call " + std::to_string(calls));
  };
}

struct word {
  std::string text{};
};
MCP_STRUCT(word, text)

auto make_shout(const mcp::plugin_request& request) {
  return mcp::make_tool(request.name, "Says it loudly.",
                        [](const word& what) { return what.text + "!"; });
}

auto make_echo(const mcp::plugin_request&) {
  const auto answer = [](const mcp::chat_request& asked) {
    return mcp::scripted_answer{.text = "echo: " + asked.messages.back().content};
  };
  return mcp::scripted_model({.rules = {{.answer = answer}}});
}

nlohmann::json longest(nlohmann::json current, nlohmann::json incoming) {
  return incoming.get<std::string>().size() > current.get<std::string>().size() ? incoming
                                                                                : current;
}

struct till {
  std::int64_t sum = 0;
};
MCP_STATE(till, sum)
struct pay {
  using reply = std::int64_t;
  std::int64_t amount = 0;
};
MCP_STRUCT(pay, (amount, mcp::doc("may be negative")))

void offer(mcp::plugin& to) {
  to.config<shop_config>();
  to.node("price", "Says what things cost.", make_price);
  to.tool("shout", "Says a word loudly.", make_shout);
  to.model("echo", "Repeats the question.", make_echo);
  to.reducer("longest", "Keeps the longest text.", longest);
  to.agent("Keeps a sum.", mcp::agent<till>("till").on(
                               [](till& t, const pay& p) { return t.sum += p.amount; }));
}

}  // namespace

#define SHOP_TEXT_OF(X) #X
#define SHOP_TEXT(X) SHOP_TEXT_OF(X)
MCP_PLUGIN("shop", SHOP_TEXT(SHOP_VERSION) ".0.0", "Sells things.", offer)
