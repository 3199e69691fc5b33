#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output.hpp"
#include "cli/report.hpp"
#include "cli/stored.hpp"
#include "cli/text.hpp"
#include "mcp/memory_store.hpp"

#include <chrono>
#include <filesystem>
#include <set>
#include <utility>

// Commands that make a store smaller, or copy it.

namespace mcp::cluster {
namespace {

/// Threads of a store that are looked at.
constexpr std::size_t most_pruned_threads = 1'000'000;

store_time wall_time() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Keeps everybody else from working on a thread.
class thread_claim {
 public:
  thread_claim(checkpoint_store& store, const std::string& thread)
      : store_(store), thread_(thread), held_(store.claim(thread)) {}
  ~thread_claim() {
    if (held_) store_.release(thread_);
  }
  thread_claim(const thread_claim&) = delete;
  thread_claim& operator=(const thread_claim&) = delete;

  [[nodiscard]] bool held() const noexcept { return held_; }
  /// Throws `thread_busy`.
  void require() const {
    if (held_) return;
    throw error{errc::thread_busy, "a server is at work on thread \"" + thread_ + "\""};
  }

 private:
  checkpoint_store& store_;
  const std::string& thread_;
  bool held_;
};

void require_thread(checkpoint_store& store, const std::string& thread) {
  if (!store.namespaces(thread).empty() || store.last_run(thread)) return;
  throw error{errc::unknown_thread, "there is no thread \"" + thread + "\" in the store"};
}

/// Throws `thread_busy` for a thread with a run that goes on, or that waits for a person.
void require_ended(checkpoint_store& store, const std::string& thread) {
  const auto run = store.last_run(thread);
  if (!run || run->status > run_status::interrupted) return;
  throw error{errc::thread_busy, "run " + run->run_id + " of thread \"" + thread + "\" is " +
                                     std::string{name(run->status)} +
                                     "; end it, or cancel it with mcp-cluster cancel"};
}

/// Where the items of the file's memory are, if they outlive a process.
std::shared_ptr<memory_store> memory_of(const std::string& place) {
  std::error_code problem;
  const bool there =
      kind_of_store(place) != store_kind::sqlite || std::filesystem::exists(place, problem);
  return is_durable(place) && there ? open_memory(place) : nullptr;
}

/// The versions of cluster files that runs are pinned to; nothing when there are too many runs.
std::optional<std::set<std::string>> pinned_versions(checkpoint_store& store) {
  constexpr std::size_t most_runs = 1'000'000;
  const auto runs = store.runs({.limit = most_runs});
  if (runs.size() == most_runs) return std::nullopt;
  std::set<std::string> versions;
  for (const auto& run : runs) {
    if (run.graph.starts_with("agent ")) continue;  // what it lists is a mailbox
    versions.insert(pinned_version(run));
  }
  return versions;
}

std::vector<std::string> threads_to_prune(checkpoint_store& store, const command_options& options) {
  if (!options.thread.empty()) {
    require_thread(store, options.thread);
    return {options.thread};
  }
  const auto until = wall_time() - options.older_than.value_or(std::chrono::milliseconds{0});
  std::vector<std::string> wanted;
  for (const auto& one : store.threads(most_pruned_threads)) {
    if (!options.older_than || one.updated <= until) wanted.push_back(one.thread_id);
  }
  return wanted;
}

}  // namespace

int prune_command(const command_options& options) {
  const auto store = open_store(durable_store_of(options), store_access::change);
  std::size_t pruned = 0;
  prune_report sum;
  std::vector<std::string> busy;
  for (const auto& thread : threads_to_prune(*store, options)) {
    const thread_claim claim{*store, thread};
    if (!options.thread.empty()) claim.require();
    if (!claim.held()) {
      busy.push_back(thread);
      continue;
    }
    const auto removed = store->prune(thread, options.keep);
    sum.checkpoints += removed.checkpoints;
    sum.journal_entries += removed.journal_entries;
    pruned += removed.checkpoints > 0 ? 1U : 0U;
  }
  if (options.json) {
    print_line(to_line({{"threads", pruned},
                        {"checkpoints", sum.checkpoints},
                        {"journal_entries", sum.journal_entries},
                        {"busy", busy}}));
  } else {
    print_line("removed " + std::to_string(sum.checkpoints) + " checkpoints of " +
               std::to_string(pruned) + " threads");
    if (!busy.empty()) complain("servers are at work on " + joined(busy), "prune them later");
  }
  return exit_done;
}

int delete_command(const command_options& options) {
  const auto place = durable_store_of(options);
  const auto store = open_store(place, store_access::change);
  require_thread(*store, options.thread);
  const thread_claim claim{*store, options.thread};
  claim.require();
  require_ended(*store, options.thread);
  store->delete_thread(options.thread);
  open_kept_files(place)->unpin(options.thread);
  if (options.json) {
    print_line(to_line({{"thread", options.thread}, {"deleted", true}}));
  } else {
    print_line("deleted thread " + options.thread);
  }
  return exit_done;
}

int copy_command(const command_options& options) {
  const auto store = open_store(durable_store_of(options), store_access::change);
  store->copy_thread(options.thread, options.target);
  if (options.json) {
    print_line(to_line({{"thread", options.target}, {"of", options.thread}}));
  } else {
    print_line("copied thread " + options.thread + " to " + options.target);
  }
  return exit_done;
}

int expire_command(const command_options& options) {
  const auto store = open_store(durable_store_of(options), store_access::change);
  std::optional<store_time> at;
  if (options.after) at = wall_time() + *options.after;
  store->expire_thread(options.thread, at);
  const auto when = at ? time_text(*at) : std::string{};
  if (options.json) {
    print_line(to_line(
        {{"thread", options.thread}, {"expires", at ? nlohmann::ordered_json(when) : nullptr}}));
  } else {
    print_line("thread " + options.thread +
               (at ? " expires at " + when : " has no time of its own"));
  }
  return exit_done;
}

int sweep_command(const command_options& options) {
  const auto system = options.file.empty() ? nullptr : load_system(options);
  const auto place = system ? durable_store_of(*system) : durable_store_of(options);
  const auto store = open_store(place, store_access::change);
  sweep_query query{.now = wall_time()};
  if (system) query.graph = system->name();
  const auto keep = options.older_than ? options.older_than
                    : system           ? system->keep_threads()
                                       : std::nullopt;
  if (keep) query.idle_since = query.now - *keep;
  const auto files = open_kept_files(place);
  std::vector<std::string> removed;
  for (;;) {
    const auto some = store->sweep(query);
    for (const auto& thread : some) files->unpin(thread);
    removed.insert(removed.end(), some.begin(), some.end());
    if (some.size() < query.limit) break;
  }
  std::size_t items = 0;
  if (const auto memory = memory_of(system ? system->memory_place() : place)) {
    for (std::size_t some = max_swept_items; some >= max_swept_items;) {
      some = memory->sweep(query.now);
      items += some;
    }
  }
  std::size_t texts = 0;
  if (kind_of_store(place) == store_kind::sqlite) {  // which nobody else has now
    if (const auto versions = pinned_versions(*store)) texts = files->keep_only(*versions);
  }
  if (options.json) {
    print_line(to_line({{"threads", removed}, {"items", items}, {"files", texts}}));
  } else {
    print_line("removed " + std::to_string(removed.size()) + " threads, " + std::to_string(items) +
               " items of memory and the texts of " + std::to_string(texts) + " versions of files");
  }
  return exit_done;
}

int backup_command(const command_options& options) {
  const auto place = durable_store_of(options);
  if (kind_of_store(place) != store_kind::sqlite) {
    throw error{errc::invalid_argument,
                "the store is " + shown_store(place) + ", which is no file; pg_dump backs it up"};
  }
  static_cast<void>(open_store(place, store_access::read));  // says that there is none
  const auto bytes = backup_sqlite_store(place, options.target);
  if (options.json) {
    print_line(to_line({{"store", place}, {"copy", options.target}, {"bytes", bytes}}));
  } else {
    print_line("copied " + place + " to " + options.target + ", " + std::to_string(bytes) +
               " bytes");
  }
  return exit_done;
}

}  // namespace mcp::cluster
