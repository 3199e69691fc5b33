#include "net/pki.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace mcp::cluster {
namespace {

constexpr std::size_t longest_common_name = 64;  ///< of a CN

template <class T, void (*Free)(T*)>
struct freed {
  void operator()(T* one) const { Free(one); }
};
using key_pointer = std::unique_ptr<EVP_PKEY, freed<EVP_PKEY, EVP_PKEY_free>>;
using certificate_pointer = std::unique_ptr<X509, freed<X509, X509_free>>;

void need(bool fine, const char* what) {
  if (fine) return;
  const auto code = ERR_get_error();
  const auto* reason = ERR_reason_error_string(code);
  throw error{errc::invalid_argument,
              std::string{what} + ": " + (reason == nullptr ? "unknown" : reason)};
}

/// Writes through `write(FILE*)` to a file of its own, which then takes the place of `path`.
template <class Write>
void write_file(const std::string& path, mode_t mode, Write write) {
  const auto fresh = path + ".new";
  const auto fail = [&] {
    throw error{errc::store_failed, "cannot write \"" + path + "\": " + std::strerror(errno)};
  };
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) fail();
  std::FILE* file = ::fdopen(fd, "w");
  const bool written = write(file) == 1;
  if ((std::fclose(file) != 0) || !written || ::rename(fresh.c_str(), path.c_str()) != 0) fail();
}

template <class T, class Read>
T* read_file(const std::string& path, Read read) {
  std::FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) {
    throw error{errc::invalid_argument, "cannot read \"" + path + "\": " + std::strerror(errno)};
  }
  auto* made = read(file);
  std::fclose(file);
  need(made != nullptr, path.c_str());
  return made;
}

void add_extension(X509* to, const X509* issuer, int what, const char* content) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, const_cast<X509*>(issuer), to, nullptr, nullptr, 0);
  auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, content);
  need(extension != nullptr && X509_add_ext(to, extension, -1) == 1, "a certificate's extension");
  X509_EXTENSION_free(extension);
}

certificate_pointer begin_certificate(const std::string& name, EVP_PKEY* key,
                                      std::chrono::days valid) {
  certificate_pointer made{X509_new()};
  auto* certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  need(RAND_bytes(serial.data(), serial.size()) == 1, "a random number");
  serial[0] &= 0x7fU;
  auto* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  constexpr long clock_skew = 300;
  X509_gmtime_adj(X509_getm_notBefore(certificate), -clock_skew);
  X509_time_adj_ex(X509_getm_notAfter(certificate), static_cast<int>(valid.count()), 0, nullptr);
  X509_set_pubkey(certificate, key);
  need(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0) == 1,
       "the name of a certificate");
  return made;
}

void write_pair(const std::string& base, X509* certificate, EVP_PKEY* key) {
  constexpr mode_t own = 0600;
  constexpr mode_t everybody = 0644;
  write_file(base + ".key", own, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  write_file(base + ".crt", everybody,
             [&](std::FILE* file) { return PEM_write_X509(file, certificate); });
}

void check_file_name(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  const bool fine = !name.empty() && name.size() <= longest_common_name && name.front() != '.' &&
                    name != "authority" && std::all_of(name.begin(), name.end(), plain);
  if (fine) return;
  throw error{
      errc::invalid_argument,
      "\"" + name + "\" cannot be a member's name: 1 to 64 letters, digits, '-', '_' and '.'"};
}

}  // namespace

void make_authority(const std::string& folder, const std::string& cluster,
                    std::chrono::days valid) {
  const auto base = folder + "/authority";
  std::error_code failed;
  if (std::filesystem::exists(base + ".key", failed)) {
    throw error{errc::invalid_argument,
                "there is an authority in \"" + folder +
                    "\" already; certificates of a new one would not be believed"};
  }
  std::filesystem::create_directories(folder, failed);
  const key_pointer key{EVP_EC_gen("P-256")};
  need(key != nullptr, "a key");
  const auto made = begin_certificate("authority of " + cluster, key.get(), valid);
  auto* certificate = made.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  need(X509_sign(certificate, key.get(), EVP_sha256()) != 0, "a signature");
  write_pair(base, certificate, key.get());
}

void issue_certificate(const std::string& folder, const std::string& name, certificate_use use,
                       std::chrono::days valid) {
  check_file_name(name);
  const key_pointer issuer_key{read_file<EVP_PKEY>(folder + "/authority.key", [](std::FILE* file) {
    return PEM_read_PrivateKey(file, nullptr, nullptr, nullptr);
  })};
  const certificate_pointer issuer{read_file<X509>(folder + "/authority.crt", [](std::FILE* file) {
    return PEM_read_X509(file, nullptr, nullptr, nullptr);
  })};
  need(X509_check_private_key(issuer.get(), issuer_key.get()) == 1,
       "authority.key and authority.crt");
  const key_pointer key{EVP_EC_gen("P-256")};
  need(key != nullptr, "a key");
  const auto made = begin_certificate(name, key.get(), valid);
  auto* certificate = made.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer.get()));
  add_extension(certificate, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate, issuer.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(certificate, issuer.get(), NID_ext_key_usage,
                use == certificate_use::server ? "serverAuth,clientAuth" : "clientAuth");
  add_extension(certificate, issuer.get(), NID_authority_key_identifier, "keyid");
  need(X509_sign(certificate, issuer_key.get(), EVP_sha256()) != 0, "a signature");
  write_pair(folder + '/' + name, certificate, key.get());
}

}  // namespace mcp::cluster
