#include "agents/http_server.hpp"

#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <list>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {
namespace {

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* what) const noexcept {
    Free(what);
  }
};
using ssl_context = std::unique_ptr<SSL_CTX, freed<SSL_CTX_free>>;
using ssl_stream = std::unique_ptr<SSL, freed<SSL_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY_free>>;
using certificate_ptr = std::unique_ptr<X509, freed<X509_free>>;

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  if (extension == nullptr) throw std::runtime_error{"bad certificate extension"};
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

certificate_ptr make_certificate(const tls_identity& identity, EVP_PKEY* key) {
  constexpr long day = 24L * 3600;
  certificate_ptr made{X509_new()};
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -2 * day);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), identity.expired ? -day : day);
  X509_set_pubkey(made.get(), key);
  auto* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  const bool address = std::isdigit(static_cast<unsigned char>(identity.name.front())) != 0;
  add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(made.get(), NID_subject_alt_name, (address ? "IP:" : "DNS:") + identity.name);
  X509_sign(made.get(), key, EVP_sha256());
  return made;
}

std::string write_certificate(X509* certificate) {
  auto path = (std::filesystem::temp_directory_path() / "mcp-test-XXXXXX").string();
  const int file = mkstemp(path.data());
  if (file < 0) throw std::runtime_error{"no temporary file"};
  auto* stream = fdopen(file, "w");
  PEM_write_X509(stream, certificate);
  fclose(stream);
  return path;
}

}  // namespace

void gate::open() {
  const std::scoped_lock lock{mutex_};
  open_ = true;
  changed_.notify_all();
}

void gate::wait() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return open_; });
}

namespace {

/// A socket, perhaps with TLS around it.
class socket_connection final : public connection {
 public:
  socket_connection(int socket, SSL_CTX* context) : socket_(socket) {
    if (context == nullptr) return;
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), socket_);
    if (SSL_accept(tls_.get()) != 1) broken_ = true;
  }
  ~socket_connection() override {
    if (tls_ && !broken_) SSL_shutdown(tls_.get());
    const std::scoped_lock lock{mutex_};
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  std::string read_request() override {
    auto end = std::string::npos;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return {};
    }
    std::size_t length = 0;
    if (const auto at = pending_.find("Content-Length: "); at < end) {
      length = std::stoul(pending_.substr(at + 16));
    }
    while (pending_.size() < end + 4 + length) {
      if (!receive()) return {};
    }
    auto request = pending_.substr(0, end + 4 + length);
    pending_.erase(0, request.size());
    return request;
  }

  bool send(std::string_view bytes) override {
    while (!bytes.empty() && !broken_) {
      const auto sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                             : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return !broken_;
  }

  void wait_for_close() override {
    while (receive()) pending_.clear();
  }

  void reset() override {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    broken_ = true;
  }

  /// From the server's thread: whatever the script waits for on the socket ends.
  void stop() {
    const std::scoped_lock lock{mutex_};
    if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
  }

 private:
  bool receive() {
    std::string piece(16384, '\0');
    if (broken_) return false;
    const auto got = tls_ ? SSL_read(tls_.get(), piece.data(), static_cast<int>(piece.size()))
                          : ::recv(socket_, piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    pending_.append(piece, 0, static_cast<std::size_t>(got));
    return true;
  }

  std::mutex mutex_;
  int socket_;
  ssl_stream tls_{};
  std::string pending_;
  bool broken_ = false;
};

}  // namespace

struct http_server::inside {
  script play;
  int listener = -1;
  std::uint16_t port = 0;
  ssl_context tls{};
  std::string ca_file;
  std::atomic<std::size_t> accepted{0};
  std::mutex mutex;
  bool stopping = false;
  std::list<std::thread> players;
  std::list<std::weak_ptr<socket_connection>> open;
  std::thread acceptor;

  explicit inside(script wanted) : play(std::move(wanted)) {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (listener < 0 || ::bind(listener, generic, size) != 0 || ::listen(listener, 1024) != 0 ||
        ::getsockname(listener, generic, &size) != 0) {
      throw std::runtime_error{"the test server cannot listen"};
    }
    port = ntohs(address.sin_port);
  }

  void use_tls(const tls_identity& identity) {
    const key_ptr key{EVP_EC_gen("P-256")};
    const auto certificate = make_certificate(identity, key.get());
    tls.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(tls.get(), certificate.get());
    SSL_CTX_use_PrivateKey(tls.get(), key.get());
    ca_file = write_certificate(certificate.get());
  }

  void accept_all() {
    while (true) {
      const int made = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (made < 0) return;
      const int on = 1;
      setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::scoped_lock lock{mutex};
      if (stopping) {
        ::close(made);
        return;
      }
      accepted.fetch_add(1);
      players.emplace_back([this, made] { serve(made); });
    }
  }

  void serve(int made) {
    sigset_t pipe;  // OpenSSL writes without MSG_NOSIGNAL
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    // A handshake cannot be stopped from outside, but its client is ours and closes.
    const auto link = std::make_shared<socket_connection>(made, tls.get());
    {
      const std::scoped_lock lock{mutex};
      open.push_back(link);
      if (stopping) link->stop();
    }
    play(*link);
  }

  ~inside() {
    {
      const std::scoped_lock lock{mutex};
      stopping = true;
      ::shutdown(listener, SHUT_RDWR);
      for (const auto& each : open) {
        if (const auto link = each.lock()) link->stop();
      }
    }
    acceptor.join();
    for (auto& player : players) player.join();
    ::close(listener);
    if (!ca_file.empty()) std::filesystem::remove(ca_file);
  }
};

http_server::http_server(script play) : inside_(std::make_unique<inside>(std::move(play))) {
  inside_->acceptor = std::thread{[this] { inside_->accept_all(); }};
}

http_server::http_server(script play, const tls_identity& identity)
    : inside_(std::make_unique<inside>(std::move(play))) {
  inside_->use_tls(identity);
  inside_->acceptor = std::thread{[this] { inside_->accept_all(); }};
}

http_server::~http_server() = default;

std::string http_server::url(std::string_view path) const {
  return (inside_->tls ? "https://127.0.0.1:" : "http://127.0.0.1:") +
         std::to_string(inside_->port) + std::string{path};
}

const std::string& http_server::ca_file() const {
  return inside_->ca_file;
}
std::size_t http_server::connections() const {
  return inside_->accepted.load();
}

std::string answer(int status, std::string_view type, std::string_view body,
                   std::string_view more_headers) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
  if (!type.empty()) text += "Content-Type: " + std::string{type} + "\r\n";
  text += more_headers;
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

std::string stream_head(std::string_view type) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string{type} + "\r\nConnection: close\r\n\r\n";
}

}  // namespace test
