// The callers' side of the line: opening, sending, listening, closing.
#include "mcp_client/http_line.hpp"

#include <algorithm>
#include <iterator>
#include <vector>

namespace mcp::protocol {

void http_line::open() {
  close();
  const std::lock_guard lock{mutex_};
  session_.open();
}

void http_line::renew() {
  const std::lock_guard lock{mutex_};
  for (auto one = errands_.begin(); one != errands_.end();) {
    const bool listens = (*one)->kind == http_kind::listen;
    if (listens && (*one)->call) (*one)->call->cancel();
    one = listens ? errands_.erase(one) : std::next(one);
  }
  session_.open();
}

bool http_line::send(std::string message, std::optional<rpc_id> id) {
  using phase = http_session::phase;
  const std::lock_guard lock{mutex_};
  const auto now = session_.where();
  if (now == phase::closed) return false;
  const auto side = std::count_if(errands_.begin(), errands_.end(),
                                  [](const auto& one) { return one->kind == http_kind::side; });
  if (!id && static_cast<std::size_t>(side) >= http_options::side_calls) return false;
  const auto kind = !id                      ? http_kind::side
                    : now == phase::greeting ? http_kind::hello
                                             : http_kind::request;
  const auto made = std::make_shared<http_errand>(kind, id.value_or(0), std::move(message));
  // The first thing that is said after the handshake is that it is over.
  made->announces = !id && now == phase::announcing &&
                    std::none_of(errands_.begin(), errands_.end(),
                                 [](const auto& one) { return one->announces; });
  begin(made);
  return true;
}

void http_line::begin(const errand& what) {
  what->number = session_.number();
  what->session = session_.id();
  what->version = session_.version();
  errands_.insert(what);
  // Servers refuse requests that overtake the end of the handshake.
  const bool early = session_.where() == http_session::phase::announcing;
  if (what->kind != http_kind::request || !early) launch(what);
}

void http_line::launch(const errand& what) {
  const auto self = shared_from_this();
  what->call = client_.start(
      what->begin(options_),
      {.on_headers = [self, what](const io::http_head& head) { self->headers(*what, head); },
       .on_data = [self, what](std::string_view piece) { return self->data(*what, piece); },
       .on_end =
           [self, what](io::http_end how) {
             // A call that cannot even wait ends at once, with our lock held.
             self->later({}, [self, what, how = std::move(how)] { self->ended(what, how); });
           }});
}

void http_line::settled(rpc_id id, bool answered) {
  const std::lock_guard lock{mutex_};
  for (const auto& one : errands_) {
    if (one->id != id) continue;
    one->settled = true;
    if (!answered) {
      if (one->call) one->call->cancel();
    } else if (one->call) {
      later(http_options::stream_grace, [weak = std::weak_ptr{one->call}] {
        if (const auto call = weak.lock()) call->cancel();
      });
    }
    return;
  }
}

void http_line::established(const std::string& version) {
  const std::lock_guard lock{mutex_};
  session_.agreed(version);
}

/// The server knows that the handshake is over: what was held back may go.
void http_line::go_on() {
  const std::lock_guard lock{mutex_};
  if (!session_.announced()) return;
  listen();
  std::vector<errand> held;
  for (const auto& one : errands_) {
    if (one->kind == http_kind::request && !one->call) held.push_back(one);
  }
  std::sort(held.begin(), held.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  for (const auto& one : held) {
    if (one->settled) {
      errands_.erase(one);
    } else {
      launch(one);
    }
  }
}

void http_line::listen() {
  if (!session_.may_listen()) return;
  const auto made = std::make_shared<http_errand>(http_kind::listen, 0, std::string{});
  begin(made);
}

void http_line::close() {
  const std::lock_guard lock{mutex_};
  for (const auto& one : errands_) {
    if (one->call) one->call->cancel();
  }
  errands_.clear();
  if (session_.to_end()) take_farewell();
  session_.close();
}

void http_line::take_farewell() {
  http_errand farewell{http_kind::side, 0, {}};
  farewell.session = session_.id();
  farewell.version = session_.version();
  auto request = farewell.begin(options_);
  request.method = "DELETE";
  request.timeouts.total = http_options::farewell_time;
  ++farewells_;
  // Whatever the server says: 405 is the answer of those that end sessions by themselves.
  client_.start(std::move(request), {.on_data = [](std::string_view) { return false; },
                                     .on_end =
                                         [self = shared_from_this()](const io::http_end&) {
                                           self->later({}, [self] {
                                             const std::lock_guard lock{self->mutex_};
                                             --self->farewells_;
                                             self->changed_.notify_all();
                                           });
                                         }});
}

void http_line::wait_for_farewell() {
  std::unique_lock lock{mutex_};
  if (loop_thread_ == std::this_thread::get_id()) return;
  changed_.wait_for(lock, http_options::farewell_wait, [this] { return farewells_ == 0; });
}

}  // namespace mcp::protocol
