#pragma once

#include "mcp/error.hpp"
#include "mcp/export.hpp"

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mcp {

/// A point in time as stored: milliseconds since the Unix epoch, UTC.
using store_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// Names a checkpoint within its thread and namespace. Later checkpoints of a thread have larger
/// ids.
struct checkpoint_id {
  std::uint64_t value = 0;  ///< 0: none

  [[nodiscard]] explicit operator bool() const noexcept { return value != 0; }
  /// 16 hexadecimal digits.
  [[nodiscard]] MCP_EXPORT std::string text() const;
  /// Reads `text()` back; nothing when `text` is not 16 hexadecimal digits.
  [[nodiscard]] MCP_EXPORT static std::optional<checkpoint_id> parse(std::string_view text);
  friend auto operator<=>(const checkpoint_id&, const checkpoint_id&) = default;
};

/// What made a checkpoint: a run's input, a superstep, `update_state`, or a fork.
enum class checkpoint_source : std::uint8_t { input, loop, update, fork };

/// Life of a run. `accepted` and `running` runs go on by themselves after a crash;
/// `interrupted` ones wait for an answer; the others have ended.
enum class run_status : std::uint8_t { accepted, running, interrupted, done, failed, cancelled };

[[nodiscard]] MCP_EXPORT std::string_view name(checkpoint_source source) noexcept;
[[nodiscard]] MCP_EXPORT std::string_view name(run_status status) noexcept;

/// What is known of a checkpoint without reading its content.
struct checkpoint_info {
  std::string ns{};  ///< namespace: empty for the root graph, `node:task` per subgraph level
  checkpoint_id id{};
  checkpoint_id parent{};  ///< none for the first of a thread
  checkpoint_id
      base{};  ///< nearest ancestor, or itself, that holds a snapshot; none: the empty state
  std::int64_t step = -1;  ///< -1 for the first input, then counted up by one
  checkpoint_source source = checkpoint_source::loop;
  std::string run_id{};
  store_time created{};

  friend bool operator==(const checkpoint_info&, const checkpoint_info&) = default;
};

/// Appends a checkpoint to a thread. Bytes are CBOR as docs/checkpoint-format.md says; a store
/// keeps them as they are. The namespace's head becomes this checkpoint.
struct put_checkpoint {
  std::string thread_id{};
  checkpoint_info info{};
  std::string body{};      ///< patches of this superstep and what runs next
  std::string snapshot{};  ///< the whole state after `body`; empty unless `info.base == info.id`
};

/// What a journal entry records about a task of the superstep that follows a checkpoint.
enum class journal_kind : std::uint8_t {
  task,       ///< finished: its writes and routes; key: task id
  failure,    ///< failed for good: the error; key: task id
  interrupt,  ///< asked and waits; key: interrupt id
  answer,     ///< the answer to an interrupt; key: interrupt id
  effect,     ///< result of `ctx.once`; key: task id, '/', the user's key
  usage,      ///< what the run has used of its budget since the checkpoint; no key
};

/// One entry of the journal. An entry with the same thread, namespace, checkpoint, kind and key
/// replaces the earlier one.
struct journal_entry {
  journal_kind kind = journal_kind::task;
  std::string key{};
  std::string body{};

  friend bool operator==(const journal_entry&, const journal_entry&) = default;
};

struct put_journal {
  std::string thread_id{};
  std::string ns{};
  checkpoint_id checkpoint{};
  journal_entry entry{};
};

/// A run as stored.
struct run_record {
  std::string run_id{};
  std::string thread_id{};
  std::string graph{};  ///< name of the graph; an executor recovers the runs of its own graphs
  run_status status = run_status::accepted;
  std::string body{};   ///< options of the run, CBOR
  std::string error{};  ///< why it failed; empty otherwise
  store_time created{};
  store_time updated{};

  friend bool operator==(const run_record&, const run_record&) = default;
};

/// Inserts or replaces a run.
struct put_run {
  run_record run{};
};

/// Changes the status of a known run; unknown run ids are ignored.
struct set_run_status {
  std::string run_id{};
  run_status status = run_status::running;
  std::string error{};
  store_time updated{};
};

using store_write = std::variant<put_checkpoint, put_journal, put_run, set_run_status>;

/// A checkpoint with all that is needed to go on from it.
struct stored_checkpoint {
  checkpoint_info info{};
  std::string snapshot{};             ///< of `info.base`; empty when the base is none
  std::vector<std::string> bodies{};  ///< of the ancestors after the base up to the checkpoint
                                      ///< itself, oldest first; never empty: when the checkpoint is
                                      ///< its own base, only its own body, already in the snapshot
  std::vector<journal_entry> journal{};  ///< of this checkpoint, in the order of the first write
};

/// Which checkpoints `history` lists.
struct history_query {
  std::optional<checkpoint_id> before{};  ///< only ids smaller than this
  std::optional<checkpoint_source> source{};
  std::optional<std::int64_t> step{};
  std::optional<std::string> run_id{};
  std::size_t limit = 100;  ///< at most 10,000
};

/// Which runs `runs` lists.
struct run_query {
  std::optional<std::string> thread_id{};
  std::optional<std::string> graph{};
  std::vector<run_status> statuses{};  ///< empty: all
  bool unclaimed = false;              ///< only of threads that no executor has claimed
  std::size_t limit = 1000;            ///< at most 1,000,000
};

struct thread_info {
  std::string thread_id{};
  store_time created{};
  store_time updated{};
  std::optional<store_time> expires{};

  friend bool operator==(const thread_info&, const thread_info&) = default;
};

/// Most threads that one sweep removes, unless it is told otherwise.
inline constexpr std::size_t max_swept_threads = 64;

/// Which threads a sweep removes: those whose own time is over (`expire_thread`), and those of a
/// graph that have none and were not written for long.
struct sweep_query {
  store_time now{};
  /// All runs of a thread must be of this graph, and at least one; absent: no thread without a time
  /// of its own is removed. Used together with `idle_since`.
  std::optional<std::string> graph{};
  std::optional<store_time> idle_since{};  ///< last written at this time or before
  std::size_t limit = max_swept_threads;   ///< bounds the work of one call; call again for the rest
};

struct prune_report {
  std::size_t checkpoints = 0;      ///< removed
  std::size_t journal_entries = 0;  ///< removed
};

/// What a store that is shared by several processes has to say.
enum class store_news : std::uint8_t {
  freed,  ///< there may be unfinished runs that nobody works on: another process ended, or died
  lost,   ///< others have taken this process for dead: it can write nothing any more
};

/// Where runs are kept: an append-only log of checkpoints with a journal, and the list of runs.
///
/// Owner: shared by the executors that use it. Every function may be called from any thread at any
/// time; `write` calls are serialised by the caller (one writer per store). Errors are thrown as
/// `mcp::error` with `store_failed`, `store_full`, `corrupt_store`, `newer_format` or `lease_lost`;
/// what does not fit what is stored is `invalid_argument`,
/// `unknown_thread` or `unknown_checkpoint`, and trying again is of no use.
class MCP_EXPORT checkpoint_store {
 public:
  checkpoint_store() = default;
  checkpoint_store(const checkpoint_store&) = delete;
  checkpoint_store& operator=(const checkpoint_store&) = delete;
  virtual ~checkpoint_store();

  /// True when calls may wait for a disk or a network: they are then kept off the scheduler.
  [[nodiscard]] virtual bool blocking() const noexcept = 0;

  /// Applies all of `batch` in order, or nothing of it. Durable when it returns.
  /// `invalid_argument`: a checkpoint whose id is not larger than all in its thread and namespace,
  /// or not below 2^63; a run that changes its thread. `unknown_checkpoint`: the parent of a
  /// checkpoint, or the checkpoint of a journal entry, is not there (any more). A base other than
  /// the checkpoint itself is taken from the stored parent.
  virtual void write(std::span<const store_write> batch) = 0;

  /// Takes a thread for one executor, so that no other one works on it; false when it is taken. The
  /// thread need not exist. `release` gives it back; so does the end of the process.
  virtual bool claim(const std::string& thread_id) = 0;
  virtual void release(const std::string& thread_id) noexcept = 0;

  /// Calls `told`, from a thread of the store, until the returned object is gone; `told` must not
  /// block for long, and neither let go of that object nor call this. A store of one process has
  /// nothing to say and returns null.
  [[nodiscard]] virtual std::shared_ptr<void> watch(std::function<void(store_news)> told);
  /// The names of the processes that work on this store at present, sorted; empty: this one alone.
  [[nodiscard]] virtual std::vector<std::string> owners();
  /// Why nothing can be written at present, for people; empty: nothing is known against it.
  [[nodiscard]] virtual std::string trouble() const;

  [[nodiscard]] virtual std::optional<run_record> run(const std::string& run_id) = 0;
  /// Oldest first.
  [[nodiscard]] virtual std::vector<run_record> runs(const run_query& query) = 0;
  /// The run of a thread that was accepted last.
  [[nodiscard]] virtual std::optional<run_record> last_run(const std::string& thread_id) = 0;

  /// The checkpoint `id`, or the namespace's head without it. Nothing when there is none.
  [[nodiscard]] virtual std::optional<stored_checkpoint> load(
      const std::string& thread_id, const std::string& ns,
      std::optional<checkpoint_id> id = std::nullopt) = 0;
  /// The body of a checkpoint alone, at a cost that does not grow with its past. Nothing when there
  /// is no such checkpoint.
  [[nodiscard]] virtual std::optional<std::string> body(const std::string& thread_id,
                                                        const std::string& ns,
                                                        checkpoint_id id) = 0;
  /// Newest first.
  [[nodiscard]] virtual std::vector<checkpoint_info> history(const std::string& thread_id,
                                                             const std::string& ns,
                                                             const history_query& query) = 0;
  /// Namespaces of a thread that hold checkpoints, sorted; the root is "".
  [[nodiscard]] virtual std::vector<std::string> namespaces(const std::string& thread_id) = 0;
  /// Least recently updated first, at most `limit`.
  [[nodiscard]] virtual std::vector<thread_info> threads(std::size_t limit) = 0;

  /// Copies a thread's checkpoints and journal, not its runs. `target` must be unknown.
  virtual void copy_thread(const std::string& source, const std::string& target) = 0;
  /// Keeps the last `keep` (at least 1) checkpoints of each branch of each namespace, the journal
  /// that belongs to them, and whatever they need to be loaded. Removes the namespaces of subgraph
  /// tasks whose parent checkpoint is removed.
  virtual prune_report prune(const std::string& thread_id, std::size_t keep) = 0;
  /// Removes a thread with everything in it, runs too. False when it is unknown.
  virtual bool delete_thread(const std::string& thread_id) = 0;
  /// Sets or clears (`nullopt`) when a thread may be removed. Unknown threads are an error.
  virtual void expire_thread(const std::string& thread_id, std::optional<store_time> expires) = 0;
  /// Removes threads that have no unfinished or interrupted run and that no executor has claimed;
  /// each in a transaction of its own. Returns their ids: fewer than `query.limit` when none is
  /// left. Processes that share a store may sweep at the same time.
  virtual std::vector<std::string> sweep(const sweep_query& query) = 0;
};

/// Keeps everything in this process's memory, encoded as a durable store would. For tests and for
/// graphs that need history or interrupts but no durability.
[[nodiscard]] MCP_EXPORT std::shared_ptr<checkpoint_store> in_memory_checkpoint_store();

enum class sqlite_mode : std::uint8_t {
  own,   ///< creates the file if needed; a second owner is refused with the first one's process id
  read,  ///< reads beside an owner; `write` and the like are errors
};

struct sqlite_options {
  sqlite_mode mode = sqlite_mode::own;
  /// False: commits survive the death of the process, the last ones may be lost with the machine's
  /// power (WAL, synchronous=NORMAL). True: they survive that too (synchronous=FULL), about 5 times
  /// slower.
  bool power_safe = false;
};

/// Keeps everything in one SQLite file (with its -wal, -shm and .lock companions).
/// Throws `store_failed` (cannot open, read-only folder, in use), `corrupt_store`, `newer_format`.
[[nodiscard]] MCP_EXPORT std::shared_ptr<checkpoint_store> sqlite_checkpoint_store(
    const std::string& path, const sqlite_options& options = {});

/// Copies a SQLite store as it is at one moment, also while another process writes to it, into the
/// file `target`, which must not exist; the memory of the file too. Returns the copy's size in
/// bytes. A copy that was cut off is never found under the name `target`.
/// Throws `invalid_argument` (`target` is there), `store_failed`, `store_full`, `corrupt_store`,
/// `newer_format`.
MCP_EXPORT std::uint64_t backup_sqlite_store(const std::string& path, const std::string& target);

struct postgres_options {
  /// Where the tables are: up to 63 of a-z, 0-9 and _. Made if needed.
  std::string schema = "fastmcp";
  std::string server{};  ///< for people, in the table of servers; empty: the process id
  /// Others take this process for dead when it has not been heard of for so long. At least 100 ms.
  std::chrono::milliseconds lease{4'000};
  /// How long a call bears that the database is away.
  std::chrono::milliseconds patience{60'000};
  /// The same for what runs write. Whoever cannot write for longer gives up all its threads
  /// (`lease_lost`), as nobody knows what of the last batch is there.
  std::chrono::milliseconds write_patience{60'000};
  /// False: reads beside the servers; `write`, `claim` and the like are errors.
  bool own = true;
};

/// Keeps everything in a PostgreSQL database, which any number of processes share; each thread is
/// worked on by one of them, and a process that dies or hangs loses its threads to the others
/// (docs/postgres.md). `target` is a URI or a string of libpq's keywords.
/// Throws `invalid_argument`, `newer_format`, and `store_failed` (nobody answers, not allowed, or
/// the library was built without libpq).
[[nodiscard]] MCP_EXPORT std::shared_ptr<checkpoint_store> postgres_checkpoint_store(
    const std::string& target, const postgres_options& options = {});

}  // namespace mcp
