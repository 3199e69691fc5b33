#pragma once

#include <cstdint>
#include <string>

// Where runs and memory are kept, as files and command lines say it: "memory", "none",
// "postgresql://…" or "postgres:KEYWORDS" (what libpq takes), else the path of a SQLite file.

namespace mcp::cluster {

enum class store_kind : std::uint8_t { none, memory, sqlite, postgres };

[[nodiscard]] store_kind kind_of_store(const std::string& place);
/// Whether runs in such a store outlive the process.
[[nodiscard]] bool is_durable(const std::string& place);
/// The place of a PostgreSQL database from what libpq takes, and back.
[[nodiscard]] std::string postgres_place(const std::string& target);
[[nodiscard]] std::string postgres_target(const std::string& place);
/// As it may be shown: without a password.
[[nodiscard]] std::string shown_store(const std::string& place);

}  // namespace mcp::cluster
