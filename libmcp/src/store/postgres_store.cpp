#include "mcp/checkpoint_store.hpp"
#include "store/claim_list.hpp"
#include "store/postgres_claims.hpp"
#include "store/postgres_lease.hpp"
#include "store/postgres_reader.hpp"
#include "store/postgres_schema.hpp"
#include "store/postgres_session.hpp"
#include "store/postgres_writer.hpp"
#include "store/write_rules.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include <unistd.h>

namespace mcp {
namespace store::postgres {

constexpr std::chrono::milliseconds shortest_lease{100};

namespace {

/// Connections that read at the same time; further calls wait.
constexpr std::size_t max_readers = 4;

/// Lends out reading sessions.
class session_pool {
 public:
  explicit session_pool(const store::postgres_target& where) {
    for (std::size_t i = 0; i < max_readers; ++i) {
      idle_.push_back(std::make_unique<store::postgres_session>(where));
    }
  }

  template <class Function>
  auto use(const Function& function) {
    const loan borrowed{*this};
    return borrowed.what->use(function);
  }

 private:
  struct loan {
    explicit loan(session_pool& from) : pool(from), what(from.take()) {}
    ~loan() { pool.give_back(std::move(what)); }
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;

    session_pool& pool;
    mutable std::unique_ptr<store::postgres_session> what;
  };

  std::unique_ptr<store::postgres_session> take() {
    std::unique_lock lock{mutex_};
    freed_.wait(lock, [this] { return !idle_.empty(); });
    auto one = std::move(idle_.back());
    idle_.pop_back();
    return one;
  }

  void give_back(std::unique_ptr<store::postgres_session> one) {
    {
      const std::lock_guard lock{mutex_};
      idle_.push_back(std::move(one));
    }
    freed_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<store::postgres_session>> idle_;
};

/// What an owner has and a reader has not. The lease goes last.
struct owner {
  owner(const store::postgres_target& where, const postgres_options& options)
      : lease(where, options.server.empty() ? std::to_string(::getpid()) : options.server,
              options.lease),
        claims(where, lease),
        writer(where, options.write_patience, lease) {}

  store::postgres_lease lease;
  store::postgres_claims claims;
  store::claim_list executors{};  ///< of this process, among themselves
  store::postgres_writer writer;
};

class postgres_store final : public checkpoint_store {
 public:
  postgres_store(const store::postgres_target& where, const postgres_options& options)
      : where_(where),
        owner_(options.own ? std::make_unique<owner>(where, options) : nullptr),
        readers_(where) {
    if (owner_) return;
    auto once = where;
    once.patience = {};
    store::postgres_session{once}.use([&](postgres_connection& connection) {
      store::require_postgres_schema(connection, where.schema);
    });
  }

  [[nodiscard]] bool blocking() const noexcept override { return true; }

  void write(std::span<const store_write> batch) override { writable().writer.write(batch); }

  bool claim(const std::string& thread_id) override {
    auto& own = writable();
    if (!own.executors.take(thread_id)) return false;
    try {
      if (own.claims.take(thread_id)) return true;
    } catch (...) {
      own.executors.give_back(thread_id);
      throw;
    }
    own.executors.give_back(thread_id);
    return false;
  }

  void release(const std::string& thread_id) noexcept override {
    if (!owner_) return;
    owner_->claims.give_back(thread_id);
    owner_->executors.give_back(thread_id);
  }

  std::shared_ptr<void> watch(std::function<void(store_news)> told) override {
    return owner_ ? owner_->lease.watch(std::move(told)) : nullptr;
  }
  std::vector<std::string> owners() override {
    return readers_.use([&](auto& from) { return store::postgres::servers(from); });
  }
  std::string trouble() const override { return owner_ ? owner_->lease.trouble() : std::string{}; }

  std::optional<run_record> run(const std::string& run_id) override {
    return readers_.use([&](auto& from) { return store::postgres::run(from, run_id); });
  }
  std::vector<run_record> runs(const run_query& query) override {
    return readers_.use([&](auto& from) { return store::postgres::runs(from, query); });
  }
  std::optional<run_record> last_run(const std::string& thread_id) override {
    return readers_.use([&](auto& from) { return store::postgres::last_run(from, thread_id); });
  }
  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    return readers_.use([&](auto& from) { return store::postgres::load(from, thread_id, ns, id); });
  }
  std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                  checkpoint_id id) override {
    return readers_.use([&](auto& from) { return store::postgres::body(from, thread_id, ns, id); });
  }
  std::vector<checkpoint_info> history(const std::string& thread_id, const std::string& ns,
                                       const history_query& query) override {
    return readers_.use(
        [&](auto& from) { return store::postgres::history(from, thread_id, ns, query); });
  }
  std::vector<std::string> namespaces(const std::string& thread_id) override {
    return readers_.use([&](auto& from) { return store::postgres::namespaces(from, thread_id); });
  }
  std::vector<thread_info> threads(std::size_t limit) override {
    return readers_.use([&](auto& from) { return store::postgres::threads(from, limit); });
  }

  void copy_thread(const std::string& source, const std::string& target) override {
    writable().writer.copy_thread(source, target);
  }
  prune_report prune(const std::string& thread_id, std::size_t keep) override {
    return writable().writer.prune(thread_id, keep);
  }
  bool delete_thread(const std::string& thread_id) override {
    return writable().writer.delete_thread(thread_id);
  }
  void expire_thread(const std::string& thread_id, std::optional<store_time> expires) override {
    writable().writer.expire_thread(thread_id, expires);
  }
  std::vector<std::string> sweep(const sweep_query& query) override {
    auto& writer = writable().writer;
    auto found = readers_.use([&](auto& from) { return store::postgres::over(from, query); });
    return store::remove_unclaimed(*this, std::move(found), [&](const std::string& thread) {
      return writer.remove_over(query, thread);
    });
  }

 private:
  owner& writable() {
    if (owner_) return *owner_;
    throw error{errc::store_failed, "the PostgreSQL store (" + where_.place +
                                        ") was opened to read; open it with "
                                        "postgres_options::own to change it"};
  }

  store::postgres_target where_;
  std::unique_ptr<owner> owner_;
  session_pool readers_;
};

}  // namespace
}  // namespace store::postgres

std::shared_ptr<checkpoint_store> postgres_checkpoint_store(const std::string& target,
                                                            const postgres_options& options) {
  store::check_postgres_schema(options.schema);
  if (options.lease < store::postgres::shortest_lease) {
    throw error{errc::invalid_argument, "a lease is at least 100 ms"};
  }
  return std::make_shared<store::postgres::postgres_store>(
      store::postgres_target{target, options.schema, store::postgres_place(target),
                             options.patience},
      options);
}

}  // namespace mcp
