#include "store/postgres_claims.hpp"

#include <utility>

namespace mcp::store {

// Neither statement needs the fence: a claim refers to the server's row, and both may be said
// twice.

postgres_claims::postgres_claims(const postgres_target& where, postgres_lease& lease)
    : lease_(lease), session_(where), thread_([this] { give_back_all(); }) {}

postgres_claims::~postgres_claims() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool postgres_claims::take(const std::string& thread_id) {
  static constexpr postgres_statement claim{
      "claim",
      "INSERT INTO claims(thread, server) VALUES($1, $2) ON CONFLICT (thread) DO UPDATE "
      "SET server = $2 WHERE claims.server = $2 RETURNING 1::bigint"};
  constexpr const char* no_such_row = "23503";  // of a foreign key
  if (lease_.lost()) throw lease_.loss();
  const std::lock_guard session_lock{session_mutex_};
  {
    const std::lock_guard lock{mutex_};
    over_.erase(thread_id);
  }
  return session_.use(
      [&](postgres_connection& connection) {
        return connection.query(claim, thread_id, lease_.server()).rows() > 0;
      },
      [&](const postgres_failure& why) {
        if (why.state != no_such_row) return;
        lease_.lose();
        throw lease_.loss();
      });
}

void postgres_claims::give_back(const std::string& thread_id) noexcept {
  {
    const std::lock_guard lock{mutex_};
    over_.insert(thread_id);
  }
  changed_.notify_one();
}

void postgres_claims::give_back_all() {
  static constexpr postgres_statement release{
      "release", "DELETE FROM claims WHERE thread = $1 AND server = $2"};
  // Nobody waits for it; what a crash of the database forgets stays claimed until this server ends.
  static constexpr postgres_statement no_hurry{"no_hurry", "SET LOCAL synchronous_commit TO off"};
  const auto wait = [this] {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return ending_ || !over_.empty(); });
    return !ending_;  // with the server's row all claims go
  };
  while (wait()) {
    const std::lock_guard session_lock{session_mutex_};
    std::unordered_set<std::string> now;
    {
      const std::lock_guard lock{mutex_};
      now.swap(over_);
    }
    if (lease_.lost()) continue;
    try {
      session_.use([&](postgres_connection& connection) {
        connection.prepare(no_hurry);
        connection.prepare(release);
        connection.begin_pipeline();
        connection.send(no_hurry);
        for (const auto& one : now) connection.send(release, one, lease_.server());
        connection.end_pipeline();
      });
    } catch (...) {  // they stay claimed until this server ends
    }
  }
}

}  // namespace mcp::store
