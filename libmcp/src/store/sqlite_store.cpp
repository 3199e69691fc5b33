#include "mcp/checkpoint_store.hpp"
#include "store/claim_list.hpp"
#include "store/file_lock.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_maintenance.hpp"
#include "store/sqlite_reader.hpp"
#include "store/sqlite_writer.hpp"
#include "store/write_rules.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

namespace mcp {
namespace {

/// Connections that read at the same time; further calls wait.
constexpr std::size_t max_readers = 4;

/// Lends out reading connections, made when they are first needed.
class reader_pool {
 public:
  struct entry {
    std::unique_ptr<store::sqlite_connection> connection{};
    std::unique_ptr<store::sqlite_reader> reader{};
  };

  explicit reader_pool(std::string path) : path_(std::move(path)) {
    give_back(open());
    made_ = 1;
  }

  /// Calls `function` with a reader inside a transaction of its own.
  template <class Function>
  auto use(Function function) {
    loan borrowed(*this);
    store::sqlite_transaction transaction(*borrowed.what.connection,
                                          store::sqlite_transaction::kind::read);
    return function(*borrowed.what.reader);
  }

 private:
  struct loan {
    explicit loan(reader_pool& from) : pool(from), what(from.take()) {}
    ~loan() { pool.give_back(std::move(what)); }
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;

    reader_pool& pool;
    entry what;
  };

  entry open() const {
    entry result;
    result.connection = store::open_sqlite_reader(path_);
    result.reader = std::make_unique<store::sqlite_reader>(*result.connection);
    return result;
  }

  entry take() {
    std::unique_lock lock(mutex_);
    freed_.wait(lock, [this] { return !idle_.empty() || made_ < max_readers; });
    if (!idle_.empty()) {
      auto result = std::move(idle_.back());
      idle_.pop_back();
      return result;
    }
    auto result = open();
    ++made_;
    return result;
  }

  void give_back(entry one) {
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(std::move(one));
    }
    freed_.notify_one();
  }

  std::string path_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<entry> idle_;
  std::size_t made_ = 0;
};

/// What an owner has and a reader has not. The lock is given back last.
struct owner {
  owner(const std::string& path, bool power_safe)
      : lock(path),
        connection(store::open_sqlite_writer(path, {.power_safe = power_safe, .check = true})),
        writer(*connection),
        maintenance(*connection) {}

  store::file_lock lock;
  std::unique_ptr<store::sqlite_connection> connection;
  store::sqlite_writer writer;
  store::sqlite_maintenance maintenance;
  std::mutex mutex{};
};

class sqlite_store final : public checkpoint_store {
  owner& writable() {
    if (owner_) return *owner_;
    throw error(errc::store_failed, "SQLite file '" + path_ +
                                        "' was opened with sqlite_mode::read; open it with "
                                        "sqlite_mode::own to change it");
  }

  template <class Function>
  auto maintain(Function function) {
    auto& own = writable();
    const std::lock_guard lock(own.mutex);
    own.writer.forget();
    return function(own.maintenance);
  }

 public:
  sqlite_store(const std::string& path, const sqlite_options& options)
      : path_(store::sqlite_path(path)),
        owner_(options.mode == sqlite_mode::own ? std::make_unique<owner>(path_, options.power_safe)
                                                : nullptr),
        readers_(path_) {}

  [[nodiscard]] bool blocking() const noexcept override { return true; }

  void write(std::span<const store_write> batch) override {
    auto& own = writable();
    const std::lock_guard lock(own.mutex);
    own.writer.write(batch);
  }

  bool claim(const std::string& thread_id) override {
    (void)writable();
    return claims_.take(thread_id);
  }

  void release(const std::string& thread_id) noexcept override { claims_.give_back(thread_id); }

  std::optional<run_record> run(const std::string& run_id) override {
    return readers_.use([&](auto& reader) { return reader.run(run_id); });
  }

  std::vector<run_record> runs(const run_query& query) override {
    auto wanted = query;
    if (query.unclaimed) wanted.limit = store::max_run_limit;
    auto found = readers_.use([&](auto& reader) { return reader.runs(wanted); });
    if (query.unclaimed) claims_.keep_unclaimed(found, query.limit);
    return found;
  }

  std::optional<run_record> last_run(const std::string& thread_id) override {
    return readers_.use([&](auto& reader) { return reader.last_run(thread_id); });
  }

  std::optional<std::string> body(const std::string& thread_id, const std::string& ns,
                                  checkpoint_id id) override {
    return readers_.use([&](auto& reader) { return reader.body(thread_id, ns, id); });
  }

  std::optional<stored_checkpoint> load(const std::string& thread_id, const std::string& ns,
                                        std::optional<checkpoint_id> id) override {
    return readers_.use([&](auto& reader) { return reader.load(thread_id, ns, id); });
  }

  std::vector<checkpoint_info> history(const std::string& thread_id, const std::string& ns,
                                       const history_query& query) override {
    return readers_.use([&](auto& reader) { return reader.history(thread_id, ns, query); });
  }

  std::vector<std::string> namespaces(const std::string& thread_id) override {
    const auto rows = readers_.use([&](auto& reader) { return reader.namespaces(thread_id); });
    std::vector<std::string> result;
    for (const auto& row : rows) result.push_back(row.name);
    return result;
  }

  std::vector<thread_info> threads(std::size_t limit) override {
    return readers_.use([&](auto& reader) { return reader.threads(limit); });
  }

  void copy_thread(const std::string& source, const std::string& target) override {
    maintain([&](auto& maintenance) { maintenance.copy_thread(source, target); });
  }

  prune_report prune(const std::string& thread_id, std::size_t keep) override {
    return maintain([&](auto& maintenance) { return maintenance.prune(thread_id, keep); });
  }

  bool delete_thread(const std::string& thread_id) override {
    return maintain([&](auto& maintenance) { return maintenance.delete_thread(thread_id); });
  }

  void expire_thread(const std::string& thread_id, std::optional<store_time> expires) override {
    maintain([&](auto& maintenance) { maintenance.expire_thread(thread_id, expires); });
  }

  std::vector<std::string> sweep(const sweep_query& query) override {
    (void)writable();
    auto found = readers_.use([&](auto& reader) { return reader.over(query); });
    return store::remove_unclaimed(*this, std::move(found), [&](const std::string& thread) {
      return maintain([&](auto& maintenance) { return maintenance.remove_over(query, thread); });
    });
  }

 private:
  std::string path_;
  std::unique_ptr<owner> owner_;
  reader_pool readers_;
  store::claim_list claims_;
};

}  // namespace

std::shared_ptr<checkpoint_store> sqlite_checkpoint_store(const std::string& path,
                                                          const sqlite_options& options) {
  return std::make_shared<sqlite_store>(path, options);
}

}  // namespace mcp
