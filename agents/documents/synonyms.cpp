#include "synonyms.hpp"

#include "stem.hpp"

#include <algorithm>
#include <array>

namespace mcp::documents {

namespace {

// Each row is a group, its words separated by blanks.
constexpr auto groups = std::to_array<std::string_view>({"limit restriction constraint bound cap",
                                                         "error failure fault",
                                                         "fast quick speed performance latency",
                                                         "delete remove prune drop",
                                                         "start begin launch spawn",
                                                         "stop end quit terminate cancel",
                                                         "store save persist storage",
                                                         "install setup",
                                                         "test check verify",
                                                         "machine host computer server",
                                                         "user people person",
                                                         "configuration config setting option",
                                                         "retry resend repeat",
                                                         "lock mutex",
                                                         "copy duplicate replicate",
                                                         "folder directory",
                                                         "documentation docs manual",
                                                         "crash kill die",
                                                         "restore recover resume",
                                                         "network networking socket",
                                                         "thread conversation",
                                                         "cost price overhead",
                                                         "secure security tls",
                                                         "parallel concurrent",
                                                         "order sequence",
                                                         "snapshot checkpoint",
                                                         "node machine member",
                                                         "worker member",
                                                         "message packet",
                                                         "price fee",
                                                         "car vehicle",
                                                         "doctor physician",
                                                         "illness disease"});

}  // namespace

std::vector<std::string> synonyms_of(std::string_view term) {
  std::vector<std::string> out;
  for (std::string_view group : groups) {
    std::vector<std::string> stems;
    while (!group.empty()) {
      const std::size_t end = std::min(group.find(' '), group.size());
      stems.push_back(stem(group.substr(0, end)));
      group.remove_prefix(std::min(end + 1, group.size()));
    }
    if (std::find(stems.begin(), stems.end(), term) == stems.end()) continue;
    for (std::string& other : stems) {
      const bool known = other == term || std::find(out.begin(), out.end(), other) != out.end();
      if (!known) out.push_back(std::move(other));
    }
  }
  return out;
}

}  // namespace mcp::documents
