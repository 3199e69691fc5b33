#pragma once

#include "mcp/value.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

/// Where the states of agents are, so that they travel only to a worker that does not have them. A
/// state is named by the task after which its worker kept it.
namespace mcp::cluster {

/// The server's side: which worker handled an agent's last message. Knows the last of them; the
/// oldest go. Not thread-safe.
class agent_homes {
 public:
  struct home {
    std::uint64_t member = 0;  ///< 0: none is known
    std::uint64_t state = 0;
    std::weak_ptr<const std::string> bytes{};  ///< what the state was then
  };

  explicit agent_homes(std::size_t most = 100'000) : most_(most) {}

  /// The worker has handled a message of the agent, and kept its state.
  void handled(const std::string& address, home where);
  [[nodiscard]] home find(const std::string& address) const;
  void forget(const std::string& address);
  [[nodiscard]] std::size_t size() const noexcept { return by_address_.size(); }

 private:
  struct entry {
    home where{};
    std::list<std::string>::iterator place{};
  };
  std::size_t most_;
  std::list<std::string> order_;  ///< addresses, the latest first
  std::unordered_map<std::string, entry> by_address_;
};

/// A state at a worker.
struct kept_agent_state {
  std::shared_ptr<const value> content{};  ///< null: there is none
  std::size_t bytes = 0;                   ///< of its CBOR
};

/// The worker's side. Keeps the last of the states, within its limits. Not thread-safe.
class agent_shelf {
 public:
  struct limits {
    std::size_t agents = 10'000;
    std::size_t bytes = std::size_t{64} << 20U;  ///< of their CBOR
  };

  explicit agent_shelf(limits most) : most_(most) {}
  agent_shelf() : agent_shelf(limits{}) {}

  void keep(const std::string& address, std::uint64_t task, kept_agent_state state);
  [[nodiscard]] kept_agent_state find(const std::string& address, std::uint64_t task) const;
  void clear();
  [[nodiscard]] std::size_t size() const noexcept { return by_address_.size(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct entry {
    std::uint64_t task = 0;
    kept_agent_state state{};
    std::list<std::string>::iterator place{};
  };
  void drop(const std::string& address);

  limits most_;
  std::size_t bytes_ = 0;
  std::list<std::string> order_;  ///< addresses, the latest first
  std::unordered_map<std::string, entry> by_address_;
};

}  // namespace mcp::cluster
