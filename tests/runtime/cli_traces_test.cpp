#include "cli/logging.hpp"
#include "cli/traces.hpp"
#include "support/catch.hpp"

#include <map>

#include <nlohmann/json.hpp>

using namespace mcp;
using namespace mcp::cluster;

namespace {

using variables = std::map<std::string, std::string>;

std::optional<otlp_options> found(const std::string& url, variables set = {}) {
  return traces_from(url, [set = std::move(set)](const std::string& name) {
    const auto one = set.find(name);
    return one == set.end() ? std::nullopt : std::optional<std::string>{one->second};
  });
}

std::string endpoint(const std::string& url, variables set = {}) {
  const auto made = found(url, std::move(set));
  return made ? made->endpoint : "";
}

}  // namespace

TEST_CASE("Traces go where the command line says, then the environment", "[cli][traces]") {
  CHECK_FALSE(found(""));
  CHECK(endpoint("http://h:4318") == "http://h:4318/v1/traces");
  CHECK(endpoint("http://h:4318/") == "http://h:4318/v1/traces");
  CHECK(endpoint("https://h/otlp/traces") == "https://h/otlp/traces");
  const variables both{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://base/"},
                       {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own"}};
  CHECK(endpoint("", both) == "http://own");
  CHECK(endpoint("http://h", both) == "http://h/v1/traces");
  CHECK(endpoint("", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://base/x/"}}) ==
        "http://base/x/v1/traces");
}

TEST_CASE("Variables that want no traces, or another protocol, are honoured", "[cli][traces]") {
  const std::pair<std::string, std::string> base{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://base"};
  CHECK(endpoint("", {base, {"OTEL_SDK_DISABLED", "true"}}).empty());
  CHECK(endpoint("http://h", {{"OTEL_SDK_DISABLED", "true"}}) == "http://h/v1/traces");
  CHECK(endpoint("", {base, {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}).empty());
  CHECK(endpoint("", {base,
                      {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                      {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"}}) ==
        "http://base/v1/traces");
}

TEST_CASE("Headers and the service's name come from the environment", "[cli][traces]") {
  const auto made =
      found("http://h", {{"OTEL_EXPORTER_OTLP_HEADERS", " api-key = a%20b%3D , x=1=2,,y="},
                         {"OTEL_SERVICE_NAME", "team"}});
  REQUIRE(made);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"api-key", "a b="}, {"x", "1=2"}, {"y", ""}};
  CHECK(made->headers == expected);
  CHECK(made->resource.front() == span_attribute{"service.name", std::string{"team"}});
  CHECK(found("http://h",
              {{"OTEL_EXPORTER_OTLP_HEADERS", "a=1"}, {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"}})
            ->headers.front()
            .first == "b");
  for (const auto* wrong : {"novalue", "=x", "a=1%0d%0ab: 2", "a=%00"}) {
    INFO(wrong);
    CHECK_THROWS_AS(found("http://h", {{"OTEL_EXPORTER_OTLP_HEADERS", wrong}}), error);
  }
}

TEST_CASE("A line of the log says what it is about, as JSON and as text", "[cli][log]") {
  log_fields about{
      .run = "r1", .thread = "a b", .graph = "g", .node = "n", .task = "t1", .attempt = 2};
  const auto line = [&](log_format format) {
    return log_line(format, "T", "info", "it \"works\"\n", about, "w1");
  };
  CHECK(nlohmann::json::parse(line(log_format::json)) ==
        nlohmann::json{{"time", "T"},
                       {"level", "info"},
                       {"message", "it \"works\"\n"},
                       {"run", "r1"},
                       {"thread", "a b"},
                       {"graph", "g"},
                       {"node", "n"},
                       {"task", "t1"},
                       {"attempt", 2},
                       {"member", "w1"}});
  CHECK(line(log_format::text) ==
        "T info     it \"works\"  run=r1 thread=\"a b\" graph=g node=n task=t1 attempt=2");
  about.member = "w2";
  CHECK(nlohmann::json::parse(line(log_format::json))["member"] == "w2");
  about = {};
  CHECK(line(log_format::text) == "T info     it \"works\" ");
  CHECK(nlohmann::json::parse(line(log_format::json)).size() == 4);
}
