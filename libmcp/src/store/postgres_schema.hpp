#pragma once

#include "store/postgres_connection.hpp"

#include <string>

namespace mcp::store {

/// The newest format of the tables that this version reads and writes.
inline constexpr std::int64_t postgres_format = 1;

// The errors that our functions in the database raise; the detail is what the rule was broken by.
inline constexpr const char* state_id_order = "MC001";  ///< detail: the head
inline constexpr const char* state_no_parent = "MC002";
inline constexpr const char* state_no_checkpoint = "MC003";
inline constexpr const char* state_other_thread = "MC004";  ///< detail: the stored thread
inline constexpr const char* state_no_thread = "MC005";
inline constexpr const char* state_thread_exists = "MC006";
inline constexpr const char* state_batch_there = "MC007";
inline constexpr const char* state_lease_lost = "MC009";

/// Throws `invalid_argument` unless it is a plain SQL name.
void check_postgres_schema(const std::string& schema);
/// Makes the tables where there are none. Throws `newer_format`.
void make_postgres_schema(postgres_connection& connection, const std::string& schema);
/// Throws `store_failed` where there are no tables, and `newer_format`.
void require_postgres_schema(postgres_connection& connection, const std::string& schema);

}  // namespace mcp::store
