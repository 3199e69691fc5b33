#include "system/memory_tools.hpp"

#include "mcp/agents/memory_nodes.hpp"
#include "mcp/json.hpp"

#include <functional>
#include <utility>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;
using place_in = std::function<memory_place(context&)>;
using tool_maker = std::function<std::shared_ptr<tool>(place_in)>;

tool_maker maker_of(const std::string& builtin, const agent_memory& notes) {
  if (builtin == "remember") {
    return [notes](place_in where) { return remember_tool(notes, std::move(where)); };
  }
  if (builtin == "forget") {
    return [notes](place_in where) { return forget_tool(notes, std::move(where)); };
  }
  if (builtin != "recall") return {};
  return [notes](place_in where) {
    return recall_tool(notes, [where = std::move(where)](context& ctx) {
      return std::vector<memory_place>{where(ctx)};
    });
  };
}

/// A tool whose argument `whose` says in whose memory it works.
class owned_memory_tool final : public tool {
 public:
  owned_memory_tool(tool_maker make, memory_scope scope, std::string whose)
      : make_(std::move(make)), scope_(scope), whose_(std::move(whose)) {
    const auto sample = make_([](context&) { return memory_place{}; });
    description_ = sample->description();
    options_ = sample->options();
    auto schema = json::parse(description_.parameters);
    schema["properties"][whose_] = {{"type", "string"}};
    schema["required"].push_back(whose_);
    description_.parameters = schema.dump();
  }
  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }

  void start(const std::string& arguments, tool_reply reply) override {
    static_cast<void>(json_to_cbor(arguments));  // bounds its depth
    auto given = json::parse(arguments);
    const auto whose = given.is_object() ? given.value(whose_, json{}) : json{};
    if (!whose.is_string()) {
      throw error{errc::invalid_tool_call, "the argument \"" + whose_ + "\" is no text"};
    }
    given.erase(whose_);
    const memory_place place{scope_, whose.get<std::string>()};
    make_([place](context&) { return place; })->start(given.dump(), std::move(reply));
  }

 private:
  tool_maker make_;
  memory_scope scope_;
  std::string whose_;
  tool_description description_;
  tool_options options_;
};

}  // namespace

std::shared_ptr<tool> memory_tool(const tool_description_in_file& what, const agent_memory& notes,
                                  const std::string& system) {
  auto make = maker_of(what.builtin, notes);
  if (!make) return nullptr;
  const auto scope = what.scope.value_or(memory_scope::thread);
  if (!what.whose.empty()) {
    return std::make_shared<owned_memory_tool>(std::move(make), scope, what.whose);
  }
  if (scope == memory_scope::thread) return make([](context& ctx) { return thread_place(ctx); });
  return make([system](context&) { return agent_place(system); });
}

}  // namespace mcp::cluster
