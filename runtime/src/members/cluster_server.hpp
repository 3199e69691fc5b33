#pragma once

#include "cluster/remote_nodes.hpp"
#include "delivery/link.hpp"
#include "net/sockets.hpp"
#include "net/tls.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mcp::cluster {

struct server_options {
  std::string cluster = "fastmcp";
  std::string name = "server";
  socket_address listen{"127.0.0.1", 0};  ///< port 0: a free one
  tls_files tls{};                        ///< not given: plain, for this machine only
  placement_limits placement{};
  link_limits link{};
  std::size_t strangers = 64;           ///< that have not said who they are; then the oldest goes
  std::chrono::milliseconds grace{50};  ///< for a member to come back before its tasks go elsewhere
};

/// The name of a worker inside of a server's process, which shows the server's certificate.
[[nodiscard]] inline std::string own_worker_of(const std::string& server) {
  return server + "/own";
}

/// What is known of a member.
struct member_status {
  std::string name{};
  std::string address{};
  std::string program{};  ///< version of FastMCP
  member_offer offer{};
  std::size_t at_work = 0;
  bool draining = false;
  bool connected = false;
};

/// What tasks wait for that no member has.
struct worker_want {
  std::string needs{};
  std::size_t tasks = 0;
  std::chrono::milliseconds since{0};  ///< how long nobody could take them
};

/// The server of a cluster: workers join it, and run the nodes and agents that it is given. Safe
/// from several threads.
class cluster_server final : public remote_nodes {
 public:
  /// Listens. Throws `connection_failed`; `invalid_argument` for a certificate, and for an address
  /// that others reach without one.
  [[nodiscard]] static std::shared_ptr<cluster_server> start(server_options options);
  ~cluster_server() override;

  /// Where it listens.
  [[nodiscard]] const socket_address& address() const noexcept { return address_; }
  [[nodiscard]] std::vector<member_status> members() const;
  /// Tasks that wait for a worker.
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] std::vector<worker_want> wants() const;
  /// What runs wait for that no member has, by run.
  [[nodiscard]] std::map<std::string, std::string> wants_of_runs() const;
  /// The member gets no more tasks. False: there is none of this name.
  bool drain(const std::string& member);

  /// Who keeps, for the servers after this one, which versions of plugins runs are pinned to.
  /// Before the first task.
  void keep_pins(pin_keeper keeper);

  void add_system(std::string hash, std::string name, std::string text) override;
  void remove_system(std::string hash) override;
  void submit(std::shared_ptr<remote_call> call) override;
  void withdraw(std::shared_ptr<remote_call> call) override;
  void submit(std::shared_ptr<remote_agent_call> call) override;
  void withdraw(std::shared_ptr<remote_agent_call> call) override;
  void answer(std::shared_ptr<remote_agent_call> call, agent_answer_message answer) override;

 private:
  struct parts;
  explicit cluster_server(server_options options);

  socket_address address_;
  std::unique_ptr<parts> parts_;
};

}  // namespace mcp::cluster
