#pragma once

#include "documents/shelf.hpp"
#include "team/states.hpp"

#include <memory>

namespace research {

/// The graph of one executor: search (BM25) -> extract (quotations) -> grade (keep the best).
mcp::graph<executor_state> executor_graph(std::shared_ptr<shelf> documents);

}  // namespace research
