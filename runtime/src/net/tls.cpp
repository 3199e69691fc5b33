#include "net/tls.hpp"

#include "mcp/error.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr std::size_t most_kept = 1UL << 20;  ///< bytes for a peer that is not known yet

std::string reasons() {
  std::string all;
  while (const auto code = ERR_get_error()) {
    const auto* reason = ERR_reason_error_string(code);
    all += (all.empty() ? "" : "; ") + std::string{reason == nullptr ? "unknown" : reason};
  }
  return all.empty() ? "unknown" : all;
}

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
  throw error{errc::invalid_argument, file + ": " + why};
}

/// OpenSSL does not say why a file cannot be read.
void need_readable(const std::string& file) {
  char first = 0;
  const int opened = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool read = opened >= 0 && ::read(opened, &first, 1) >= 0;
  const auto why = read ? 0 : errno;
  if (opened >= 0) ::close(opened);
  if (!read) refuse(file, std::string{"it cannot be read: "} + std::strerror(why));
}

std::string common_name(const X509* certificate) {
  const auto* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  const auto* text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return {};
  std::string name{reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
  OPENSSL_free(bytes);
  return name;
}

/// Throws when the other members would not believe this one.
void check_own(SSL_CTX* context, const tls_files& files, tls_role role) {
  auto* certificate = SSL_CTX_get0_certificate(context);
  if (role == tls_role::accepts &&
      X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) != 1) {
    refuse(files.certificate,
           "it is for a worker, and nobody would connect to it; `mcp-cluster pki issue FOLDER NAME "
           "--server` makes one for a server");
  }
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check{X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free};
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context), certificate, nullptr);
  X509_STORE_CTX_set_purpose(check.get(), X509_PURPOSE_SSL_CLIENT);
  if (X509_verify_cert(check.get()) == 1) return;
  refuse(files.certificate, X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

}  // namespace

struct tls_context::handle {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context{SSL_CTX_new(TLS_method()),
                                                            &SSL_CTX_free};
};

tls_context::tls_context(const tls_files& files, tls_role role)
    : handle_(std::make_unique<handle>()) {
  for (const auto* file : {&files.certificate, &files.key, &files.authority}) need_readable(*file);
  ERR_clear_error();
  auto* context = handle_->context.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    refuse(files.certificate, reasons());
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    refuse(files.key, reasons());
  }
  if (SSL_CTX_load_verify_file(context, files.authority.c_str()) != 1) {
    refuse(files.authority, reasons());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  check_own(context, files, role);
  name_ = common_name(SSL_CTX_get0_certificate(context));
  if (name_.empty()) refuse(files.certificate, "it names nobody (its subject has no CN)");
}

tls_context::~tls_context() = default;

tls_source::tls_source(tls_files files, tls_role role)
    : files_(std::move(files)),
      role_(role),
      read_(read_times()),
      context_(std::make_shared<const tls_context>(files_, role)) {}

tls_source::times tls_source::read_times() const {
  times made;
  for (const auto* file : {&files_.certificate, &files_.key, &files_.authority}) {
    std::error_code gone;
    made.push_back(std::filesystem::last_write_time(*file, gone));
  }
  return made;
}

std::shared_ptr<const tls_context> tls_source::current() {
  const std::lock_guard lock{mutex_};
  auto now = read_times();
  if (now == read_) return context_;
  read_ = std::move(now);
  try {
    context_ = std::make_shared<const tls_context>(files_, role_);
    spdlog::info("cluster: new certificates are in use");
  } catch (const error& wrong) {
    spdlog::error("cluster: the new certificates are not used: {}", wrong.message());
  }
  return context_;
}

struct tls_channel::handle {
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl;
  BIO* in = nullptr;   ///< of ssl
  BIO* out = nullptr;  ///< of ssl
};

tls_channel::tls_channel(std::shared_ptr<const tls_context> context, tls_role role)
    : context_(std::move(context)),
      handle_(new handle{{SSL_new(context_->handle_->context.get()), &SSL_free},
                         BIO_new(BIO_s_mem()),
                         BIO_new(BIO_s_mem())}) {
  auto* ssl = handle_->ssl.get();
  SSL_set_bio(ssl, handle_->in, handle_->out);
  if (role == tls_role::connects) {
    SSL_set_connect_state(ssl);
    advance();
  } else {
    SSL_set_accept_state(ssl);
  }
}

tls_channel::~tls_channel() = default;

void tls_channel::fail(const char* doing) {
  const auto verdict = SSL_get_verify_result(handle_->ssl.get());
  const auto why = verdict == X509_V_OK ? reasons() : X509_verify_cert_error_string(verdict);
  throw error{errc::connection_failed, std::string{doing} + ": " + why};
}

void tls_channel::feed(std::string_view arrived) {
  if (!arrived.empty()) BIO_write(handle_->in, arrived.data(), static_cast<int>(arrived.size()));
  advance();
}

void tls_channel::advance() {
  auto* ssl = handle_->ssl.get();
  ERR_clear_error();
  if (!secured_) {
    const int done = SSL_do_handshake(ssl);
    if (done != 1) {
      if (SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ) return;
      fail("the other end is not believed, or is no member");
    }
    peer_ = common_name(SSL_get0_peer_certificate(ssl));
    secured_ = true;
    if (!kept_.empty()) say(std::exchange(kept_, {}));
  }
  constexpr std::size_t piece_size = 16UL * 1024;
  std::string piece(piece_size, '\0');
  for (;;) {
    const int got = SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
    if (got > 0) {
      said_.append(piece, 0, static_cast<std::size_t>(got));
      continue;
    }
    const int why = SSL_get_error(ssl, got);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return;
    fail("the other end ended the encrypted connection");
  }
}

std::string tls_channel::take_said() {
  return std::exchange(said_, {});
}

void tls_channel::say(std::string_view bytes) {
  if (!secured_) {
    if (kept_.size() + bytes.size() > most_kept) {
      throw error{errc::connection_failed, "too much was said before the other end was known"};
    }
    kept_.append(bytes);
    return;
  }
  ERR_clear_error();
  if (bytes.empty()) return;
  if (SSL_write(handle_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
    fail("nothing can be said to the other end");
  }
}

std::string tls_channel::take_to_send() {
  std::string bytes(BIO_ctrl_pending(handle_->out), '\0');
  if (bytes.empty()) return bytes;
  BIO_read(handle_->out, bytes.data(), static_cast<int>(bytes.size()));
  return bytes;
}

}  // namespace mcp::cluster
