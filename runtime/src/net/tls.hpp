#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// Connections between members that show certificates to each other: TLS 1.3 over OpenSSL, without
/// sockets. docs/cluster.md tells who needs which certificate.
namespace mcp::cluster {

/// PEM files.
struct tls_files {
  std::string certificate{};
  std::string key{};
  std::string authority{};  ///< whose certificates are believed: the cluster's own, no other's

  [[nodiscard]] bool given() const noexcept { return !certificate.empty(); }
};

enum class tls_role : std::uint8_t { connects, accepts };

/// What the files say, ready for connections. Immutable; safe from several threads.
class tls_context {
 public:
  /// Throws `invalid_argument` with the file and what is wrong with it: it cannot be read, key and
  /// certificate do not belong together, the certificate is not of the authority, has expired, or
  /// is none for this role.
  explicit tls_context(const tls_files& files, tls_role role = tls_role::connects);
  ~tls_context();
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  /// Whom the certificate names.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  friend class tls_channel;
  struct handle;
  std::unique_ptr<handle> handle_;
  std::string name_;
};

/// The contexts of files that may be replaced while the process runs. Safe from several threads.
class tls_source {
 public:
  /// Throws as `tls_context`.
  explicit tls_source(tls_files files, tls_role role = tls_role::connects);
  /// For a new connection: of the files as they are now, or as they were when they were right last.
  [[nodiscard]] std::shared_ptr<const tls_context> current();

 private:
  using times = std::vector<std::filesystem::file_time_type>;
  [[nodiscard]] times read_times() const;

  const tls_files files_;
  const tls_role role_;
  std::mutex mutex_;
  times read_;
  std::shared_ptr<const tls_context> context_;
};

/// One end of one connection: turns bytes of the network into bytes of the peer and back.
/// Everything throws `connection_failed` with the reason once the other end is not believed, or is
/// no such end. Not thread-safe.
class tls_channel {
 public:
  tls_channel(std::shared_ptr<const tls_context> context, tls_role role);
  ~tls_channel();
  tls_channel(const tls_channel&) = delete;
  tls_channel& operator=(const tls_channel&) = delete;

  /// Bytes of the network.
  void feed(std::string_view arrived);
  /// What the peer said since the last call.
  [[nodiscard]] std::string take_said();
  /// Says this to the peer; before the peer is known it is kept.
  void say(std::string_view bytes);
  /// What has to go to the network, after each of the others.
  [[nodiscard]] std::string take_to_send();

  /// The peer has shown a certificate of the authority.
  [[nodiscard]] bool secured() const noexcept { return secured_; }
  /// Whom the peer's certificate names.
  [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

 private:
  struct handle;
  void advance();
  [[noreturn]] void fail(const char* doing);

  std::shared_ptr<const tls_context> context_;
  std::unique_ptr<handle> handle_;
  bool secured_ = false;
  std::string peer_;
  std::string said_;
  std::string kept_;
};

}  // namespace mcp::cluster
