#include "io/http_transfer.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <exception>
#include <new>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace mcp::io {
namespace {

using std::chrono::milliseconds;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// The address of a connection that libcurl takes from its pool, which no filter has seen yet.
bool allowed(const std::function<bool(const sockaddr&)>& filter, const char* text) {
  sockaddr_in v4{};
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    return filter(reinterpret_cast<const sockaddr&>(v4));
  }
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1) return false;
  v6.sin6_family = AF_INET6;
  return filter(reinterpret_cast<const sockaddr&>(v6));
}

template <class... Rest>
void set(CURL* easy, CURLoption option, Rest... rest) {
  if (curl_easy_setopt(easy, option, rest...) != CURLE_OK) throw std::bad_alloc{};
}

}  // namespace

http_transfer::http_transfer(http_request request, http_events events,
                             std::shared_ptr<http_mailbox> mailbox, steady_time now)
    : request_(std::move(request)),
      events_(std::move(events)),
      mailbox_(std::move(mailbox)),
      place_(place_of(request_.url)),
      started_(now),
      since_(now) {}

void http_transfer::cancel() {
  if (!cancelled_.exchange(true)) mailbox_->cancel(shared_from_this());
}

std::optional<http_end> http_transfer::open(steady_time now, std::function<void()> phase_changed) {
  if (!place_) {
    return http_end{.failure =
                        error{errc::invalid_argument, "the URL is not an http or https one"}};
  }
  try {
    easy_.reset(curl_easy_init());
    if (!easy_) throw std::bad_alloc{};
    curl_says_.assign(CURL_ERROR_SIZE, '\0');
    phase_changed_ = std::move(phase_changed);
    set_target(easy_.get());
    set_body(easy_.get());
    set_headers(easy_.get());
    set_transport(easy_.get());
    set_callbacks(easy_.get());
  } catch (const std::bad_alloc&) {
    return broken(errc::overloaded, "no memory, or an option that this libcurl does not know",
                  false);
  }
  phase_ = phase::connecting;
  since_ = now;
  return std::nullopt;
}

void http_transfer::set_target(CURL* easy) {
  set(easy, CURLOPT_URL, request_.url.c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  set(easy, CURLOPT_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
  set(easy, CURLOPT_REDIR_PROTOCOLS, long{CURLPROTO_HTTP | CURLPROTO_HTTPS});
#endif
  if (request_.follow_redirects > 0) {
    set(easy, CURLOPT_FOLLOWLOCATION, 1L);
    set(easy, CURLOPT_MAXREDIRS, static_cast<long>(request_.follow_redirects));
  }
}

void http_transfer::set_body(CURL* easy) {
  const auto& method = request_.method;
  if (method == "HEAD") {
    set(easy, CURLOPT_NOBODY, 1L);
  } else if (method == "POST" || !request_.body.empty()) {
    set(easy, CURLOPT_POST, 1L);
    set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(easy, CURLOPT_POSTFIELDS, request_.body.data());  // not copied: lives as long as the handle
  }
  if (method != "GET" && method != "POST" && method != "HEAD") {
    set(easy, CURLOPT_CUSTOMREQUEST, method.c_str());
  }
}

void http_transfer::set_headers(CURL* easy) {
  const auto add = [this](const std::string& line) {
    auto* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  };
  for (const auto& [name, value] : request_.headers) {
    // A header without a value needs this spelling, or libcurl leaves it out.
    add(value.empty() ? name + ";" : name + ": " + value);
  }
  add("Expect:");  // no waiting for "100 Continue" before a large body
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void http_transfer::set_transport(CURL* easy) {
  constexpr milliseconds no_limit{std::chrono::hours{24}};
  const auto connect = request_.timeouts.connect;
  set(easy, CURLOPT_CONNECTTIMEOUT_MS,
      static_cast<long>((connect > milliseconds{0} ? connect : no_limit).count()));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(easy, CURLOPT_ERRORBUFFER, curl_says_.data());
#if LIBCURL_VERSION_NUM >= 0x075700
  // Without it, ending a call in its name look-up waits for the resolver, and all calls with it.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  if (!request_.ca_file.empty()) set(easy, CURLOPT_CAINFO, request_.ca_file.c_str());
  if (request_.allow_address) set(easy, CURLOPT_NOPROXY, "*");
}

void http_transfer::set_callbacks(CURL* easy) {
  using self = http_transfer;
  using from_curl = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  const from_curl on_header = [](char* bytes, std::size_t, std::size_t size, void* owner) {
    return static_cast<self*>(owner)->header({bytes, size}) ? size : std::size_t{0};
  };
  const from_curl on_data = [](char* bytes, std::size_t, std::size_t size, void* owner) {
    return static_cast<self*>(owner)->data({bytes, size}) ? size : std::size_t{0};
  };
  const curl_opensocket_callback on_socket = [](void* owner, curlsocktype, curl_sockaddr* address) {
    return static_cast<self*>(owner)->open_socket(*address);
  };
  const curl_prereq_callback on_connected = [](void* owner, char* address, char*, int, int) {
    return static_cast<self*>(owner)->connected(address) ? CURL_PREREQFUNC_OK
                                                         : CURL_PREREQFUNC_ABORT;
  };
  set(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
  set(easy, CURLOPT_HEADERFUNCTION, on_header);
  set(easy, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(easy, CURLOPT_WRITEFUNCTION, on_data);
  set(easy, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
  set(easy, CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(easy, CURLOPT_PREREQFUNCTION, on_connected);
  set(easy, CURLOPT_PREREQDATA, static_cast<void*>(this));
}

template <class Work>
bool http_transfer::guarded(Work&& work) noexcept {
  if (cancelled()) return false;
  try {
    return work();
  } catch (const error& failure) {
    stopped_ = http_end{.failure = failure};
  } catch (const std::exception& failure) {
    stopped_ = broken(errc::node_failed, failure.what(), false);
  } catch (...) {
    stopped_ = broken(errc::node_failed, "the receiver of the answer failed", false);
  }
  return false;
}

void http_transfer::enter(phase next) {
  since_ = std::chrono::steady_clock::now();
  if (phase_ == next) return;
  phase_ = next;
  if (phase_changed_) phase_changed_();
}

bool http_transfer::connected(const char* address) {
  return guarded([&] {
    if (request_.allow_address && !allowed(request_.allow_address, address)) {
      refused_address_ = true;
      return false;
    }
    enter(phase::answering);
    return true;
  });
}

curl_socket_t http_transfer::open_socket(curl_sockaddr& address) {
  curl_socket_t made = CURL_SOCKET_BAD;
  static_cast<void>(guarded([&] {
    if (request_.allow_address && !request_.allow_address(address.addr)) {
      refused_address_ = true;
      return false;
    }
    // A child process that inherited the socket would keep the connection open after a cancel.
    made = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
    return true;
  }));
  return made;
}

bool http_transfer::header(std::string_view line) {
  return guarded([&] {
    enter(phase::streaming);
    head_bytes_ += line.size();
    if (head_bytes_ > http_limits::header_bytes) {
      stopped_ = broken(errc::too_large,
                        "the headers of the answer are larger than " +
                            std::to_string(http_limits::header_bytes) +
                            " bytes (http_limits::header_bytes)",
                        false);
      return false;
    }
    const auto text = trimmed(line);
    if (text.starts_with("HTTP/")) {  // also after a redirect or an interim answer
      head_ = {};
      return true;
    }
    if (text.empty()) return deliver_head();
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return true;
    head_.headers.push_back({std::string{trimmed(text.substr(0, colon))},
                             std::string{trimmed(text.substr(colon + 1))}});
    return true;
  });
}

bool http_transfer::deliver_head() {
  if (head_delivered_) return true;  // trailers
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  head_.status = static_cast<int>(status);
  const bool interim = status < 200;
  const bool followed =
      request_.follow_redirects > 0 && is_redirect(head_.status) && !head_.find("location").empty();
  if (interim || followed) return true;
  const char* url = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_EFFECTIVE_URL, &url);
  if (url != nullptr) head_.url = url;
  head_delivered_ = true;
  if (events_.on_headers) events_.on_headers(head_);
  return !cancelled();
}

bool http_transfer::data(std::string_view bytes) {
  return guarded([&] {
    since_ = std::chrono::steady_clock::now();
    received_ += bytes.size();
    if (received_ > request_.max_body) {
      stopped_ = broken(
          errc::too_large,
          "the answer is larger than max_body, " + std::to_string(request_.max_body) + " bytes",
          false);
      return false;
    }
    if (events_.on_data && !events_.on_data(bytes)) {
      stopped_ = broken(errc::cancelled, "the receiver wants no more of the answer", false);
      return false;
    }
    return !cancelled();
  });
}

void http_transfer::end(http_end how) noexcept {
  phase_ = phase::ended;
  easy_.reset();
  headers_.reset();
  phase_changed_ = nullptr;
  // The handlers may own the caller's side of this call: let go of them.
  auto events = std::exchange(events_, {});
  if (events.on_end) events.on_end(std::move(how));
}

}  // namespace mcp::io
