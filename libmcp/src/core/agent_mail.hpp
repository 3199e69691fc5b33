#pragma once

#include "mcp/agent_spec.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace mcp::core {

/// Who waits for the answer to a message. Safe from several threads.
class asker {
 public:
  virtual ~asker() = default;
  /// False once the answer, or a timeout or cancel, is there.
  [[nodiscard]] virtual bool wanted() const noexcept = 0;
  /// The first answer counts.
  virtual void answer(agent_outcome outcome) = 0;
};

/// The agents that wait for the answer to a message, the nearest first.
struct ask_chain {
  std::string address{};
  std::shared_ptr<const ask_chain> before{};
};

/// Most agents that wait for each other in a row.
inline constexpr std::size_t max_ask_chain = 64;

/// Throws when `address` waits for itself, or the chain is too long.
void check_ask_chain(const ask_chain* chain, const std::string& address);

/// A message on its way to an agent, with what is known of it.
struct agent_mail {
  std::string id{};
  std::string sender{};
  const agent_handler* handler = nullptr;  ///< of the agent's type
  std::string name{};                      ///< of the message, for a handler of all others
  std::shared_ptr<const value> content{};
  std::shared_ptr<asker> from{};  ///< null: a tell
  std::shared_ptr<const ask_chain> chain{};
  bool durable = false;
  bool logged = false;  ///< durable ones: it is in the store
  std::uint64_t number = 0;
  std::uint32_t slot = 0;
  /// Durable ones: is told when it is in the store, or why not.
  std::function<void(std::optional<mcp::error>)> accepted{};

  [[nodiscard]] bool wanted() const noexcept { return !from || from->wanted(); }
  [[nodiscard]] const std::string& title() const noexcept {
    return handler->name.empty() ? name : handler->name;
  }
};

}  // namespace mcp::core
