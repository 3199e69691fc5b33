#pragma once

#include "mcp/agent.hpp"
#include "mcp/agents/model_node.hpp"
#include "mcp/agents/tool_set.hpp"
#include "mcp/json.hpp"
#include "mcp/plugin_manifest.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Plugins of mcp-cluster: shared objects that add kinds of nodes, tools, models, reducers and
/// agents to cluster files. docs/plugins.md tells how one is built and loaded.
///     void offer(mcp::plugin& to) { to.node("greet", "Greets somebody.", ...); }
///     MCP_PLUGIN("greeter", "1.0.0", "Greets people.", offer)
namespace mcp {

/// A model that a cluster file declares, which knows its price, with what the file adds to each
/// request.
struct ready_model {
  std::shared_ptr<chat_model> model{};  ///< null when it could not be made
  chat_request request{};
};

/// What is told of the node, tool or model to be made.
struct plugin_request {
  std::string name{};  ///< its name in the cluster file
  nlohmann::json options = nlohmann::json::object();
  nlohmann::json config = nlohmann::json::object();  ///< of the plugin, from the same file
  std::shared_ptr<const state_type> state{};         ///< nodes: that of the graph; else null
  /// Nodes: models and tools of the file, by name, servers of tools too. They throw
  /// `invalid_argument` for a name that is not known. Only during the call; what they return may be
  /// kept.
  std::function<ready_model(const std::string&)> model{};
  std::function<tool_set(const std::vector<std::string>&)> tools{};

  /// `config` as the struct that `plugin::config` was called with.
  template <described Config>
  [[nodiscard]] Config config_as() const {
    return from_json<Config>(config.dump());
  }
};

/// Something that a plugin makes when a cluster file asks for it.
template <class Product>
struct plugin_offer {
  std::string name{};
  std::string description{};
  std::string options_schema{};  ///< JSON Schema
  /// Throws `invalid_state` for options that do not fit, and what the plugin throws.
  std::function<Product(const plugin_request&)> make{};
};

struct plugin_reducer {
  std::string name{};
  std::string description{};
  json_reducer_function reduce{};
};

struct plugin_agent {
  std::string description{};
  agent_spec spec{};
};

/// What a plugin offers. Filled in by its function `offer`, then read by the host: one thread at a
/// time.
class plugin {
 public:
  /// A kind of node. `make` is f(const Options&, const plugin_request&) with a described struct, or
  /// f(const plugin_request&) when there are no options. It returns what `graph::node` takes over
  /// `json_state`, or a `node_spec`, whose name and options are then those of the file. `kind` is
  /// `node_kind::blocking` for functions that wait for files, sockets, locks.
  template <class Make>
  plugin& node(std::string name, std::string description, Make make,
               node_kind kind = node_kind::plain) {
    auto made = offer_of<node_spec>(std::move(name), std::move(description), std::move(make));
    if (kind == node_kind::blocking) {
      made.make = [make = std::move(made.make)](const plugin_request& request) {
        auto spec = make(request);
        if (spec.kind == node_kind::plain) spec.kind = node_kind::blocking;
        return spec;
      };
    }
    nodes_.push_back(std::move(made));
    return *this;
  }
  /// A kind of tool: `make`, as for nodes, returns a `std::shared_ptr<tool>`. The file names it.
  template <class Make>
  plugin& tool(std::string name, std::string description, Make make) {
    tools_.push_back(offer_of<std::shared_ptr<mcp::tool>>(std::move(name), std::move(description),
                                                          std::move(make)));
    return *this;
  }
  /// A provider of models: `make`, as for nodes, returns a `std::shared_ptr<chat_model>`.
  template <class Make>
  plugin& model(std::string name, std::string description, Make make) {
    models_.push_back(offer_of<std::shared_ptr<chat_model>>(
        std::move(name), std::move(description), std::move(make)));
    return *this;
  }
  /// A reducer: json f(json current, json incoming). It must be deterministic, and safe from
  /// several threads.
  plugin& reducer(std::string name, std::string description, json_reducer_function reduce) {
    reducers_.push_back({std::move(name), std::move(description), std::move(reduce)});
    return *this;
  }
  /// A type of agents: an `agent<State>` with its handlers, or an `agent_spec`. Its name is the
  /// spec's.
  plugin& agent(std::string description, agent_spec spec) {
    agents_.push_back({std::move(description), std::move(spec)});
    return *this;
  }
  /// What a cluster file may say of the whole plugin; without, it may say nothing.
  template <described Config>
  plugin& config() {
    config_schema_ = json_schema_of<Config>();
    check_config_ = [](const nlohmann::json& given) {
      static_cast<void>(from_json<Config>(given.dump()));
    };
    return *this;
  }

  [[nodiscard]] const auto& nodes() const noexcept { return nodes_; }
  [[nodiscard]] const auto& tools() const noexcept { return tools_; }
  [[nodiscard]] const auto& models() const noexcept { return models_; }
  [[nodiscard]] const auto& reducers() const noexcept { return reducers_; }
  [[nodiscard]] const auto& agents() const noexcept { return agents_; }
  [[nodiscard]] const std::string& config_schema() const noexcept { return config_schema_; }
  /// Throws `invalid_state` with the place when the configuration does not fit.
  void check_config(const nlohmann::json& given) const {
    if (check_config_) return check_config_(given);
    if (given.empty()) return;
    throw error{errc::invalid_state, "the plugin takes no configuration"};
  }

 private:
  static constexpr const char* no_options =
      R"({"type":"object","properties":{},"additionalProperties":false})";

  template <class Product, class Made>
  static Product product_of(const std::string& name, Made&& made) {
    if constexpr (std::is_convertible_v<Made&&, Product>) {
      return std::forward<Made>(made);
    } else {
      static_assert(std::same_as<Product, node_spec>,
                    "`make` returns a std::shared_ptr<mcp::tool> or <mcp::chat_model>");
      return detail::make_node<json_state>(name, std::forward<Made>(made), node_options{});
    }
  }

  template <class Product, class Make>
  static plugin_offer<Product> offer_of(std::string name, std::string description, Make make) {
    using arguments = typename detail::callable<std::remove_cvref_t<Make>>::arguments;
    using first = std::remove_cvref_t<std::tuple_element_t<0, arguments>>;
    plugin_offer<Product> made;
    made.name = std::move(name);
    made.description = std::move(description);
    if constexpr (std::same_as<first, plugin_request>) {
      made.options_schema = no_options;
      made.make = [make = std::move(make)](const plugin_request& request) {
        if (!request.options.empty()) {
          throw error{errc::invalid_state, "it takes no options"};
        }
        return product_of<Product>(request.name, make(request));
      };
    } else {
      static_assert(described<first>, "the options are a struct with MCP_STRUCT");
      made.options_schema = json_schema_of<first>();
      made.make = [make = std::move(make)](const plugin_request& request) {
        return product_of<Product>(request.name,
                                   make(from_json<first>(request.options.dump()), request));
      };
    }
    return made;
  }

  std::vector<plugin_offer<node_spec>> nodes_;
  std::vector<plugin_offer<std::shared_ptr<mcp::tool>>> tools_;
  std::vector<plugin_offer<std::shared_ptr<chat_model>>> models_;
  std::vector<plugin_reducer> reducers_;
  std::vector<plugin_agent> agents_;
  std::string config_schema_;
  std::function<void(const nlohmann::json&)> check_config_;
};

}  // namespace mcp
