#pragma once

#include "actors/runtime.hpp"
#include "actors/store_writer.hpp"
#include "core/agent_record.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::actors {

/// One agent as the store has it, and what its next writes refer to.
struct agent_entry {
  checkpoint_id anchor{};              ///< none: nothing of it is stored yet
  std::optional<run_record> listed{};  ///< what is known of it without loading it
};

/// An agent read from the store.
struct stored_agent {
  agent_entry entry{};
  value state{};
  std::uint64_t handled = 0;
  std::vector<core::agent_mail> mails{};  ///< durable ones that were not handled, oldest first
};

/// The store of an agent system, seen as agents; docs/agents-as-actors.md, "What is stored". The
/// functions that make writes are for one agent at a time; the others are safe from several
/// threads.
class agent_log {
 public:
  /// Throws `thread_busy` when another system of this name uses the store.
  agent_log(runtime& owner, std::shared_ptr<checkpoint_store> store, std::string name);
  ~agent_log();
  agent_log(const agent_log&) = delete;
  agent_log& operator=(const agent_log&) = delete;

  [[nodiscard]] bool blocking() const { return writer_->store()->blocking(); }
  [[nodiscard]] store_writer& writer() noexcept { return *writer_.get(); }

  /// May wait for the store. `fresh`: the state of a new agent. Throws what a store throws and
  /// `unknown_message`, `invalid_state`, `newer_format`.
  [[nodiscard]] stored_agent load(const agent_spec& spec, const std::string& address, value fresh);

  struct listed_agent {
    std::string address{};
    std::vector<std::string> topics{};
    bool waiting = false;  ///< durable messages wait for it
  };
  /// The agents of a type that have topics or durable messages.
  [[nodiscard]] std::vector<listed_agent> listed(const std::string& type);

  // Writes of one agent, to be handed to the writer in this order.
  void add_state(std::vector<store_write>& to, agent_entry& entry, const std::string& address,
                 std::string state);
  void add_mail(std::vector<store_write>& to, agent_entry& entry, const std::string& address,
                const core::log_order& order);
  /// Adds nothing when the store knows already.
  void add_listing(std::vector<store_write>& to, agent_entry& entry, const std::string& address,
                   const std::vector<std::string>& topics, bool waiting);

  /// Whether durable messages wait for an agent; may wait for the store.
  [[nodiscard]] bool waits(const std::string& address);

  /// Stops of trees by earlier systems of this name; may wait for the store.
  [[nodiscard]] std::vector<core::stop_record> stops(agent_entry& entry);
  void add_stop(std::vector<store_write>& to, agent_entry& entry, const core::stop_record& stop);

 private:
  [[nodiscard]] std::string thread_of(std::string_view address) const;
  void add_anchor(std::vector<store_write>& to, agent_entry& entry, const std::string& address);

  runtime& owner_;
  std::string name_;
  std::string claim_;
  writer_lease writer_;
};

}  // namespace mcp::actors
