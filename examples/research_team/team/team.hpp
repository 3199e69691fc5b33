#pragma once

#include "documents/shelf.hpp"
#include "team/states.hpp"

#include <memory>

namespace research {

/// The whole team:
///
///     load -> clarify -> planner -> executor, one for each sub-question -> critic -> writer
///                                      ^------ what is missing ------------'
///
/// `documents` is shared by the agents and by all runs.
mcp::graph<team_state> team_graph(std::shared_ptr<shelf> documents);

}  // namespace research
