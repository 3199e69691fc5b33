#pragma once

#include "mcp/error.hpp"

#include <cstddef>
#include <string>

namespace mcp::core {

/// Of the name of a thread: what an index of any store takes beside a namespace, and a key of a
/// memory store.
inline constexpr std::size_t max_thread_id_bytes = 1'024;

/// Throws `invalid_argument` for a name that a new thread may not have.
inline void check_thread_id(const std::string& thread_id) {
  if (thread_id.size() <= max_thread_id_bytes) return;
  throw error{errc::invalid_argument, "the name of a thread has " +
                                          std::to_string(thread_id.size()) + " bytes; at most " +
                                          std::to_string(max_thread_id_bytes) + " may be"};
}

}  // namespace mcp::core
