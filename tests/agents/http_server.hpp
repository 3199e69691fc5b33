#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace test {

/// Something that a test opens and a server's script waits for. Make it before the server, and open
/// it with an `opener` where the test may end early.
class gate {
 public:
  void open();
  void wait();  ///< returns at once when it is open
 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Opens the gate when it goes out of scope.
struct opener {
  gate& what;
  explicit opener(gate& held) : what(held) {}
  opener(const opener&) = delete;
  opener& operator=(const opener&) = delete;
  ~opener() { what.open(); }
};

/// The server's end of one connection, in the hands of a script.
class connection {
 public:
  connection() = default;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  virtual ~connection() = default;
  /// Head and body of the next request; empty when the client has closed.
  virtual std::string read_request() = 0;
  /// False when the client is gone.
  virtual bool send(std::string_view bytes) = 0;
  /// Waits until the client closes.
  virtual void wait_for_close() = 0;
  /// Closes with a TCP reset.
  virtual void reset() = 0;
};

/// A certificate that the server makes for itself.
struct tls_identity {
  std::string name = "127.0.0.1";  ///< an IP address or a host
  bool expired = false;
};

/// A server on the loopback whose connections play scripts, each on a thread of its own.
class http_server {
 public:
  using script = std::function<void(connection&)>;

  explicit http_server(script play);
  http_server(script play, const tls_identity& identity);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  /// Closes everything; scripts that wait for bytes go on; those that wait for a gate need it
  /// opened.
  ~http_server();

  [[nodiscard]] std::string url(std::string_view path = "/") const;
  /// The file with the certificate; TLS only.
  [[nodiscard]] const std::string& ca_file() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

/// An answer with its length. `type` empty: no content type.
[[nodiscard]] std::string answer(int status, std::string_view type, std::string_view body,
                                 std::string_view more_headers = "");
/// The head of an answer that ends when the connection is closed.
[[nodiscard]] std::string stream_head(std::string_view type = "text/event-stream");

}  // namespace test
