#include "system/configured_tool.hpp"

#include "mcp/json.hpp"
#include "script/sandbox.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

using json = nlohmann::json;

class offline_tool final : public tool {
 public:
  explicit offline_tool(std::string name)
      : description_{std::move(name), "Not to be used: the system runs offline.",
                     R"({"type":"object"})"} {}
  [[nodiscard]] const tool_description& description() const noexcept override {
    return description_;
  }
  [[nodiscard]] const tool_options& options() const noexcept override { return options_; }
  void start(const std::string&, tool_reply reply) override {
    reply.done(tool_result{"Error: this system runs offline", true});
  }

 private:
  tool_description description_;
  tool_options options_{};
};

/// The schema of the arguments without those that the state gives.
std::string without(const std::string& schema,
                    const std::vector<std::pair<std::string, compiled_script>>& given) {
  auto parsed = json::parse(schema, nullptr, false);
  if (given.empty() || !parsed.is_object()) return schema;
  for (const auto& [name, script] : given) {
    if (parsed.contains("properties") && parsed["properties"].is_object()) {
      parsed["properties"].erase(name);
    }
    if (!parsed.contains("required") || !parsed["required"].is_array()) continue;
    auto& required = parsed["required"].get_ref<json::array_t&>();
    required.erase(std::remove(required.begin(), required.end(), json(name)), required.end());
  }
  return parsed.dump();
}

/// Whether a person is asked, as a script says.
approval_rule approval_by(compiled_script script, script_limits limits) {
  return [script = std::move(script), limits](const tool_call& call) {
    sandbox box{limits};
    auto args = json::parse(call.arguments, nullptr, false);
    if (args.is_discarded()) args = json::object();
    box.set("args", args);
    const auto wanted = box.call(script);
    if (wanted.is_boolean()) return wanted.get<bool>();
    throw error{errc::script_failed,
                "the approval of the tool \"" + call.name + "\" returned neither true nor false"};
  };
}

template <class T>
void take(std::optional<T>& to, const std::optional<T>& from) {
  if (!to) to = from;
}

}  // namespace

std::shared_ptr<tool> refused_tool(const std::string& name) {
  return std::make_shared<offline_tool>(name);
}

configured_tool::configured_tool(std::shared_ptr<tool> inner, tool_settings settings)
    : inner_(std::move(inner)),
      settings_(std::move(settings)),
      description_(inner_->description()) {
  description_.name = settings_.name;
  if (!settings_.description.empty()) description_.description = settings_.description;
  description_.parameters = without(description_.parameters, settings_.given);
}

tool_call filled_call(const tool_set& tools, tool_call call, const json_state& state,
                      const script_limits& limits) {
  const auto found = std::dynamic_pointer_cast<configured_tool>(tools.find(call.name));
  if (!found || found->given().empty()) return call;
  auto arguments = json::object();
  try {
    if (!call.arguments.empty()) {
      static_cast<void>(json_to_cbor(call.arguments));  // bounds its depth and size
      arguments = json::parse(call.arguments);
    }
  } catch (const std::exception&) {
    return call;  // the tool refuses it
  }
  if (!arguments.is_object()) return call;
  sandbox box{limits};
  box.set_state("state", state);
  for (const auto& [name, script] : found->given()) arguments[name] = box.call(script);
  call.arguments = arguments.dump(-1, ' ', false, json::error_handler_t::replace);
  return call;
}

tool_options options_of(const call_options_description& what, tool_options base,
                        const script_limits& limits) {
  base.blocking = base.blocking || what.blocking;
  base.tell_model = what.tell_model.value_or(true);
  if (what.timeout) base.timeout = *what.timeout;
  if (what.retry) base.retry = what.retry;
  if (what.concurrency) base.concurrency = *what.concurrency;
  if (what.cache) base.cache = what.cache;
  if (what.approval) base.approval = *what.approval ? approval_rule{ask_always} : approval_rule{};
  if (what.approval_rule) base.approval = approval_by(*what.approval_rule, limits);
  return base;
}

call_options_description merged(call_options_description first,
                                const call_options_description& then) {
  if (!first.approval && !first.approval_rule) {
    first.approval = then.approval;
    first.approval_rule = then.approval_rule;
  }
  first.blocking = first.blocking || then.blocking;
  take(first.tell_model, then.tell_model);
  take(first.timeout, then.timeout);
  take(first.retry, then.retry);
  take(first.concurrency, then.concurrency);
  take(first.cache, then.cache);
  for (const auto& one : then.given) {
    const auto same = [&one](const auto& other) { return other.first == one.first; };
    if (std::none_of(first.given.begin(), first.given.end(), same)) first.given.push_back(one);
  }
  return first;
}

}  // namespace mcp::cluster
