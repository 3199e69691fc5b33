#pragma once

#include "net/caf.hpp"
#include "net/post_box.hpp"

#include <memory>
#include <utility>

namespace mcp::cluster {

/// Base of the cluster's actors: nothing of CAF's defaults prints or lets an exception through.
/// They live on the thread that reads and writes the connections, as between it and a thread of the
/// scheduler each message would cost a wake-up: they must never wait.
class cluster_actor : public caf::io::broker {
 public:
  explicit cluster_actor(caf::actor_config& config) : caf::io::broker(config) {
    set_default_handler(caf::drop);
    set_down_handler([](caf::down_msg&) {});
    set_exception_handler(
        [](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
  }

  /// A broker of CAF 0.17 leaves its mailbox open and full when it ends: what is in there, such as
  /// a delayed message to itself, would keep it for ever. It has no sockets of its own to close.
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    return caf::scheduled_actor::cleanup(std::move(reason), host);
  }

  /// For those who have it do something: they hold a handle of it.
  [[nodiscard]] const std::shared_ptr<post_box>& box() const noexcept { return box_; }

 protected:
  /// After what was posted.
  virtual void settled() = 0;

 private:
  const std::shared_ptr<post_box> box_ = std::make_shared<post_box>([this] { settled(); });
};

}  // namespace mcp::cluster
