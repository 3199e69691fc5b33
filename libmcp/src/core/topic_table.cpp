#include "core/topic_table.hpp"

#include "mcp/error.hpp"

namespace mcp::core {
namespace {

template <class Index>
std::vector<std::string> list(const Index& index, std::string_view key) {
  const auto found = index.find(key);
  if (found == index.end()) return {};
  return {found->second.begin(), found->second.end()};
}

template <class Index>
void erase(Index& index, const std::string& key, const std::string& entry) {
  const auto found = index.find(key);
  if (found == index.end()) return;
  found->second.erase(entry);
  if (found->second.empty()) index.erase(found);
}

}  // namespace

void topic_table::check(const std::string& topic, const std::string& address) const {
  if (topic.empty() || topic.size() > max_topic_bytes) {
    throw error{errc::invalid_argument,
                "a topic has 1 to " + std::to_string(max_topic_bytes) + " bytes"};
  }
  const auto own = topics_.find(address);
  if (own != topics_.end()) {
    if (own->second.contains(topic)) return;
    if (own->second.size() >= max_topics_of_agent) {
      throw error{errc::too_large, "agent \"" + address + "\" has subscribed to " +
                                       std::to_string(max_topics_of_agent) + " topics"};
    }
  }
  if (size(topic) >= max_subscribers_) {
    throw error{errc::too_large, "topic \"" + topic + "\" has " + std::to_string(max_subscribers_) +
                                     " subscribers (agent_system_options::max_subscribers)"};
  }
}

bool topic_table::add(const std::string& topic, const std::string& address) {
  topics_[address].insert(topic);
  return members_[topic].insert(address).second;
}

bool topic_table::remove(const std::string& topic, const std::string& address) {
  const auto found = members_.find(topic);
  if (found == members_.end() || !found->second.contains(address)) return false;
  erase(members_, topic, address);
  erase(topics_, address, topic);
  return true;
}

std::vector<std::string> topic_table::members(std::string_view topic) const {
  return list(members_, topic);
}

std::size_t topic_table::size(std::string_view topic) const {
  const auto found = members_.find(topic);
  return found == members_.end() ? 0 : found->second.size();
}

std::vector<std::string> topic_table::topics_of(std::string_view address) const {
  return list(topics_, address);
}

}  // namespace mcp::core
