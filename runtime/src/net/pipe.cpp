#include "net/pipe.hpp"

#include "delivery/frame_stream.hpp"
#include "mcp/error.hpp"

#include <memory>

namespace mcp::cluster {
namespace {

constexpr std::size_t read_at_once = 64UL * 1024;

void quiet(caf::io::broker* self) {
  self->set_default_handler(caf::drop);
  self->set_exception_handler(
      [](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
}

void end_pipe(caf::io::broker* self, const caf::actor& owner, std::string reason) {
  self->send(owner, pipe_closed{self->id(), std::move(reason)});
  self->quit();
}

}  // namespace

caf::behavior pipe(caf::io::broker* self, caf::io::connection_handle connection,
                   const caf::actor& owner) {
  quiet(self);
  self->monitor(owner);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  self->configure_read(connection, caf::io::receive_policy::at_most(read_at_once));
  const auto splitter = std::make_shared<frame_splitter>();
  return {[self, owner, splitter](const caf::io::new_data_msg& data) {
            pipe_frames arrived{self->id(), {}};
            try {
              splitter->feed({data.buf.data(), data.buf.size()});
              while (auto frame = splitter->next()) arrived.frames.push_back(std::move(*frame));
            } catch (const error& wrong) {
              if (!arrived.frames.empty()) self->send(owner, std::move(arrived));
              return end_pipe(self, owner, wrong.message());
            }
            if (!arrived.frames.empty()) self->send(owner, std::move(arrived));
          },
          [self, owner](const caf::io::connection_closed_msg&) {
            end_pipe(self, owner, "the far end closed the connection");
          },
          [self, connection](const pipe_frames& given) {
            auto& out = self->wr_buf(connection);
            for (const auto& frame : given.frames) append_frame(out, frame);
            self->flush(connection);
          },
          [self, connection](close_message) {
            self->close(connection);  // what was written still goes out
            self->quit();
          }};
}

caf::behavior dialled_pipe(caf::io::broker* self, int socket, const std::string& address,
                           const caf::actor& owner) {
  const auto connection = self->add_scribe(socket);
  self->send(owner, pipe_opened{caf::actor_cast<caf::actor>(self), address});
  return pipe(self, connection, owner);
}

caf::behavior door(caf::io::broker* self, int socket, const caf::actor& owner) {
  quiet(self);
  self->add_doorman(socket);
  self->monitor(owner);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  return {[self, owner](const caf::io::new_connection_msg& arrived) {
            auto address = self->remote_addr(arrived.handle) + ":" +
                           std::to_string(self->remote_port(arrived.handle));
            auto made = self->fork(pipe, arrived.handle, owner);
            self->send(owner, pipe_opened{std::move(made), std::move(address)});
          },
          [self](close_message) { self->quit(); }};
}

}  // namespace mcp::cluster
