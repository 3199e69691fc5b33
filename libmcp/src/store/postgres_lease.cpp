#include "store/postgres_lease.hpp"

#include "store/postgres_schema.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace mcp::store {
namespace {

lease_rules::instant steady_now() {
  return std::chrono::duration_cast<lease_rules::instant>(
      std::chrono::steady_clock::now().time_since_epoch());
}

constexpr postgres_statement enter{
    "enter",
    "WITH me AS (INSERT INTO servers(name, until) "
    "VALUES($1, clock_timestamp() + $2::bigint * interval '1 millisecond') RETURNING id), "
    "mine AS (INSERT INTO writers SELECT id, 0 FROM me) SELECT id FROM me"};
constexpr postgres_statement renew{
    "renew",
    "UPDATE servers SET until = clock_timestamp() + $2::bigint * interval '1 millisecond' "
    "WHERE id = $1"
    " RETURNING id"};
constexpr postgres_statement expired{
    "expired", "SELECT id FROM servers WHERE until < clock_timestamp() AND id <> $1"};
constexpr postgres_statement end_session{
    "end_session",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 "
    "AND datname = current_database() AND usename = current_user"};
constexpr postgres_statement remove{
    "remove_server",
    "DELETE FROM servers WHERE id = $1 AND until < clock_timestamp() RETURNING id"};
constexpr postgres_statement leave_all{"leave", "DELETE FROM servers WHERE id = $1"};
constexpr postgres_statement tell{"tell", "SELECT pg_notify('fastmcp_freed', current_schema())"};
constexpr postgres_statement free_runs{
    "free_runs",
    "SELECT 1::bigint FROM runs r JOIN threads t ON t.id = r.thread WHERE r.status <= 1 "
    "AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.thread = t.name) LIMIT 1"};

}  // namespace

/// Those who want to hear. Apart, because they may let go after the lease is gone.
struct postgres_lease::watchers {
  std::mutex mutex{};  ///< held while they are told: who let go is not called any more
  std::list<std::function<void(store_news)>> all{};

  void tell(store_news news) {
    const std::lock_guard lock{mutex};
    for (const auto& one : all) one(news);
  }
};

postgres_lease::postgres_lease(const postgres_target& where, const std::string& name,
                               std::chrono::milliseconds lease)
    : where_(where),
      lease_(lease),
      rules_(lease),
      renewed_(steady_now().count()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      watchers_(std::make_shared<watchers>()) {
  auto once = where_;
  once.patience = {};  // who starts wants to know at once that there is no database
  postgres_session{once}.use([&](postgres_connection& connection) {
    make_postgres_schema(connection, where_.schema);
    server_ = connection.query(enter, name, std::int64_t{lease_.count()}).integer(0, 0);
  });
  thread_ = std::thread{[this] { keep(); }};
}

postgres_lease::~postgres_lease() {
  ending_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
  thread_.join();
  ::close(wake_);
}

std::string postgres_lease::session_of(std::int64_t server) {
  return "fastmcp server " + std::to_string(server);
}

void postgres_lease::lose() {
  if (!lost_.exchange(true, std::memory_order_acq_rel)) watchers_->tell(store_news::lost);
}

error postgres_lease::loss() const {
  return error{errc::lease_lost,
               "PostgreSQL (" + where_.place +
                   "): this process was taken for dead, and others have its threads"};
}

std::string postgres_lease::trouble() const {
  const auto since = steady_now() - lease_rules::instant{renewed_.load(std::memory_order_relaxed)};
  if (since <= lease_ / 2) return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since).count();
  return "PostgreSQL (" + where_.place + ") has not answered for " + std::to_string(seconds) + " s";
}

std::shared_ptr<void> postgres_lease::watch(std::function<void(store_news)> told) {
  const std::lock_guard lock{watchers_->mutex};
  if (lost()) told(store_news::lost);
  const auto at = watchers_->all.insert(watchers_->all.end(), std::move(told));
  return {static_cast<void*>(this), [kept = watchers_, at](void*) {
            const std::lock_guard inner{kept->mutex};
            kept->all.erase(at);
          }};
}

/// The thread. It has a connection of its own, so that no long batch holds up a renewal.
void postgres_lease::keep() {
  std::optional<postgres_connection> connection;
  while (!ending_.load(std::memory_order_acquire) && !lost()) {
    try {
      if (!connection) {
        connection.emplace(where_.target, where_.schema);
        connection->execute("LISTEN fastmcp_freed; SET lock_timeout TO " +
                            std::to_string(rules_.renew_every().count()));
      }
      round(*connection);
    } catch (const postgres_failure&) {
      rules_.failed();
      connection.reset();
    } catch (const error&) {
      rules_.failed();
      connection.reset();
    }
    if (!lost()) wait(connection ? &*connection : nullptr, rules_.renew_every());
  }
  connection.reset();
  if (!lost()) leave();
}

void postgres_lease::round(postgres_connection& connection) {
  if (connection.query(renew, server_, std::int64_t{lease_.count()}).rows() == 0) return lose();
  rules_.renewed(steady_now());
  renewed_.store(steady_now().count(), std::memory_order_relaxed);
  if (take_over(connection)) connection.query(tell);
  const bool told = connection.take_notifications();
  if (connection.query(free_runs).rows() > 0 || told) watchers_->tell(store_news::freed);
}

/// True when a server was dead. One that froze with half of a batch sent holds its row in
/// `writers`: its session is ended first, for the deletion would wait as long as it is frozen.
/// Should it live after all, it connects again.
bool postgres_lease::take_over(postgres_connection& connection) const {
  if (!rules_.may_judge(steady_now())) return false;
  const auto found = connection.query(expired, server_);
  if (!rules_.may_judge(steady_now())) return false;  // the database stood still
  bool any = false;
  for (int row = 0; row < found.rows(); ++row) {
    const auto dead = found.integer(row, 0);
    connection.query(end_session, session_of(dead));
    any = connection.query(remove, dead).rows() > 0 || any;
  }
  return any;
}

void postgres_lease::wait(postgres_connection* connection, std::chrono::milliseconds within) {
  std::array<pollfd, 2> all{pollfd{wake_, POLLIN, 0},
                            pollfd{connection != nullptr ? connection->socket() : -1, POLLIN, 0}};
  static_cast<void>(::poll(all.data(), all.size(), static_cast<int>(within.count())));
}

/// In order: the others need not wait for the lease to run out.
void postgres_lease::leave() noexcept {
  try {
    postgres_connection connection{where_.target, where_.schema};
    connection.query(leave_all, server_);
    connection.query(tell);
  } catch (...) {  // the lease runs out
  }
}

}  // namespace mcp::store
