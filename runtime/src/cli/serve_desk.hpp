#pragma once

#include "control/control_server.hpp"
#include "members/cluster_server.hpp"
#include "system/cluster_system.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace mcp::cluster {

/// What a server does when it is asked: docs/cluster.md lists the requests. Safe from several
/// threads.
class serve_desk {
 public:
  /// `most_runs`: under way at once; beyond, new ones are refused.
  /// `load`: how older versions of the file are loaded, for the runs that are pinned to them.
  serve_desk(std::shared_ptr<cluster_system> system, std::shared_ptr<cluster_server> server,
             std::size_t most_runs, load_options load);

  /// Takes up the unfinished runs of the store, and later on those of other servers that end or
  /// die. How many there are now.
  std::size_t recover(service_options service);
  void handle(const nlohmann::json& request, const control_server::line_sink& answer);

  /// Sets what is counted here and not by the executor.
  void measure(metrics& to) const;
  /// Why it would refuse a run now; empty: it would not.
  [[nodiscard]] std::string refusal() const;

  /// No new runs; those under way go on.
  void close();
  /// Waits until none is under way; false: some are.
  [[nodiscard]] bool wait_for_runs(std::chrono::milliseconds within);
  /// Runs stop at the end of their superstep; `now`: at once. All can be resumed.
  void stop_runs(bool now);
  [[nodiscard]] std::size_t running() const;

 private:
  using handle_type = run_handle<json_state>;
  struct live_run {
    handle_type handle;
    std::chrono::system_clock::time_point since{};
  };

  /// What runs do; they may end after the desk.
  struct ledger {
    std::mutex mutex{};
    std::condition_variable changed{};
    bool closed = false;
    std::size_t starting = 0;                    ///< admitted, and not among `live` yet
    std::map<std::string, live_run> live{};      ///< by run id
    std::map<std::string, std::size_t> ended{};  ///< how many, by status
    std::size_t refused = 0;
    double mean_ms = 0;  ///< how long a run takes, the last ones counting most

    void end(const std::string& run_id, const run_result_info& result);
    /// From now until its end.
    static void follow(const std::shared_ptr<ledger>& book, const handle_type& run);
  };

  /// Starts a run with `make` if there may be one more, and counts it until it has ended.
  template <class Make>
  [[nodiscard]] handle_type start(Make make);
  /// How systems serve: what they recover later on is taken up.
  [[nodiscard]] service_options service_of(cluster_system& system) const;
  /// The system of the version that a thread is pinned to. Throws `unknown_version`.
  [[nodiscard]] std::shared_ptr<cluster_system> system_of(const std::string& thread);
  [[nodiscard]] std::shared_ptr<cluster_system> older(const std::string& version);
  std::size_t recover_from(cluster_system& system);
  static void take_up(cluster_system& system, const std::shared_ptr<ledger>& book,
                      const handle_type& run);
  [[nodiscard]] std::vector<handle_type> live() const;
  [[nodiscard]] run_options options_for(const nlohmann::json& request) const;
  void report(const handle_type& run, const nlohmann::json& request,
              const control_server::line_sink& answer);

  void submit(const nlohmann::json& request, const control_server::line_sink& answer);
  void resume(const nlohmann::json& request, const control_server::line_sink& answer);
  [[nodiscard]] nlohmann::ordered_json cancel(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json drain(const nlohmann::json& request);
  [[nodiscard]] nlohmann::ordered_json status() const;
  [[nodiscard]] nlohmann::ordered_json members() const;
  [[nodiscard]] nlohmann::ordered_json runs() const;

  const std::shared_ptr<cluster_system> system_;
  const std::shared_ptr<cluster_server> server_;
  const std::size_t most_runs_;
  const load_options load_;
  service_options service_{};
  std::mutex older_mutex_;
  std::map<std::string, std::shared_ptr<cluster_system>> older_;  ///< by version
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();

  const std::shared_ptr<ledger> ledger_ = std::make_shared<ledger>();
};

}  // namespace mcp::cluster
