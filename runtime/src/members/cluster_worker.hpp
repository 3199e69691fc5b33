#pragma once

#include "delivery/link.hpp"
#include "net/sockets.hpp"
#include "net/tls.hpp"
#include "system/cluster_system.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace mcp::cluster {

struct worker_options {
  std::string cluster = "fastmcp";
  std::string name{};  ///< of this member; no other one has it
  socket_address server{};
  tls_files tls{};  ///< not given: plain, to this machine only
  std::map<std::string, std::string> labels{};
  std::size_t slots = 0;  ///< tasks at once; 0: four for each processor
  load_options load{};    ///< how cluster files are read: plugins, models
  link_limits link{};
  std::shared_ptr<span_sink> spans{};  ///< who takes the spans of its tasks; null: none are made
};

struct worker_status {
  bool connected = false;
  std::string server{};   ///< its name, once it was met
  std::string trouble{};  ///< why there is no connection
  std::size_t at_work = 0;
  std::size_t done = 0;
  bool idle = false;  ///< nothing is at work, and the server has heard all
};

/// A member that runs nodes for a server: it connects, again and again if need be, until it is
/// destroyed. Safe from several threads.
class cluster_worker {
 public:
  /// Throws `invalid_plugin` for a plugin that cannot be used, `invalid_argument` for a
  /// certificate, and for another machine's address without one.
  explicit cluster_worker(worker_options options);
  cluster_worker(const cluster_worker&) = delete;
  cluster_worker& operator=(const cluster_worker&) = delete;
  /// Drops what is at work; waits for the nodes that are being called.
  ~cluster_worker();

  [[nodiscard]] worker_status status() const;
  /// Takes no more tasks; those it has go on. `status().idle` tells when they are done.
  void leave(const std::string& reason);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp::cluster
