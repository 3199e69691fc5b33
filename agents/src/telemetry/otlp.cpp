#include "telemetry/otlp.hpp"

#include <charconv>
#include <cmath>

#include <nlohmann/json.hpp>

namespace mcp::telemetry {
namespace {

using otlp_json = nlohmann::ordered_json;

constexpr int status_error = 2;
constexpr const char* scope_name = "fastmcp";

std::string text(std::string_view content) {
  return std::string{cut_span_text(content)};
}

otlp_json value_of(const span_attribute& of) {
  if (const auto* content = std::get_if<std::string>(&of.content)) {
    return {{"stringValue", text(*content)}};
  }
  // 64 bits do not fit a number of JSON's.
  if (const auto* content = std::get_if<std::int64_t>(&of.content)) {
    return {{"intValue", std::to_string(*content)}};
  }
  if (const auto* content = std::get_if<bool>(&of.content)) return {{"boolValue", *content}};
  const auto number = std::get<double>(of.content);
  if (std::isnan(number)) return {{"doubleValue", "NaN"}};
  if (std::isinf(number)) return {{"doubleValue", number > 0 ? "Infinity" : "-Infinity"}};
  return {{"doubleValue", number}};
}

otlp_json attributes_of(const std::vector<span_attribute>& all) {
  auto list = otlp_json::array();
  for (const auto& one : all) list.push_back({{"key", text(one.name)}, {"value", value_of(one)}});
  return list;
}

otlp_json span_of(const mcp::span& one) {
  otlp_json made{{"traceId", one.place.trace_text()}, {"spanId", one.place.span_text()}};
  if (one.parent != 0) made["parentSpanId"] = trace_context{.span = one.parent}.span_text();
  made["name"] = text(one.name);
  made["kind"] = static_cast<int>(one.kind);
  made["startTimeUnixNano"] = std::to_string(one.start.count());
  made["endTimeUnixNano"] = std::to_string(one.end.count());
  if (!one.attributes.empty()) made["attributes"] = attributes_of(one.attributes);
  if (one.failed) {
    made["status"] = {{"code", status_error}};
    if (!one.message.empty()) made["status"]["message"] = text(one.message);
  }
  return made;
}

}  // namespace

std::string encode_otlp(std::span<const mcp::span> spans,
                        const std::vector<span_attribute>& resource) {
  auto list = otlp_json::array();
  for (const auto& one : spans) list.push_back(span_of(one));
  otlp_json scope{{"scope", {{"name", scope_name}}}, {"spans", std::move(list)}};
  otlp_json of_resource{{"resource", {{"attributes", attributes_of(resource)}}},
                        {"scopeSpans", otlp_json::array({std::move(scope)})}};
  const otlp_json request{{"resourceSpans", otlp_json::array({std::move(of_resource)})}};
  return request.dump(-1, ' ', false, otlp_json::error_handler_t::replace);
}

otlp_answer read_otlp_answer(std::string_view body) noexcept {
  otlp_answer result;
  try {
    const auto answer = nlohmann::json::parse(body, nullptr, false);
    if (!answer.is_object()) return result;
    const auto partial = answer.find("partialSuccess");
    if (partial == answer.end() || !partial->is_object()) return result;
    if (const auto count = partial->find("rejectedSpans"); count != partial->end()) {
      if (count->is_number_unsigned()) result.rejected = count->get<std::uint64_t>();
      if (count->is_string()) {
        const auto& digits = count->get_ref<const std::string&>();
        std::from_chars(digits.data(), digits.data() + digits.size(), result.rejected);
      }
    }
    if (const auto why = partial->find("errorMessage"); why != partial->end() && why->is_string()) {
      result.message = text(why->get_ref<const std::string&>());
    }
  } catch (...) {  // without memory for it nothing was said
  }
  return result;
}

}  // namespace mcp::telemetry
