#pragma once

#include "members/cluster_server.hpp"
#include "plugins/plugin_rules.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

/// A session of a server and a worker as the bytes on the wire: recorded between real ones, and
/// played against today's. tests/runtime/recorded/README.md tells how.
namespace mcp::test {

enum class wire_end : std::uint8_t { worker, server };

struct recorded_frame {
  wire_end from = wire_end::worker;
  std::string bytes{};
  std::string content{};  ///< what it says, in words
};
using recorded_session = std::vector<recorded_frame>;

/// What a frame says, as its decoder reads it. Throws what the decoder throws.
[[nodiscard]] std::string content_of(wire_end from, std::string_view frame);

/// The same without what differs from session to session: names of runs, texts of errors.
[[nodiscard]] std::string comparable(wire_end from, std::string_view frame);
[[nodiscard]] std::string hex_of(std::string_view bytes);

[[nodiscard]] recorded_session read_session(const std::string& file);
void write_session(const std::string& file, const recorded_session& session);

/// Stands between a worker and a server and writes down what they say.
class wire_recorder {
 public:
  explicit wire_recorder(const cluster::socket_address& server);
  /// Waits until the worker, or the server, has closed the connection.
  [[nodiscard]] recorded_session finish();
  [[nodiscard]] const cluster::socket_address& address() const noexcept { return address_; }

 private:
  void record();

  cluster::socket_address server_;
  cluster::socket_address address_{"127.0.0.1", 0};
  int listener_ = -1;
  recorded_session session_;
  std::thread thread_;
};

/// One end of a session, played as it was recorded: each frame once the other end has said what it
/// had said by then. Acks of the other end may differ, and what `comparable` leaves out.
class recorded_peer {
 public:
  /// Connects to the server.
  recorded_peer(recorded_session session, const cluster::socket_address& server);
  /// Waits for a worker at `address()`.
  explicit recorded_peer(recorded_session session);
  recorded_peer(const recorded_peer&) = delete;
  recorded_peer& operator=(const recorded_peer&) = delete;
  ~recorded_peer();

  [[nodiscard]] const cluster::socket_address& address() const noexcept { return address_; }
  /// Waits until all was played. Returns what was not as recorded; empty: nothing.
  [[nodiscard]] std::string finish();

 private:
  void play(wire_end mine);

  recorded_session session_;
  cluster::socket_address address_{"127.0.0.1", 0};
  int socket_ = -1;  ///< or that which listens
  std::string difference_;
  std::thread thread_;
};

/// The nodes of the session's file, and what a server does with it.
extern const plugin_manifest session_nodes;
/// Runs whatever has a message of its own. `leave` is called when the worker has nothing to do.
void play_session(const std::shared_ptr<cluster::cluster_server>& server, const std::string& file,
                  const std::function<void()>& leave);
extern const std::string session_file;

}  // namespace mcp::test
