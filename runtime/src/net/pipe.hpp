#pragma once

#include "net/caf.hpp"
#include "net/tls.hpp"

#include <memory>

namespace mcp::cluster {

/// A broker that moves frames over one connection: `pipe_frames` both ways, `pipe_closed` at the
/// end, `close_message` to end it. It holds no more than what its owner sent and one frame. What is
/// no frame closes the connection. `tls`: encrypted; null: plain.
[[nodiscard]] caf::behavior pipe(caf::io::broker* self, caf::io::connection_handle connection,
                                 const caf::actor& owner, std::shared_ptr<tls_channel> tls);
/// The same over a connected socket, which it takes; says `pipe_opened` first.
[[nodiscard]] caf::behavior dialled_pipe(caf::io::broker* self, int socket,
                                         const std::string& address, const caf::actor& owner,
                                         std::shared_ptr<tls_channel> tls);
/// A broker that accepts connections on a listening socket, which it takes, and says `pipe_opened`
/// of each. `tls`: where their certificates come from; null: plain.
[[nodiscard]] caf::behavior door(caf::io::broker* self, int socket, const caf::actor& owner,
                                 std::shared_ptr<tls_source> tls);

}  // namespace mcp::cluster
