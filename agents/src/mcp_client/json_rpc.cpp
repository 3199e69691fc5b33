#include "mcp_client/json_rpc.hpp"

#include "mcp/cbor.hpp"

#include <algorithm>
#include <utility>

namespace mcp::protocol {
namespace {

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json envelope() {
  return {{"jsonrpc", "2.0"}};
}

error failure_of(const json& reason) {
  std::string text = "the server answered with an error";
  if (const auto code = reason.find("code"); code != reason.end() && code->is_number_integer()) {
    text += " " + dumped(*code);
  }
  if (const auto said = reason.find("message"); said != reason.end() && said->is_string()) {
    text += ": " + cut(said->get<std::string>(), rpc_limits::error_bytes);
  }
  return error{errc::tool_failed, text};
}

std::optional<rpc_id> own_id(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  const auto id = value.get<rpc_id>();
  return id > 0 ? std::optional{id} : std::nullopt;
}

bool is_id(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().size() <= rpc_limits::id_bytes;
  return value.is_number();
}

}  // namespace

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string{text};
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
  return std::string{text.substr(0, most)};
}

json parse_message(std::string_view text) {
  std::size_t values = 0;
  const json::parser_callback_t watch = [&values](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= static_cast<int>(max_depth)) {
      throw error{errc::too_large,
                  "the message is nested deeper than " + std::to_string(max_depth) + " levels"};
    }
    if ((opens || event == json::parse_event_t::value) && ++values > rpc_limits::values) {
      throw error{errc::too_large,
                  "the message holds more than " + std::to_string(rpc_limits::values) + " values"};
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::parse_error& failure) {
    throw error{errc::malformed_answer,
                "the message is not JSON (byte " + std::to_string(failure.byte) + ")"};
  } catch (const json::exception&) {
    throw error{errc::malformed_answer, "the message holds a number that is too large"};
  }
}

json_rpc::outgoing json_rpc::request(const std::string& method, json params, rpc_patience patience,
                                     bool wants_progress, io::steady_time now) {
  if (pending_.size() >= limits_.pending) {
    throw error{errc::overloaded, std::to_string(limits_.pending) +
                                      " requests wait for the server (max_pending_calls)"};
  }
  const auto id = last_id_ + 1;
  if (wants_progress) params["_meta"]["progressToken"] = id;
  auto message = envelope();
  message["id"] = id;
  message["method"] = method;
  if (!params.is_null()) message["params"] = std::move(params);
  auto text = dumped(message);
  if (text.size() > limits_.message_bytes) {
    throw error{errc::too_large, "the request \"" + method + "\" is longer than " +
                                     std::to_string(limits_.message_bytes) +
                                     " bytes (max_message_bytes)"};
  }
  last_id_ = id;
  const auto last = now + patience.total;
  pending_.emplace(id, wait{patience, std::min(now + patience.idle, last), last});
  return {id, std::move(text)};
}

std::string json_rpc::notification(const std::string& method, json params) {
  auto message = envelope();
  message["method"] = method;
  if (!params.is_null()) message["params"] = std::move(params);
  return dumped(message);
}

std::string json_rpc::answer(const json& id, json result) {
  auto message = envelope();
  message["id"] = id;
  message["result"] = std::move(result);
  return dumped(message);
}

std::string json_rpc::refusal(const json& id, int code, const std::string& why) {
  auto message = envelope();
  message["id"] = id;
  message["error"] = {{"code", code}, {"message", why}};
  return dumped(message);
}

std::string json_rpc::cancellation(rpc_id id, const std::string& why) {
  return notification("notifications/cancelled", {{"requestId", id}, {"reason", why}});
}

bool json_rpc::forget(rpc_id id) {
  return pending_.erase(id) > 0;
}

std::vector<rpc_event> json_rpc::receive(std::string_view text, io::steady_time now) {
  std::vector<rpc_event> out;
  json message;
  try {
    if (text.size() > limits_.message_bytes) throw error{errc::too_large, "the message"};
    message = parse_message(text);
  } catch (const error&) {
    ++counts_.malformed;
    return out;
  }
  if (!message.is_array()) {
    take(message, out, now);
  } else if (message.empty() || message.size() > rpc_limits::batch) {
    ++counts_.malformed;
  } else {
    for (auto& one : message) take(one, out, now);
  }
  return out;
}

void json_rpc::take(json& message, std::vector<rpc_event>& out, io::steady_time now) {
  const bool speaks = message.is_object() && message.value("jsonrpc", json{}) == "2.0";
  const bool known = speaks && (message.contains("method") ? take_call(message, out, now)
                                                           : take_answer(message, out));
  if (!known) ++counts_.malformed;
}

bool json_rpc::take_answer(json& message, std::vector<rpc_event>& out) {
  const auto result = message.find("result");
  const auto failure = message.find("error");
  const bool failed = failure != message.end();
  if (failed == (result != message.end()) || (failed && !failure->is_object())) return false;
  const auto given = message.find("id");
  if (given == message.end()) return false;
  const auto id = own_id(*given);
  if (!id || !forget(*id)) {
    ++counts_.unknown_answers;
  } else if (failed) {
    out.emplace_back(rpc_answered{*id, failure_of(*failure)});
  } else {
    out.emplace_back(rpc_answered{*id, std::move(*result)});
  }
  return true;
}

bool json_rpc::take_call(json& message, std::vector<rpc_event>& out, io::steady_time now) {
  if (!message["method"].is_string()) return false;
  auto method = message["method"].get<std::string>();
  if (method.size() > rpc_limits::method_bytes) return false;
  auto params = message.value("params", json::object());
  if (!params.is_object()) return false;
  const auto id = message.find("id");
  if (id != message.end()) {
    if (!is_id(*id)) return false;
    out.emplace_back(rpc_asked{std::move(*id), std::move(method), std::move(params)});
  } else if (method == "notifications/progress") {
    take_progress(params, out, now);
  } else {
    out.emplace_back(rpc_notified{std::move(method), std::move(params)});
  }
  return true;
}

void json_rpc::take_progress(const json& params, std::vector<rpc_event>& out, io::steady_time now) {
  const auto id = own_id(params.value("progressToken", json{}));
  const auto found = id ? pending_.find(*id) : pending_.end();
  const auto progress = params.value("progress", json{});
  if (found == pending_.end() || !progress.is_number()) return;
  found->second.due = std::min(now + found->second.patience.idle, found->second.last);
  rpc_progressed event{.id = *id, .progress = progress.get<double>()};
  if (const auto total = params.value("total", json{}); total.is_number()) {
    event.total = total.get<double>();
  }
  if (const auto said = params.value("message", json{}); said.is_string()) {
    event.message = cut(said.get<std::string>(), rpc_limits::error_bytes);
  }
  out.emplace_back(std::move(event));
}

std::vector<rpc_answered> json_rpc::expired(io::steady_time now) {
  std::vector<rpc_answered> out;
  for (auto one = pending_.begin(); one != pending_.end();) {
    if (one->second.due > now) {
      ++one;
      continue;
    }
    const bool all = one->second.due >= one->second.last;
    const auto& patience = one->second.patience;
    out.push_back(
        {one->first, error{errc::call_timeout,
                           "the server did not answer within " +
                               std::to_string((all ? patience.total : patience.idle).count()) +
                               (all ? " ms (total_call_timeout)" : " ms (call_timeout)")}});
    one = pending_.erase(one);
  }
  return out;
}

std::optional<io::steady_time> json_rpc::next_deadline() const {
  if (pending_.empty()) return std::nullopt;
  const auto first =
      std::min_element(pending_.begin(), pending_.end(),
                       [](const auto& a, const auto& b) { return a.second.due < b.second.due; });
  return first->second.due;
}

}  // namespace mcp::protocol
