#include "mcp_client/stdio_transport.hpp"

#include "mcp_client/line_splitter.hpp"
#include "mcp_client/log_valve.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace mcp::protocol {
namespace {

constexpr std::size_t read_bytes = 64UL << 10;
using std::chrono::steady_clock;

/// What a read made of a pipe: bytes, nothing yet, or its end.
enum class pipe_state { open, ended };

}  // namespace

class stdio_transport::worker {
 public:
  worker(stdio_options options, transport_events events)
      : options_(std::move(options)),
        events_(std::move(events)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wake_.get() < 0) throw error{errc::connection_failed, "no file descriptor for a server"};
  }

  static void begin(const std::shared_ptr<worker>& self) {
    self->thread_ = std::thread{[self] { self->run(); }};
  }
  void open() {
    const std::lock_guard lock{mutex_};
    wanted_ = true;
    closing_ = false;
    out_.clear();
    ring();
    changed_.notify_one();
  }
  bool send(const std::string& message, bool is_request) {
    const std::lock_guard lock{mutex_};
    // What a server makes us say must leave room for what we ask.
    const auto room = is_request ? options_.waiting_bytes : options_.waiting_bytes / 4;
    if (out_.size() + message.size() + 1 > room) return false;
    out_ += message;
    out_ += '\n';
    ring();
    return true;
  }
  void close() {
    const std::lock_guard lock{mutex_};
    closing_ = true;
    wanted_ = false;
    ring();
  }
  void end() {
    {
      const std::lock_guard lock{mutex_};
      ending_ = true;
      closing_ = true;
      changed_.notify_one();
      ring();
    }
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  void ring() const {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
  }

  void run() {
    // A server that has closed its input would end this process by SIGPIPE.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return wanted_ || ending_; });
      if (ending_) return;
      wanted_ = false;
      lock.unlock();
      serve();
      lock.lock();
    }
  }

  void serve() {
    std::optional<error> reason;
    try {
      child_process child{options_.child};
      reason = talk(child);
      const auto how = stop(child);
      if (reason) reason = error{reason->code(), reason->message() + "; the process " + how};
    } catch (const error& failure) {
      reason = failure;
    }
    bool tell = false;
    {
      const std::lock_guard lock{mutex_};
      tell = reason && !closing_;
    }
    if (tell) events_.on_closed(*reason);
  }

  /// Until the connection ends; why, unless it was meant.
  std::optional<error> talk(child_process& child) {
    line_splitter lines{options_.message_bytes};
    line_splitter log_lines{stdio_options::log_line_bytes};
    log_valve log{events_.on_log};
    std::string writing;
    for (;;) {
      {
        const std::lock_guard lock{mutex_};
        if (closing_ || wanted_) return std::nullopt;
        if (writing.empty()) writing.swap(out_);
      }
      std::array<pollfd, 4> watched{{{child.output(), POLLIN, 0},
                                     {child.errors(), POLLIN, 0},
                                     {wake_.get(), POLLIN, 0},
                                     {writing.empty() ? -1 : child.input(), POLLOUT, 0}}};
      if (::poll(watched.data(), watched.size(), -1) < 0) continue;
      if (watched[2].revents != 0) drain_wake();
      if (watched[3].revents != 0 && !write_some(child, writing)) {
        return error{errc::connection_failed, "the server has closed its input"};
      }
      if (watched[1].revents != 0 &&
          read_some(child.errors(), [&](std::string_view piece) {
            static_cast<void>(log_lines.feed(
                piece, [&](std::string_view l) { log.line(l, steady_clock::now()); }));
          }) == pipe_state::ended) {
        child.close_errors();
      }
      if (watched[0].revents == 0) continue;
      bool fits = true;
      const auto state = read_some(child.output(), [&](std::string_view piece) {
        fits = lines.feed(piece, [this](std::string_view l) { events_.on_message(l); });
      });
      if (!fits) {
        return error{errc::too_large, "the server wrote a line longer than " +
                                          std::to_string(options_.message_bytes) +
                                          " bytes (max_message_bytes)"};
      }
      if (state == pipe_state::ended) {
        return error{errc::connection_failed, "the server has closed its output"};
      }
    }
  }

  template <class Out>
  pipe_state read_some(int fd, const Out& out) {
    const auto got = ::read(fd, buffer_.data(), buffer_.size());
    if (got > 0) out(std::string_view{buffer_.data(), static_cast<std::size_t>(got)});
    const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    return got > 0 || later ? pipe_state::open : pipe_state::ended;
  }

  static bool write_some(const child_process& child, std::string& writing) {
    const auto done = ::write(child.input(), writing.data(), writing.size());
    if (done < 0) return errno == EAGAIN || errno == EINTR;
    writing.erase(0, static_cast<std::size_t>(done));
    return true;
  }

  void drain_wake() const {
    std::uint64_t count = 0;
    static_cast<void>(!::read(wake_.get(), &count, sizeof count));
  }

  std::string stop(child_process& child) const {
    child.close_input();
    if (!child.wait(options_.grace)) {
      child.signal(SIGTERM);
      static_cast<void>(child.wait(options_.grace));
    }
    return child.finish();
  }

  const stdio_options options_;
  const transport_events events_;
  const owned_fd wake_;
  std::array<char, read_bytes> buffer_{};
  std::thread thread_;
  std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  std::string out_;
  bool wanted_ = false;
  bool closing_ = false;
  bool ending_ = false;
};

stdio_transport::stdio_transport(stdio_options options, transport_events events)
    : worker_(std::make_shared<worker>(std::move(options), std::move(events))) {
  worker::begin(worker_);
}

stdio_transport::~stdio_transport() {
  worker_->end();
}

void stdio_transport::open() {
  worker_->open();
}

bool stdio_transport::send(std::string message, std::optional<rpc_id> id) {
  return worker_->send(message, id.has_value());
}

void stdio_transport::close() {
  worker_->close();
}

}  // namespace mcp::protocol
