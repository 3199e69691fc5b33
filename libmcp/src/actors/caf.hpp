#pragma once

// The one door to CAF: all of its headers, our message types, and what every actor of ours has in
// common. Messages hold pointers and never leave the process.

#include "core/task.hpp"
#include "mcp/error.hpp"

#include <memory>
#include <utility>

#include <caf/all.hpp>

namespace mcp::actors {

class node_table;

/// To a node's actor: run this attempt.
struct execute_message {
  core::task_pointer task;
};
/// To a run's actor: the attempt ended; see its outcome.
struct done_message {
  core::task_pointer task;
};
/// To a run's actor: look at the time.
struct tick_message {
  std::uint64_t wish = 0;
};
/// To a run's actor: what was written up to here is durable, or why not.
struct written_message {
  std::shared_ptr<mcp::error> failed;
};
/// To a run's actor: cancel, drain, hand over or stop.
struct control_message {
  enum class kind : std::uint8_t { cancel, drain, hand_over, stop } what = kind::cancel;
  std::shared_ptr<mcp::error> reason;
};
/// To a run's actor: an actor of a node died and was replaced.
struct node_died_message {
  node_index node = 0;
  std::uint32_t replica = 0;
  std::shared_ptr<const node_table> table;
};
/// To the store's writer: there is something to commit.
struct flush_message {};
/// To a node's gate: a place is free again.
struct vacated_message {};
/// To an agent's actor: there is something to do.
struct visit_message {};

}  // namespace mcp::actors

CAF_BEGIN_TYPE_ID_BLOCK(mcp_actors, caf::first_custom_type_id)
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::execute_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::done_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::tick_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::written_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::control_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::node_died_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::flush_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::vacated_message))
CAF_ADD_TYPE_ID(mcp_actors, (mcp::actors::visit_message))
CAF_END_TYPE_ID_BLOCK(mcp_actors)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::execute_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::done_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::tick_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::written_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::control_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::node_died_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::flush_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::vacated_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::actors::visit_message)

namespace mcp::actors {

/// Base of all actors: nothing of CAF's defaults prints or lets an exception through.
class base_actor : public caf::event_based_actor {
 public:
  explicit base_actor(caf::actor_config& config) : caf::event_based_actor(config) {
    set_default_handler(caf::drop);
    set_down_handler([](caf::down_msg&) {});
    set_exception_handler(
        [](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
  }
};

}  // namespace mcp::actors
