#include "plugins/plugin_rules.hpp"
#include "runtime/cluster_system_support.hpp"

using namespace mcp;
using namespace mcp::test;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

struct echo_options {
  std::string text{};
};
MCP_STRUCT(echo_options, text)
struct parts_options {
  std::string model{};
  std::string tool{};
};
MCP_STRUCT(parts_options, model, tool)

void offer_test_things(plugin& to) {
  to.node("echo", "", [](const echo_options& options, const plugin_request&) {
    return [options](const json_state& s) {
      return update<json_state>{s}.set("a", options.text);
    };
  });
  to.node("parts", "", [](const parts_options& options, const plugin_request& request) {
    const auto model = request.model(options.model);
    const auto tools = request.tools({options.tool});
    node_spec spec;
    spec.run = [type = request.state, made = model.model != nullptr, tools](const node_input&,
                                                                            context&) {
      const auto text = made ? tools.names().front() : std::string{};
      return node_result{.writes = update<json_state>{type}.set("a", text).take()};
    };
    return spec;
  });
  to.node("nothing", "", [](const plugin_request&) { return node_spec{}; });
  to.node("angry", "", [](const plugin_request&) -> node_spec { throw std::runtime_error{"no"}; });
  to.tool("nothing", "", [](const plugin_request&) { return std::shared_ptr<tool>{}; });
}

constexpr plugin_manifest test_manifest{"FASTMCP", plugin_abi, "test", "1.2.3", "",
                                        offer_test_things};

cluster::load_options with_plugin() {
  cluster::load_options options;
  options.plugins.built_in.push_back(cluster::load_plugin(test_manifest));
  return options;
}

/// A file with one node of the state {a: string}.
std::string file_with(const std::string& node, const std::string& more = "") {
  return "state: {a: string}\n" + more + "nodes: {n: {" + node + "}}\nedges: [start -> n -> END]\n";
}
std::string problems(const std::string& text) {
  return cluster_folder{text}.problems(with_plugin());
}

template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const error& what) {
    CHECK(what.code() == errc::invalid_plugin);
    return what.message();
  }
  return {};
}
std::string refusal_of(plugin_manifest changed) {
  return refusal([&] { cluster::check_manifest(changed); });
}
template <class Offer>
std::string refusal_of_offers(Offer offer) {
  plugin made;
  offer(made);
  return refusal([&] { cluster::check_offers(made); });
}

}  // namespace

TEST_CASE("A node of a plugin stands behind the key type", "[plugin]") {
  CHECK(run_file(file_with("type: test.echo, options: {text: hi}"), json::object(),
                 with_plugin())["a"] == "hi");
  CHECK_THAT(problems(file_with("type: test.ecko")),
             Contains("no plugin offers the node \"test.ecko\", did you mean \"test.echo\"?"));
  CHECK_THAT(problems(file_with("type: tets.echo")),
             Contains("there is no plugin \"tets\", did you mean \"test\"?"));
}

TEST_CASE("A node of a plugin is given the models and tools of the file by name", "[plugin]") {
  const auto file = [](const std::string& model, const std::string& tool) {
    return file_with("type: test.parts, options: {model: " + model + ", tool: " + tool + "}",
                     "models: {main: {provider: scripted}}\ntools: {sum: {builtin: calculator}}\n");
  };
  CHECK(run_file(file("main", "sum"), json::object(), with_plugin())["a"] == "sum");
  CHECK_THAT(problems(file("mian", "sum")),
             Contains("4:9:") && Contains("there is no model \"mian\", did you mean \"main\"?"));
  CHECK_THAT(problems(file("main", "sun")), Contains("did you mean \"sum\"?"));
}

TEST_CASE("What a plugin's functions do wrong is a problem at the place of the thing", "[plugin]") {
  CHECK_THAT(problems(file_with("type: test.nothing")),
             Contains("2:9: the node \"n\": the plugin made a node without a function"));
  CHECK_THAT(problems(file_with("type: test.angry")), Contains("2:9: the node \"n\": no"));
  CHECK_THAT(problems(file_with("type: test.nothing, options: {a: 1}")),
             Contains("it takes no options"));
  CHECK_THAT(problems(file_with("type: test.echo, options: {txet: 1}")), Contains("txet"));
  CHECK_THAT(problems(file_with("lua: 'return {}'", "tools: {t: {type: test.nothing}}\n")),
             Contains("the tool \"t\": the plugin made none"));
}

TEST_CASE("A manifest is of this ABI, with a name and a version", "[plugin]") {
  CHECK(refusal_of(test_manifest).empty());
  auto other = test_manifest;
  other.abi = 7;
  other.name = nullptr;  // nothing behind the ABI number counts
  CHECK_THAT(refusal_of(other), Contains("plugin ABI 7"));
  other = test_manifest;
  other.magic[0] = 'f';
  CHECK_THAT(refusal_of(other), Contains("does not begin with FASTMCP"));
  for (const auto* name : {"", "a b", "a.b", static_cast<const char*>(nullptr)}) {
    other = test_manifest;
    other.name = name;
    CHECK_THAT(refusal_of(other), Contains("has the name"));
  }
  for (const auto* version : {"1", "1.2", "1.2.", "v1.2.3", "1.2.3-", "1..3", ""}) {
    other = test_manifest;
    other.version = version;
    CHECK_THAT(refusal_of(other), Contains("has the version"));
  }
  for (const auto* version : {"0.0.0", "10.20.30", "1.2.3-rc1", "1.2.3+4"}) {
    other = test_manifest;
    other.version = version;
    CHECK(refusal_of(other).empty());
  }
  other = test_manifest;
  other.offer = nullptr;
  CHECK_THAT(refusal_of(other), Contains("has no function"));
}

TEST_CASE("What is offered is complete and has a name of its own", "[plugin]") {
  const auto made = [](const plugin_request&) { return node_spec{}; };
  CHECK(refusal_of_offers([&](plugin& to) { to.node("a", "", made); }).empty());
  CHECK(refusal_of_offers([&](plugin& to) {
          to.node("a", "", made).reducer("a", "", [](json, json b) { return b; });
        }).empty());
  CHECK_THAT(refusal_of_offers([&](plugin& to) { to.node("a", "", made).node("a", "", made); }),
             Contains("\"a\" is offered twice"));
  CHECK_THAT(refusal_of_offers([&](plugin& to) {
               for (std::size_t i = 0; i <= cluster::max_offers; ++i) {
                 to.node("n" + std::to_string(i), "", made);
               }
             }),
             Contains("more than 1000"));
  CHECK_THAT(refusal_of_offers([&](plugin& to) { to.node("a", std::string(10'001, 'x'), made); }),
             Contains("description of more than 10000"));
}
