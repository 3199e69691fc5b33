#pragma once

/// FastMCP, the whole library. The opt-in <mcp/json.hpp> and <mcp/testkit.hpp> are not part of it.
#include "mcp/agent.hpp"
#include "mcp/agent_node.hpp"
#include "mcp/checkpoint_store.hpp"
#include "mcp/executor.hpp"
#include "mcp/graph.hpp"
#include "mcp/graph_agent.hpp"
#include "mcp/log_fields.hpp"
#include "mcp/memory_store.hpp"
#include "mcp/metrics.hpp"
#include "mcp/tracing.hpp"
