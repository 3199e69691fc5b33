#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::core {

inline constexpr std::size_t max_topics_of_agent = 64;
inline constexpr std::size_t max_topic_bytes = 512;

/// Who has subscribed to what. Not thread-safe.
class topic_table {
 public:
  explicit topic_table(std::size_t max_subscribers) : max_subscribers_(max_subscribers) {}

  /// Throws `invalid_argument` for a topic that is empty or too long, `too_large` at a bound.
  void check(const std::string& topic, const std::string& address) const;
  /// False when nothing changed.
  bool add(const std::string& topic, const std::string& address);
  bool remove(const std::string& topic, const std::string& address);
  /// Sorted.
  [[nodiscard]] std::vector<std::string> members(std::string_view topic) const;
  [[nodiscard]] std::size_t size(std::string_view topic) const;
  /// Sorted.
  [[nodiscard]] std::vector<std::string> topics_of(std::string_view address) const;

 private:
  using index = std::map<std::string, std::set<std::string, std::less<>>, std::less<>>;

  std::size_t max_subscribers_;
  index members_;
  index topics_;
};

}  // namespace mcp::core
