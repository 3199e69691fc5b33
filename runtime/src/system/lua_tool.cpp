#include "system/lua_tool.hpp"

#include "mcp/json_schema.hpp"
#include "system/notes.hpp"

#include <optional>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

class lua_tool final : public tool {
 public:
  lua_tool(const tool_description_in_file& what, const script_limits& limits,
           memory_namespace memory, agent_memory notes)
      : description_{what.name, what.description, what.parameters.dump()},
        schema_(what.parameters),
        script_(*what.lua),
        limits_(limits),
        memory_(std::move(memory)),
        notes_(std::move(notes)) {
    options_.blocking = script_.uses_memory();
  }

  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }

  void start(const std::string& arguments, tool_reply reply) override {
    const auto args = read(arguments);
    sandbox box{limits_};
    box.set("args", args);
    box.set("call_id", reply.call_id());
    box.set("idempotency_key", reply.idempotency_key());
    script_memory memory{nullptr, memory_, {}, 0};
    std::optional<script_store> store;
    if (script_.uses_memory()) {
      store.emplace(notes_, reply.context(),
                    [&reply](std::function<void()> stop) { reply.on_cancel(std::move(stop)); });
      memory.store = store->get();
      memory.task = reply.idempotency_key();
      box.set_memory(memory);
    }
    reply.done(shown(box.call(script_)));
  }

 private:
  [[nodiscard]] json read(const std::string& arguments) const {
    json args;
    try {
      static_cast<void>(json_to_cbor(arguments));  // bounds its depth
      args = json::parse(arguments);
    } catch (const std::exception& wrong) {
      throw error{errc::invalid_tool_call,
                  std::string{"the arguments are not JSON: "} + wrong.what()};
    }
    const auto problems = schema_.validate(args);
    if (problems.empty()) return args;
    throw error{errc::invalid_tool_call, "the arguments do not fit the tool's schema at \"" +
                                             problems.front().at +
                                             "\": " + problems.front().message};
  }

  tool_description description_;
  tool_options options_;
  json_schema schema_;
  compiled_script script_;
  script_limits limits_;
  memory_namespace memory_;
  agent_memory notes_;
};

}  // namespace

std::shared_ptr<tool> make_lua_tool(const tool_description_in_file& what,
                                    const script_limits& limits, memory_namespace memory,
                                    agent_memory notes) {
  return std::make_shared<lua_tool>(what, limits, std::move(memory), std::move(notes));
}

}  // namespace mcp::cluster
