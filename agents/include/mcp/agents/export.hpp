#pragma once

/// What the shared library `mcp_agents` shows; everything else is hidden.
#define MCP_AGENTS_EXPORT __attribute__((visibility("default")))
