#include "cluster_file/read_parts.hpp"
#include "cluster_file/store_place.hpp"

#include <algorithm>

namespace mcp::cluster {
namespace {

constexpr int max_attempts = 1000;
constexpr const char* store_advice = "write memory, none, {sqlite: FILE}, or {postgres: TARGET}";
constexpr std::int64_t most_entries = 1'000'000;

void read_timeout(map_reader& keys, const reading& with, node_description& to) {
  const auto* node = keys.any("timeout");
  if (node == nullptr) return;
  auto& timeout = to.options.timeout.emplace();
  if (!node->is(yaml_node::kind::map)) {
    timeout.run = keys.duration("timeout").value_or(timeout.run);
    return;
  }
  map_reader inner{*node, "`timeout`", with.problems};
  timeout.run = inner.duration("run").value_or(timeout.run);
  timeout.idle = inner.duration("idle").value_or(timeout.idle);
}

void read_breaker(map_reader& keys, const reading& with, node_description& to) {
  const auto* node = keys.map("breaker");
  if (node == nullptr) return;
  map_reader inner{*node, "`breaker`", with.problems};
  auto& breaker = to.options.breaker.emplace();
  breaker.name = inner.text_or("name", {});
  if (const auto most = inner.integer("failure_threshold", 1, most_entries)) {
    breaker.failure_threshold = static_cast<int>(*most);
  }
  breaker.cool_down = inner.duration("cool_down").value_or(breaker.cool_down);
  if (const auto probes = inner.integer("probes", 1, most_entries)) {
    breaker.probes = static_cast<int>(*probes);
  }
}

/// A SQLite file or a PostgreSQL database; empty when it says neither, or both.
std::string read_place(map_reader& keys, const reading& with) {
  const auto file = keys.text("sqlite").value_or("");
  const auto target = keys.text("postgres").value_or("");
  if (file.empty() == target.empty()) return {};
  return file.empty() ? postgres_place(target) : with.path(file);
}

}  // namespace

std::optional<retry_policy> read_retry(map_reader& keys, const reading& with) {
  const auto* node = keys.map("retry");
  if (node == nullptr) return std::nullopt;
  map_reader inner{*node, "`retry`", with.problems};
  retry_policy retry;
  if (const auto most = inner.integer("max_attempts", 1, max_attempts)) {
    retry.max_attempts = static_cast<int>(*most);
  }
  retry.initial_interval = inner.duration("initial_interval").value_or(retry.initial_interval);
  retry.max_interval = inner.duration("max_interval").value_or(retry.max_interval);
  retry.backoff_factor = inner.number("backoff_factor", 1, 100).value_or(retry.backoff_factor);
  retry.jitter = inner.boolean("jitter").value_or(retry.jitter);
  return retry;
}

std::optional<cache_policy> read_cache(map_reader& keys, const reading& with) {
  const auto* node = keys.any("cache");
  if (node == nullptr) return std::nullopt;
  cache_policy cache;
  if (!node->is(yaml_node::kind::map)) {
    if (!keys.boolean("cache").value_or(false)) return std::nullopt;
    return cache;
  }
  map_reader inner{*node, "`cache`", with.problems};
  cache.ttl = inner.duration("ttl").value_or(cache.ttl);
  if (const auto most = inner.integer("max_entries", 1, most_entries)) {
    cache.max_entries = static_cast<std::size_t>(*most);
  }
  return cache;
}

void read_node_options(map_reader& keys, const reading& with, node_description& to) {
  to.options.retry = read_retry(keys, with);
  to.options.cache = read_cache(keys, with);
  read_timeout(keys, with, to);
  read_breaker(keys, with, to);
  if (const auto most = keys.integer("concurrency", 0, most_entries)) {
    to.options.concurrency = static_cast<std::size_t>(*most);
  }
  to.fallback = keys.name("fallback");
  to.options.defer = keys.boolean("defer").value_or(false);
  to.destinations = keys.names("destinations");
}

limits_description read_limits(const yaml_node& node, const reading& with) {
  limits_description result;
  map_reader keys{node, "`limits`", with.problems};
  result.recursion_limit = keys.integer("recursion_limit", 1);
  result.deadline = keys.duration("deadline").value_or(result.deadline);
  if (const auto index = keys.word("durability", {"async", "sync", "exit"})) {
    result.durability = static_cast<durability>(*index);
  }
  if (const auto* budget = keys.map("budget")) {
    map_reader inner{*budget, "`budget`", with.problems};
    result.budget.steps = inner.integer("steps").value_or(0);
    result.budget.node_calls = inner.integer("node_calls").value_or(0);
    if (const auto most = inner.integer("tokens")) result.budget.counters["tokens"] = *most;
    constexpr double most_money = 1e9;
    if (const auto most = inner.number("cost", 0, most_money)) {
      result.budget.counters["cost_micros"] = static_cast<std::int64_t>(*most * 1e6);
    }
  }
  if (const auto* lua = keys.map("lua")) {
    map_reader inner{*lua, "`lua`", with.problems};
    constexpr std::int64_t most_instructions = 100'000'000'000;
    constexpr std::int64_t least_memory = 1 << 20;
    constexpr std::int64_t most_memory = 1LL << 30;
    result.lua.instructions =
        inner.integer("instructions", 1000, most_instructions).value_or(result.lua.instructions);
    if (const auto bytes = inner.integer("memory", least_memory, most_memory)) {
      result.lua.memory = static_cast<std::size_t>(*bytes);
    }
    result.lua.time = inner.duration("time").value_or(result.lua.time);
  }
  return result;
}

store_description read_store(const yaml_node& node, const reading& with) {
  if (node.is(yaml_node::kind::scalar)) {
    if (node.text == "memory" || node.text == "none") return {node.text, {}};
    with.problems.error(
        node.at,
        "the store \"" + node.text + "\" is not known" + nearest(node.text, {"memory", "none"}),
        store_advice);
    return {"none", {}};
  }
  map_reader keys{node, "`store`", with.problems};
  store_description result{read_place(keys, with), keys.duration("keep_threads")};
  if (result.keep_threads && result.keep_threads->count() == 0) {
    keys.wrong("keep_threads", "is 0", "leave it out to keep threads for ever");
  }
  if (result.place.empty()) {
    with.problems.error(node.at, "`store` names no place", store_advice);
    result.place = "none";
  }
  return result;
}

memory_description read_memory(const yaml_node& node, const reading& with) {
  memory_description result;
  if (node.is(yaml_node::kind::scalar) && node.text == "memory") {
    result.store = node.text;
    return result;
  }
  map_reader keys{node, "`memory`", with.problems};
  result.store = read_place(keys, with);
  if (const auto label = keys.name("namespace")) {
    result.label = label->name;
    check_name(label->name, label->at, "a namespace", with.problems);
  }
  result.ttl = keys.duration("ttl");
  if (result.ttl && result.ttl->count() == 0) keys.wrong("ttl", "is 0", "leave it out");
  result.embeddings = read_embeddings(keys, with);
  return result;
}

std::optional<compiled_script> read_migrate(const yaml_node& node, const reading& with) {
  constexpr const char* advice = "write {lua: \"... return state\"}";
  map_reader keys{node, "`migrate`", with.problems};
  const auto* lua = keys.any("lua");
  if (lua == nullptr) {
    with.problems.error(node.at, "`migrate` has no `lua`", advice);
    return std::nullopt;
  }
  auto script = with.script(*lua);
  if (script && script->uses_memory()) {
    with.problems.error(lua->at, "`migrate` has no `memory`", "use `state` and `from` only");
  }
  return script;
}

std::vector<std::string> cluster_description::memory_root() const {
  auto label = memory.label.empty() ? name : memory.label;
  std::replace(label.begin(), label.end(), '.', '_');  // no label of a namespace has a dot
  return {"system", std::move(label)};
}

std::string cluster_description::notes_root() const {
  const auto root = memory_root();
  return root.front() + ":" + root.back() + ":notes";
}

}  // namespace mcp::cluster
