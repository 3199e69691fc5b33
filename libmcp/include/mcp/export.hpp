#pragma once

/// Marks what the shared library shows to programs; everything else in it is hidden.
#define MCP_EXPORT __attribute__((visibility("default")))
