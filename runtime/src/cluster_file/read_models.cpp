#include "cluster_file/read_parts.hpp"

#include <cmath>

namespace mcp::cluster {
namespace {

constexpr std::size_t max_models = 1000;
constexpr double most_money = 1e9;

std::optional<std::int64_t> micros(map_reader& keys, std::string_view key) {
  const auto price = keys.number(key, 0, most_money);
  if (!price) return std::nullopt;
  return std::llround(*price * 1e6);
}

void read_timeouts(const yaml_node& node, const reading& with, model_timeouts& to) {
  map_reader keys{node, "`timeouts`", with.problems};
  if (const auto time = keys.duration("connect")) to.connect = *time;
  if (const auto time = keys.duration("first_byte")) to.first_byte = *time;
  if (const auto time = keys.duration("idle")) to.idle = *time;
  if (const auto time = keys.duration("total")) to.total = *time;
}

void read_limit(const yaml_node& node, const reading& with, model_description& to) {
  map_reader keys{node, "`limit`", with.problems};
  auto& limit = to.limit.emplace();
  limit.requests_per_minute = keys.integer("requests_per_minute").value_or(0);
  limit.tokens_per_minute = keys.integer("tokens_per_minute").value_or(0);
  limit.in_flight = static_cast<std::size_t>(keys.integer("in_flight").value_or(0));
  constexpr std::int64_t longest_queue = 1'000'000;
  if (const auto queue = keys.integer("queue", 1, longest_queue)) {
    limit.queue = static_cast<std::size_t>(*queue);
  }
}

void read_model_retry(const yaml_node& node, const reading& with, model_description& to) {
  map_reader keys{node, "`retry`", with.problems};
  auto& retry = to.retry.emplace();
  if (const auto most = keys.integer("max_attempts", 1, 100)) {
    retry.max_attempts = static_cast<int>(*most);
  }
  if (const auto time = keys.duration("initial_interval")) retry.initial_interval = *time;
  if (const auto time = keys.duration("max_interval")) retry.max_interval = *time;
  if (const auto time = keys.duration("max_retry_after")) retry.max_retry_after = *time;
  retry.backoff_factor = keys.number("backoff_factor", 1, 100).value_or(retry.backoff_factor);
}

void read_price(const yaml_node& node, const reading& with, model_description& to) {
  map_reader keys{node, "`price`", with.problems};
  auto& price = to.price.emplace();
  price.input = micros(keys, "input").value_or(0);
  price.output = micros(keys, "output").value_or(0);
  price.cached_input = micros(keys, "cached_input");
}

void read_endpoint(map_reader& keys, const reading& with, model_description& to) {
  to.model = keys.text_or("model", {});
  to.endpoint.base_url = keys.text_or("base_url", {});
  to.endpoint.api_key_env = keys.text_or("api_key_env", {});
  if (const auto file = keys.text("api_key_file")) to.endpoint.api_key_file = with.path(*file);
  if (const auto file = keys.text("ca_file")) to.endpoint.ca_file = with.path(*file);
  if (const auto* headers = keys.map("headers")) {
    for (const auto& entry : headers->entries) {
      to.endpoint.headers.emplace_back(entry.key, entry.value.text);
    }
  }
  if (const auto* times = keys.map("timeouts")) read_timeouts(*times, with, to.endpoint.timeouts);
  const auto network =
      to.provider == model_provider::openai || to.provider == model_provider::anthropic;
  if (network && to.model.empty()) {
    with.problems.error(to.at, "the model \"" + to.name + "\" does not say which `model` to ask",
                        "add `model: NAME` with the provider's name of it");
  }
}

void read_request(map_reader& keys, chat_request& to) {
  constexpr double hottest = 10;
  to.temperature = keys.number("temperature", 0, hottest);
  to.seed = keys.integer("seed");
  to.max_tokens = keys.integer("max_tokens", 1);
  for (auto& stop : keys.names("stop")) to.stop.push_back(std::move(stop.name));
}

model_description read_model(const yaml_node::entry& entry, const reading& with) {
  model_description result;
  result.name = entry.key;
  result.at = entry.at;
  map_reader keys{entry.value, "the model \"" + entry.key + "\"", with.problems};
  if (const auto* named = entry.value.find("provider");
      named != nullptr && named->text.find('.') != std::string::npos) {
    result.provider = model_provider::plugin;
    result.type = keys.name("provider").value_or(placed_name{});
    result.options = keys.value("options");
  } else if (const auto index =
                 keys.word("provider", {"openai", "anthropic", "scripted", "replay"})) {
    result.provider = static_cast<model_provider>(*index);
  } else if (!keys.has("provider")) {
    with.problems.error(entry.at, "the model \"" + entry.key + "\" has no `provider`",
                        "write openai, anthropic, scripted, replay, or PLUGIN.NAME");
  }
  read_endpoint(keys, with, result);
  read_request(keys, result.request);
  if (const auto* rules = keys.list("rules")) result.rules = read_rules(*rules, with);
  if (const auto file = keys.text("file")) result.replay_file = with.path(*file);
  if (const auto file = keys.text("record")) result.record_file = with.path(*file);
  for (auto& variable : keys.names("redact_env")) {
    result.redact_env.push_back(std::move(variable.name));
  }
  if (result.provider == model_provider::replay && result.replay_file.empty()) {
    with.problems.error(entry.at, "the model \"" + entry.key + "\" has no `file` to replay",
                        "add `file: NAME` with a recorded cassette");
  }
  if (const auto* limit = keys.map("limit")) read_limit(*limit, with, result);
  const auto network =
      result.provider == model_provider::openai || result.provider == model_provider::anthropic;
  if (network) result.retry.emplace();
  if (const auto* retry = keys.map("retry")) read_model_retry(*retry, with, result);
  if (const auto* price = keys.map("price")) read_price(*price, with, result);
  result.fallbacks = keys.names("fallbacks");
  return result;
}

}  // namespace

void read_served(map_reader& keys, const reading& with, model_description& to) {
  read_endpoint(keys, with, to);
  if (const auto* limit = keys.map("limit")) read_limit(*limit, with, to);
  if (const auto* retry = keys.map("retry")) read_model_retry(*retry, with, to);
  if (const auto* price = keys.map("price")) read_price(*price, with, to);
}

std::vector<model_description> read_models(const yaml_node& node, const reading& with) {
  std::vector<model_description> result;
  for (const auto& entry : node.entries) {
    if (result.size() == max_models) {
      with.problems.error(entry.at, "a file has at most " + std::to_string(max_models) + " models");
      break;
    }
    if (check_name(entry.key, entry.at, "a model", with.problems)) {
      result.push_back(read_model(entry, with));
    }
  }
  return result;
}

}  // namespace mcp::cluster
