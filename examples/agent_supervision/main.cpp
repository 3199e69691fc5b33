// A tree of supervisors over agents: what belongs together begins anew together, of one key, and a
// part of it can be stopped.
//
//   orders (rest_for_one): cart, bill, shipping (one_for_one): parcel

#include <iostream>
#include <string>

#include <mcp/mcp.hpp>

struct Sheet {
  int lines = 0;
};
MCP_STATE(Sheet, lines)

struct Write {
  std::string text{};
  using reply = int;  // lines on the sheet
};
MCP_STRUCT(Write, text)

struct Count {
  using reply = int;
};
MCP_STRUCT(Count)

constexpr std::chrono::seconds patience{10};

mcp::agent_spec sheet(const std::string& type) {
  return mcp::agent<Sheet>(type)
      .on([](Sheet& s, const Write& w) {
        if (w.text == "ink") throw std::runtime_error{"ink all over it"};
        return ++s.lines;
      })
      .on([](const Sheet& s, const Count&) { return s.lines; })
      .options({.on_failure = mcp::agent_on_failure::escalate});
}

int main() {
  mcp::agent_system agents{
      {.supervision = {mcp::supervisor(
           "orders", mcp::restart_strategy::rest_for_one,
           {.intensity = 3, .period = std::chrono::seconds{5}},
           {"cart", "bill",
            mcp::supervisor("shipping", mcp::restart_strategy::one_for_one, {}, {"parcel"})})}},
      {sheet("cart"), sheet("bill"), sheet("parcel")}};
  const auto write = [&](const std::string& address, const std::string& text) {
    try {
      static_cast<void>(agents.ask(address, Write{text}, patience));
    } catch (const mcp::error& what) {
      std::cout << address << ": " << what.message() << '\n';
    }
  };
  const auto show = [&](const std::string& key) {
    std::cout << "order " << key << ":";
    for (const char* type : {"cart", "bill", "parcel"}) {
      const auto address = std::string{type} + "/" + key;
      std::cout << ' ' << type << ' ' << agents.ask(address, Count{}, patience);
    }
    std::cout << '\n';
  };
  for (const char* address : {"cart/17", "bill/17", "parcel/17", "bill/18"})
    write(address, "a line");
  show("17");
  write("bill/17", "ink");
  show("17");  // the bill and what comes after it begin anew, of this order
  show("18");
  agents.stop_tree("shipping", "the drivers are on strike");
  write("parcel/19", "a line");
  agents.revive_tree("shipping");
  write("parcel/19", "a line");
  show("19");
}
