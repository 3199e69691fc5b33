#include "net/pipe.hpp"

#include "delivery/frame_stream.hpp"
#include "mcp/error.hpp"

#include <memory>
#include <utility>

#include <sys/socket.h>

namespace mcp::cluster {
namespace {

constexpr std::size_t read_at_once = 64UL * 1024;

void quiet(caf::io::broker* self) {
  self->set_default_handler(caf::drop);
  self->set_exception_handler(
      [](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
}

/// What one pipe works with.
class connection {
 public:
  connection(caf::io::broker* self, caf::io::connection_handle at, caf::actor owner,
             std::shared_ptr<tls_channel> tls)
      : self_(self), at_(at), owner_(std::move(owner)), tls_(std::move(tls)) {}

  /// What the channel has to say of itself.
  void begin() {
    self_->ack_writes(at_, true);
    if (tls_) send_encrypted();
  }

  void arrived(const std::vector<char>& bytes) {
    if (closing_) return;
    pipe_frames heard{self_->id(), {}, {}};
    std::string wrong;
    try {
      decode({bytes.data(), bytes.size()}, heard.frames);
    } catch (const error& what) {
      wrong = what.message();
    }
    if (tls_) {
      heard.certified = tls_->peer();
      send_encrypted();  // an alert, too
    }
    if (!heard.frames.empty()) self_->send(owner_, std::move(heard));
    if (!wrong.empty()) end(std::move(wrong));
  }

  void send(const pipe_frames& given) {
    if (closing_) return;
    if (!tls_) {
      auto& out = self_->wr_buf(at_);
      for (const auto& frame : given.frames) append_frame(out, frame);
      return flush();
    }
    std::vector<char> plain;
    for (const auto& frame : given.frames) append_frame(plain, frame);
    try {
      tls_->say({plain.data(), plain.size()});
      send_encrypted();
    } catch (const error& wrong) {
      end(wrong.message());
    }
  }

  void end(std::string reason) {
    self_->send(owner_, pipe_closed{self_->id(), std::move(reason)});
    close();
  }

  /// What was sent last still goes out, unless the far end does not take what was sent before it;
  /// then the connection is cut. CAF's own way to close waits for the far end, which may never
  /// answer.
  void close() {
    if (std::exchange(closing_, true)) return;
    if (!unsent_ || behind_) cut();
  }

  void written(const caf::io::data_transferred_msg& what) {
    if (what.remaining > 0) return;
    unsent_ = behind_ = false;
    if (closing_) cut();
  }

  /// In CAF 0.17 the number of a connection's handle is its socket.
  void cut() const {
    if (self_->valid(at_)) ::shutdown(static_cast<int>(at_.id()), SHUT_RDWR);
  }

  /// The socket is closed.
  void gone() {
    if (!closing_) {
      self_->send(owner_, pipe_closed{self_->id(), "the far end closed the connection"});
    }
    self_->quit();
  }

 private:
  void decode(std::string_view bytes, std::vector<std::string>& frames) {
    if (tls_) {
      tls_->feed(bytes);
      splitter_.feed(tls_->take_said());
    } else {
      splitter_.feed(bytes);
    }
    while (auto frame = splitter_.next()) frames.push_back(std::move(*frame));
  }

  void send_encrypted() {
    const auto bytes = tls_->take_to_send();
    if (bytes.empty()) return;
    self_->write(at_, bytes.size(), bytes.data());
    flush();
  }

  void flush() {
    behind_ = unsent_;
    unsent_ = true;
    self_->flush(at_);
  }

  caf::io::broker* self_;
  caf::io::connection_handle at_;
  caf::actor owner_;
  std::shared_ptr<tls_channel> tls_;
  frame_splitter splitter_;
  bool closing_ = false;
  bool unsent_ = false;  ///< something is not written yet
  bool behind_ = false;  ///< and that before the last one neither
};

}  // namespace

caf::behavior pipe(caf::io::broker* self, caf::io::connection_handle at, const caf::actor& owner,
                   std::shared_ptr<tls_channel> tls) {
  quiet(self);
  self->configure_read(at, caf::io::receive_policy::at_most(read_at_once));
  const auto made = std::make_shared<connection>(self, at, owner, std::move(tls));
  self->monitor(owner);
  self->set_down_handler([made](caf::down_msg&) { made->close(); });
  made->begin();
  return {[made](const caf::io::new_data_msg& data) { made->arrived(data.buf); },
          [made](const caf::io::connection_closed_msg&) { made->gone(); },
          [made](const caf::io::data_transferred_msg& what) { made->written(what); },
          [made](const pipe_frames& given) { made->send(given); },
          [made](close_message) { made->close(); }};
}

caf::behavior dialled_pipe(caf::io::broker* self, int socket, const std::string& address,
                           const caf::actor& owner, std::shared_ptr<tls_channel> tls) {
  const auto at = self->add_scribe(socket);
  self->send(owner, pipe_opened{caf::actor_cast<caf::actor>(self), address});
  return pipe(self, at, owner, std::move(tls));
}

caf::behavior door(caf::io::broker* self, int socket, const caf::actor& owner,
                   std::shared_ptr<tls_source> tls) {
  quiet(self);
  self->add_doorman(socket);
  self->monitor(owner);
  self->set_down_handler([self](caf::down_msg&) { self->quit(); });
  return {[self, owner, tls](const caf::io::new_connection_msg& arrived) {
            auto address = self->remote_addr(arrived.handle) + ":" +
                           std::to_string(self->remote_port(arrived.handle));
            std::shared_ptr<tls_channel> channel;
            if (tls) channel = std::make_shared<tls_channel>(tls->current(), tls_role::accepts);
            auto made = self->fork(pipe, arrived.handle, owner, std::move(channel));
            self->send(owner, pipe_opened{std::move(made), std::move(address)});
          },
          [self](close_message) { self->quit(); }};
}

}  // namespace mcp::cluster
