#pragma once

#include "cli/run_ledger.hpp"
#include "system/cluster_system.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/thread_pool.hpp>

namespace mcp::cluster {

/// Systems that are loaded at once beside the server's own; idle ones make room.
inline constexpr std::size_t max_served_systems = 32;

/// The systems that a server has loaded: the one of its file, if it has one, the other versions of
/// it that runs are pinned to, and, without a file, every version of every system that is
/// submitted. They share a store, where their texts are kept. Safe from several threads.
class served_systems {
 public:
  struct settings {
    std::shared_ptr<cluster_system> own{};  ///< of the server's file; null: it has none
    load_options load{};                    ///< for all others
    std::string store{};
    std::string server{};                ///< its name among those that share the store
    std::function<void()> on_lost{};     ///< others have taken this process for dead
    std::shared_ptr<metrics> counts{};   ///< null: nothing is counted
    std::shared_ptr<span_sink> spans{};  ///< null: runs make no spans
    std::size_t most = max_served_systems;
  };

  /// Opens the store. Throws its errors.
  served_systems(settings how, std::shared_ptr<run_ledger> runs);
  served_systems(const served_systems&) = delete;
  served_systems& operator=(const served_systems&) = delete;
  ~served_systems();

  /// Takes up the store's unfinished runs, and later on those of other servers that end or die;
  /// `runs` hears of them. Throws the store's errors and those of `own`, among them `thread_busy`
  /// while its agents live in another server; then it can be called again.
  void begin();
  /// Null: the server has no file.
  [[nodiscard]] const std::shared_ptr<cluster_system>& own() const noexcept { return how_.own; }
  /// The system of a text that somebody submits; it may be one that is loaded. Throws
  /// `invalid_cluster_file` with all problems, `invalid_argument` for another system than the one
  /// that is served, `overloaded` when as many as may be are loaded and all have runs.
  [[nodiscard]] std::shared_ptr<cluster_system> of_text(const std::string& path, std::string text);
  /// The system of the version that the last run of a thread is pinned to. Throws
  /// `unknown_version`, `unknown_thread`, and as `of_text`.
  [[nodiscard]] std::shared_ptr<cluster_system> of_thread(const std::string& thread);
  /// Those that are loaded; the server's own first.
  [[nodiscard]] std::vector<std::shared_ptr<cluster_system>> loaded();
  [[nodiscard]] const std::string& store() const noexcept { return how_.store; }
  /// Of a thread; nothing when none is stored.
  [[nodiscard]] std::optional<run_record> last_run(const std::string& thread) const;
  /// Names of the servers that share the store; empty: this one alone.
  [[nodiscard]] std::vector<std::string> servers() const;
  /// Why the store takes nothing at present; empty: it does, as far as is known.
  [[nodiscard]] std::string trouble() const;
  /// What is kept beside the runs; null: nothing is stored.
  [[nodiscard]] const std::shared_ptr<kept_files>& files() const noexcept { return files_; }
  /// No more runs are taken up.
  void close();
  /// Leaves the runs to the next server: see `executor_base::hand_over`.
  void hand_over(bool now);

 private:
  using key = std::pair<std::string, std::string>;  ///< name and version
  struct entry {
    std::shared_ptr<cluster_system> system{};
    std::uint64_t used = 0;
  };

  /// Of a version whose waiting runs could not be taken up.
  struct refusal {
    int tries = 0;
    std::chrono::steady_clock::time_point again{};
  };

  void start(cluster_system& system);
  /// Those of a system that is loaded, in any version.
  [[nodiscard]] std::shared_ptr<agent_system> agents_of(const std::string& name);
  /// The first that fits, own or other, or null.
  template <class Fits>
  [[nodiscard]] std::shared_ptr<cluster_system> find(Fits fits);
  [[nodiscard]] std::shared_ptr<cluster_system> find(const std::string& name,
                                                     const std::string& version);
  [[nodiscard]] std::shared_ptr<cluster_system> load(const std::string& path, std::string text);
  [[nodiscard]] std::shared_ptr<cluster_system> load_kept(const std::string& name,
                                                          const std::string& version);
  [[nodiscard]] std::shared_ptr<cluster_system> add(std::shared_ptr<cluster_system> made);
  void make_room();
  /// The versions of unfinished runs that nobody works on and no system here would take.
  [[nodiscard]] std::set<key> waiting();
  void look_for_waiting();
  void refuse(const key& one, bool for_good);
  void look_soon();

  const settings how_;
  const std::shared_ptr<run_ledger> runs_;
  std::shared_ptr<checkpoint_store> checkpoints_;  ///< null: nothing is stored
  std::shared_ptr<kept_files> files_;              ///< null: nothing is stored

  std::mutex loading_mutex_;  ///< for long; before the other one
  std::map<key, refusal> refused_;
  std::mutex mutex_;
  std::map<key, entry> others_;
  std::uint64_t last_use_ = 0;

  std::atomic<bool> wants_room_{false};  ///< for the runs of a version
  std::atomic<bool> closed_{true};       ///< no runs are taken up

  std::mutex looking_mutex_;
  bool looks_ = false;  ///< somebody will look, or looks
  boost::asio::thread_pool looker_{1};
  std::shared_ptr<void> watch_;
};

}  // namespace mcp::cluster
