#pragma once

#include "harness.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// The bare figures of what the library stands on: CAF, SQLite, a timer, a process. No code of the
/// library is in them.
namespace bench {

/// How the scheduler of a bare actor system is set.
struct caf_options {
  std::size_t threads = 2;
  std::string policy = "sharing";
  std::size_t throughput = 100;
};

/// How a thread outside the actor system waits for an answer: it looks for it for `spin`, then
/// sleeps on a condition variable.
struct outside_wait {
  std::chrono::microseconds spin{0};
};

/// Bare class-based CAF actors that send each other a small message holding an intrusive pointer.
/// Used from one thread at a time.
class caf_floor {
 public:
  explicit caf_floor(const caf_options& options = {});
  ~caf_floor();
  caf_floor(const caf_floor&) = delete;
  caf_floor& operator=(const caf_floor&) = delete;

  /// `count` times in a row: one actor sends, another answers.
  void round_trips(std::uint64_t count);

  /// As `round_trips`, but on this thread alone: it runs the actors instead of the scheduler's
  /// threads.
  void round_trips_lending_the_thread(std::uint64_t count);

  /// `count` times in a row: an actor spawns one that answers its first message and quits.
  void spawns(std::uint64_t count);

  /// `count` times in a row: an actor spawns one that makes three round trips with three
  /// long-living actors, answers the first and quits. No thread outside takes part.
  void chains_inside(std::uint64_t count);

  /// `count` times in a row: this thread spawns an actor that makes three round trips with three
  /// long-living actors and quits, and waits for its answer.
  void chains(std::uint64_t count, outside_wait wait = {});

  /// As `chains`, but this thread runs the actors itself instead of waiting for the scheduler's.
  void chains_lending_the_thread(std::uint64_t count);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// How rows are inserted.
struct insert_options {
  std::size_t row_bytes = 200;
  std::size_t batch = 64;  ///< rows in one transaction
  bool sync_full = false;  ///< synchronous=FULL (waits for the disk) instead of NORMAL
};

/// A SQLite file in WAL mode with one table and one prepared statement, in a temporary folder of
/// its own. Errors of SQLite are thrown as `std::runtime_error`.
class sqlite_floor {
 public:
  explicit sqlite_floor(const insert_options& options);
  ~sqlite_floor();
  sqlite_floor(const sqlite_floor&) = delete;
  sqlite_floor& operator=(const sqlite_floor&) = delete;

  /// Inserts the rows of that many transactions.
  void insert(std::uint64_t transactions);

  /// Empties table and log, so that the next repetition begins like the first.
  void clear();

  /// Bytes of the database file with its log.
  [[nodiscard]] std::uint64_t file_bytes() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// A table in a PostgreSQL database, written in libpq's pipeline mode. Errors are thrown as
/// `std::runtime_error`.
class postgres_floor {
 public:
  /// `options.sync_full` is the database's own business.
  postgres_floor(const std::string& target, const insert_options& options);
  ~postgres_floor();
  postgres_floor(const postgres_floor&) = delete;
  postgres_floor& operator=(const postgres_floor&) = delete;

  /// Inserts the rows of that many transactions.
  void insert(std::uint64_t transactions);
  void clear();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// The time in milliseconds from setting `count` timers of `delay` to the last one having fired, in
/// one heap served by one thread.
[[nodiscard]] double timer_wall(std::size_t count, std::chrono::milliseconds delay);

/// A process started from this program with one more argument, and what it cost.
struct process_cost {
  double milliseconds;  ///< from before the start to its first line of output
  double resident_mib;  ///< the most memory it held, as it reports itself
};

/// Starts this program with `argument`; it must print the memory it holds as soon as it has its
/// result. Throws `std::runtime_error` when it cannot be started or fails.
[[nodiscard]] process_cost start_process(const std::string& argument);

/// The argument that makes this program a bare CAF program, and what it then does: one actor
/// answers one message.
inline constexpr const char* bare_caf_argument = "--as-bare-caf";
void be_bare_caf();

/// Prints the most memory this process held, for `start_process`.
void print_resident();

/// Bare CAF actors in two processes, over loopback: one sends a text, the other answers with one.
class remote_floor {
 public:
  /// Throws `std::runtime_error`.
  remote_floor(std::size_t request_bytes, std::size_t answer_bytes);
  ~remote_floor();
  remote_floor(const remote_floor&) = delete;
  remote_floor& operator=(const remote_floor&) = delete;

  /// `count` of them, so many on their way at once.
  void round_trips(std::uint64_t count, std::uint64_t in_flight);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// The argument that makes this program the other process, and what it then does.
inline constexpr const char* bare_caf_answerer_argument = "--as-bare-caf-answerer";
void be_bare_caf_answerer(std::size_t answer_bytes);

/// A folder that is removed with all it holds. Made in the system's temporary folder.
class temporary_folder {
 public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// The floors as rows of their own, stated.
[[nodiscard]] std::vector<spec> floor_rows();

}  // namespace bench
