#pragma once

#include "net/caf.hpp"

namespace mcp::cluster {

/// A broker that moves frames over one connection: `pipe_frames` both ways, `pipe_closed` at the
/// end, `close_message` to end it. It holds no more than what its owner sent and one frame. What is
/// no frame closes the connection.
[[nodiscard]] caf::behavior pipe(caf::io::broker* self, caf::io::connection_handle connection,
                                 const caf::actor& owner);
/// The same over a connected socket, which it takes; says `pipe_opened` first.
[[nodiscard]] caf::behavior dialled_pipe(caf::io::broker* self, int socket,
                                         const std::string& address, const caf::actor& owner);
/// A broker that accepts connections on a listening socket, which it takes, and says `pipe_opened`
/// of each.
[[nodiscard]] caf::behavior door(caf::io::broker* self, int socket, const caf::actor& owner);

}  // namespace mcp::cluster
