#pragma once

// The runtime's door to CAF: its headers, the messages of the cluster's actors, and what all these
// actors have in common. The messages never leave the process: between processes there are frames.

#include "mcp/error.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

namespace mcp::cluster {

/// From a door or a dialler to the owner of pipes: this pipe is open.
struct pipe_opened {
  caf::actor pipe;
  std::string address;  ///< of the far end
};
/// Between a pipe and its owner, both ways.
struct pipe_frames {
  caf::actor_id pipe = 0;
  std::vector<std::string> frames;
  std::string certified;  ///< from a pipe: whom the far end's certificate names; empty: none
};
/// From a pipe to its owner, the last message.
struct pipe_closed {
  caf::actor_id pipe = 0;
  std::string reason;
};
/// To a pipe or a door: send what is left, and end.
struct close_message {};
/// From a dialler: there is no connection, and why.
struct dial_failed {
  std::string reason;
};
/// To an actor: do this, on its thread of control.
struct task_posted {
  std::function<void()> run;
};
/// To an actor: look at the time.
struct clock_tick {};

}  // namespace mcp::cluster

CAF_BEGIN_TYPE_ID_BLOCK(mcp_cluster, caf::first_custom_type_id + 100)
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::pipe_opened))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::pipe_frames))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::pipe_closed))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::close_message))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::dial_failed))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::task_posted))
CAF_ADD_TYPE_ID(mcp_cluster, (mcp::cluster::clock_tick))
CAF_END_TYPE_ID_BLOCK(mcp_cluster)

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::pipe_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::pipe_frames)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::pipe_closed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::close_message)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::dial_failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::task_posted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(mcp::cluster::clock_tick)

namespace mcp::cluster {

/// An actor system for the members of a cluster, with CAF's networking.
struct cluster_actors_config : caf::actor_system_config {
  cluster_actors_config();
};

}  // namespace mcp::cluster
