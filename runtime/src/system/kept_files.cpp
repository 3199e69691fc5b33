#include "system/kept_files.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace mcp::cluster {
namespace {

constexpr const char* pins_label = "cluster_file";
constexpr const char* plugin_pins_label = "run_plugins";
constexpr const char* texts_label = "cluster_file_text";

/// Labels of a namespace have no points.
memory_namespace place_of(const char* what, std::string system) {
  std::replace(system.begin(), system.end(), '.', '_');
  return {what, std::move(system)};
}

memory_namespace pins_of(const std::string& system) {
  return place_of(pins_label, system);
}
memory_namespace texts_of(const std::string& system) {
  return place_of(texts_label, system);
}

}  // namespace

void kept_files::pin(const std::string& system, const std::string& thread,
                     const std::string& hash) {
  if (thread.size() > max_memory_key_bytes) return;
  store_->put(pins_of(system), thread, nlohmann::json{{"hash", hash}}.dump(), {.index = false});
}

std::optional<std::string> kept_files::pinned(const std::string& system,
                                              const std::string& thread) {
  if (thread.size() > max_memory_key_bytes) return std::nullopt;
  const auto found = store_->get(pins_of(system), thread);
  if (!found) return std::nullopt;
  return nlohmann::json::parse(found->value).value("hash", std::string{});
}

void kept_files::unpin(const std::string& thread) {
  if (thread.size() > max_memory_key_bytes) return;
  const memory_namespace_query systems{.prefix = {pins_label}, .limit = max_memory_limit};
  for (const auto& place : store_->list_namespaces(systems)) store_->remove(place, thread);
  store_->remove({plugin_pins_label}, thread);
}

std::map<std::string, std::string> kept_files::pin_plugins(
    const std::string& thread, const std::string& run,
    const std::map<std::string, std::string>& fresh) {
  if (thread.size() > max_memory_key_bytes) return fresh;
  const memory_namespace place{plugin_pins_label};
  auto pins = nlohmann::json::object();
  if (const auto found = store_->get(place, thread)) {
    auto kept = nlohmann::json::parse(found->value);
    if (kept.value("run", std::string{}) == run) pins = std::move(kept.at("plugins"));
  }
  const auto before = pins.size();
  for (const auto& [plugin, version] : fresh) pins.emplace(plugin, version);
  if (pins.size() > before) {
    store_->put(place, thread, nlohmann::json{{"run", run}, {"plugins", pins}}.dump(),
                {.index = false});
  }
  return pins;
}

void kept_files::keep(const std::string& system, const std::string& version,
                      const kept_file& file) {
  if (store_->get(texts_of(system), version)) return;
  store_->put(texts_of(system), version,
              nlohmann::json{{"path", file.path}, {"text", file.text}}.dump(), {.index = false});
}

std::size_t kept_files::keep_only(const std::set<std::string>& versions) {
  constexpr std::size_t page = 100;  // a text has up to 1 MB
  std::vector<std::pair<memory_namespace, std::string>> unused;
  memory_query query{.prefix = {texts_label}, .limit = page, .refresh = false};
  for (std::size_t found = page; found == page; query.offset += page) {
    const auto texts = store_->search(query);
    found = texts.size();
    for (const auto& one : texts) {
      if (!versions.contains(one.key)) unused.emplace_back(one.ns, one.key);
    }
  }
  for (const auto& [place, version] : unused) store_->remove(place, version);
  return unused.size();
}

std::optional<kept_file> kept_files::find(const std::string& system, const std::string& version) {
  const auto found = store_->get(texts_of(system), version);
  if (!found) return std::nullopt;
  const auto value = nlohmann::json::parse(found->value);
  return kept_file{value.at("path").get<std::string>(), value.at("text").get<std::string>()};
}

}  // namespace mcp::cluster
