#pragma once

#include "actors/crew.hpp"

namespace mcp::actors {

/// Spawns an actor that runs tasks of one node: a plain node's works itself; the gate of a blocking
/// or asynchronous node hands the work on, at most `concurrency` at once. `station` outlives the
/// actor.
[[nodiscard]] caf::actor spawn_node(caf::actor_system& system,
                                    std::shared_ptr<node_station> station);

}  // namespace mcp::actors
