#include "plugins/plugin_rules.hpp"

#include <cstring>
#include <set>
#include <string_view>

namespace mcp::cluster {
namespace {

constexpr std::size_t longest_name = 64;
constexpr std::string_view digits = "0123456789";
constexpr std::string_view name_letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789-";

/// Three numbers with points between, perhaps with more behind "-" or "+".
bool is_version(std::string_view text) {
  if (text.size() > longest_name) return false;
  for (int part = 0; part < 3; ++part) {
    const auto end = std::min(text.find_first_not_of(digits), text.size());
    if (end == 0) return false;
    text.remove_prefix(end);
    if (part == 2) break;
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
  }
  return text.empty() || ((text.front() == '-' || text.front() == '+') && text.size() > 1);
}

/// What stands in the file, made harmless: it may be anything.
std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 80;
  std::string made = "\"";
  for (const char c : text.substr(0, most)) made += c >= ' ' && c <= '~' ? c : '?';
  return made + (text.size() > most ? "...\"" : "\"");
}

void check_description(const std::string& what, std::string_view text) {
  if (text.size() > max_description_bytes) {
    refuse_plugin(what + " has a description of more than " + std::to_string(max_description_bytes) +
           " bytes");
  }
}

/// The rules that names of one kind share.
class names_of_kind {
 public:
  explicit names_of_kind(std::string kind) : kind_(std::move(kind)) {}

  void add(const std::string& name, const std::string& description, bool complete) {
    const auto what = "the " + kind_ + " " + in_quotes(name);
    if (!is_plugin_name(name)) {
      refuse_plugin(what + " has no usable name: write 1 to 64 letters, digits, '_' and '-'");
    }
    if (!seen_.insert(name).second) refuse_plugin(what + " is offered twice");
    if (seen_.size() > max_offers) {
      refuse_plugin("it offers more than " + std::to_string(max_offers) + " things of the kind " + kind_);
    }
    if (!complete) refuse_plugin(what + " has no function");
    check_description(what, description);
  }

 private:
  std::string kind_;
  std::set<std::string> seen_;
};

template <class Offers>
void check_all(const char* kind, const Offers& offers) {
  names_of_kind names{kind};
  for (const auto& one : offers) names.add(one.name, one.description, one.make != nullptr);
}

void check_agent(const agent_spec& spec) {
  const auto what = "the agent type " + in_quotes(spec.type);
  if (spec.state == nullptr) refuse_plugin(what + " has no state");
  if (spec.handlers.empty()) refuse_plugin(what + " handles no message");
  std::set<std::string> messages;
  for (const auto& one : spec.handlers) {
    if (one.name.empty() || one.message == nullptr || !one.run) {
      refuse_plugin(what + " has a handler that is not complete");
    }
    if (!messages.insert(one.name).second) {
      refuse_plugin(what + " has two handlers for the message " + in_quotes(one.name));
    }
  }
}

}  // namespace

void refuse_plugin(const std::string& why) {
  throw error{errc::invalid_plugin, why};
}

bool is_plugin_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= longest_name &&
         name.find_first_not_of(name_letters) == std::string_view::npos;
}

void check_manifest(const plugin_manifest& manifest) {
  if (std::memcmp(static_cast<const char*>(manifest.magic), "FASTMCP", sizeof manifest.magic) != 0) {
    refuse_plugin("its manifest does not begin with FASTMCP: it is no plugin of FastMCP");
  }
  if (manifest.abi != plugin_abi) {
    refuse_plugin("it is built for plugin ABI " + std::to_string(manifest.abi) + ", and this program has " +
           std::to_string(plugin_abi) + ": build it again with the FastMCP of this program");
  }
  const auto name = text_or_none(manifest.name);
  if (!is_plugin_name(name)) {
    refuse_plugin("its manifest has the name " + in_quotes(name) +
           ": write 1 to 64 letters, digits, '_' and '-'");
  }
  const auto version = text_or_none(manifest.version);
  if (!is_version(version)) {
    refuse_plugin("its manifest has the version " + in_quotes(version) + ": write one like 1.2.3");
  }
  check_description("its manifest", text_or_none(manifest.description));
  if (manifest.offer == nullptr) refuse_plugin("its manifest has no function");
}

void check_offers(const plugin& offers) {
  check_all("node", offers.nodes());
  check_all("tool", offers.tools());
  check_all("model", offers.models());
  names_of_kind reducers{"reducer"};
  for (const auto& one : offers.reducers()) {
    reducers.add(one.name, one.description, one.reduce != nullptr);
  }
  names_of_kind agents{"agent type"};
  for (const auto& one : offers.agents()) {
    agents.add(one.spec.type, one.description, true);
    check_agent(one.spec);
  }
}

}  // namespace mcp::cluster
