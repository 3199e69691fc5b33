#include "io/http_client.hpp"

#include "io/http_mailbox.hpp"
#include "io/http_transfer.hpp"
#include "io/socket_watch.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <map>
#include <thread>
#include <unordered_set>
#include <utility>

#include <curl/curl.h>
#include <pthread.h>
#include <sys/resource.h>

namespace mcp::io {
namespace {

struct multi_deleter {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};

/// libcurl's global state, once; before any client, so that it outlives them all.
CURLM* new_multi() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = ready == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) throw error{errc::connection_failed, "libcurl cannot be initialised"};
  return multi;
}

/// Signals belong to the program's threads; a broken TLS connection must not raise SIGPIPE either.
class all_signals_blocked {
 public:
  all_signals_blocked() {
    sigset_t all;
    sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) {
      sigdelset(&all, fault);
    }
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  all_signals_blocked(const all_signals_blocked&) = delete;
  all_signals_blocked& operator=(const all_signals_blocked&) = delete;
  ~all_signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_{};
};

std::size_t places(std::size_t wanted) {
  if (wanted > 0) return wanted;
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) {
    return http_limits::calls_in_flight;
  }
  const auto most = static_cast<std::size_t>(files.rlim_cur);
  const auto free = most > 2 * http_limits::files_kept_free ? most - http_limits::files_kept_free
                                                            : std::max<std::size_t>(1, most / 2);
  return std::min(free, http_limits::calls_in_flight);
}

}  // namespace

class http_client::loop {
 public:
  explicit loop(http_client_options options)
      : most_waiting_(options.waiting_calls), most_active_(places(options.calls_in_flight)) {
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, long{http_limits::idle_connections});
    const all_signals_blocked for_the_thread;
    thread_ = std::thread{[this] { run(); }};
    mailbox_->belongs_to(thread_.get_id());
  }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop() {
    mailbox_->close();
    thread_.join();
  }

  [[nodiscard]] http_mailbox& mailbox() noexcept { return *mailbox_; }
  std::shared_ptr<http_call> start(http_request request, http_events events);

 private:
  using transfer_ptr = std::shared_ptr<http_transfer>;

  void run() noexcept;
  void read_mail();
  void fire_timers();
  void begin_waiting();
  void begin(const transfer_ptr& transfer);
  void finish_done();
  void finish(const transfer_ptr& transfer, http_end how) noexcept;
  void watch(const transfer_ptr& transfer);
  void end_everything() noexcept;

  std::size_t most_waiting_;
  std::size_t most_active_;
  std::unique_ptr<CURLM, multi_deleter> multi_{new_multi()};
  socket_watch sockets_{multi_.get()};
  std::shared_ptr<http_mailbox> mailbox_ =
      std::make_shared<http_mailbox>([this] { sockets_.wake(); });
  std::atomic<std::size_t> waiting_count_{0};
  std::map<std::uint64_t, transfer_ptr> waiting_;  // by arrival
  std::uint64_t arrivals_ = 0;
  std::unordered_set<transfer_ptr> active_;
  bool closing_ = false;
  std::thread thread_;
};

std::shared_ptr<http_call> http_client::loop::start(http_request request, http_events events) {
  auto transfer = std::make_shared<http_transfer>(std::move(request), std::move(events), mailbox_,
                                                  std::chrono::steady_clock::now());
  if (waiting_count_.fetch_add(1) >= most_waiting_) {
    waiting_count_.fetch_sub(1);
    transfer->end(
        {.failure = error{errc::overloaded, "more than " + std::to_string(most_waiting_) +
                                                " HTTP calls (waiting_calls) wait for their start"},
         .passing = true});
    return transfer;
  }
  mailbox_->start(transfer);
  return transfer;
}

void http_client::loop::run() noexcept {
  while (!closing_) {
    read_mail();
    fire_timers();
    begin_waiting();
    if (closing_) break;
    sockets_.turn(mailbox_->next_wait(std::chrono::steady_clock::now()));
    finish_done();
  }
  end_everything();
}

void http_client::loop::read_mail() {
  auto letters = mailbox_->take();
  closing_ = letters.closing;
  for (auto& transfer : letters.started) {
    watch(transfer);
    transfer->arrival = arrivals_++;
    waiting_.emplace_hint(waiting_.end(), transfer->arrival, std::move(transfer));
  }
  for (const auto& transfer : letters.cancelled) finish(transfer, transfer->result(CURLE_OK));
}

void http_client::loop::fire_timers() {
  // Timers that a task adds wait for the next round, so that they cannot starve the sockets.
  const auto newer = mailbox_->next_timer_id();
  const auto now = std::chrono::steady_clock::now();
  while (const auto task = mailbox_->take_due(now, newer)) task();
}

void http_client::loop::begin_waiting() {
  while (!waiting_.empty() && active_.size() < most_active_) {
    begin(transfer_ptr{waiting_.begin()->second});
  }
}

void http_client::loop::begin(const transfer_ptr& transfer) {
  auto refused = transfer->open(std::chrono::steady_clock::now(),
                                [this, raw = transfer.get()] { watch(raw->self()); });
  if (refused) return finish(transfer, std::move(*refused));
  if (curl_multi_add_handle(multi_.get(), transfer->handle()) != CURLM_OK) {
    return finish(transfer, {.failure = error{errc::overloaded, "libcurl takes no more calls"},
                             .passing = true});
  }
  waiting_.erase(transfer->arrival);
  waiting_count_.fetch_sub(1);
  active_.insert(transfer);
  watch(transfer);
}

void http_client::loop::finish_done() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    void* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    const auto code = message->data.result;
    const auto transfer = static_cast<http_transfer*>(owner)->self();
    finish(transfer, transfer->result(code));
  }
}

/// Closes the socket of a call under way, then tells the caller. Calls that ended stay ended.
void http_client::loop::finish(const transfer_ptr& transfer, http_end how) noexcept {
  if (transfer->where() == http_transfer::phase::ended) return;
  if (active_.erase(transfer) > 0) {
    curl_multi_remove_handle(multi_.get(), transfer->handle());
  } else {
    waiting_.erase(transfer->arrival);
    waiting_count_.fetch_sub(1);
  }
  mailbox_->forget(transfer->timer);
  transfer->end(std::move(how));
}

/// Sets the timer for the call's next deadline, or ends the call when that has passed.
void http_client::loop::watch(const transfer_ptr& transfer) {
  mailbox_->forget(std::exchange(transfer->timer, 0));
  const auto next = transfer->next_deadline();
  if (!next) return;
  transfer->timer = mailbox_->add_own_timer(next->when, [this, transfer] {
    const auto current = transfer->next_deadline();
    if (current && current->when <= std::chrono::steady_clock::now()) {
      finish(transfer, transfer->late(*current));
    } else {
      watch(transfer);
    }
  });
}

void http_client::loop::end_everything() noexcept {
  const auto stop = [this](const transfer_ptr& transfer) {
    finish(transfer, {.failure = error{errc::cancelled, "the HTTP client was closed"}});
  };
  while (!active_.empty()) stop(transfer_ptr{*active_.begin()});
  while (!waiting_.empty()) stop(transfer_ptr{waiting_.begin()->second});
  for (auto letters = mailbox_->take(); !letters.started.empty(); letters = mailbox_->take()) {
    for (const auto& transfer : letters.started) stop(transfer);
  }
  mailbox_->shut();
}

http_client::http_client(http_client_options options) : loop_(std::make_unique<loop>(options)) {}

http_client::~http_client() = default;

http_client& http_client::shared() {
  static http_client client;
  return client;
}

std::shared_ptr<http_call> http_client::start(http_request request, http_events events) {
  return loop_->start(std::move(request), std::move(events));
}

event_loop::timer_id http_client::call_at(steady_time when, std::function<void()> task) {
  return loop_->mailbox().add_timer(when, std::move(task));
}

void http_client::forget(timer_id timer) {
  loop_->mailbox().forget(timer);
}

}  // namespace mcp::io
