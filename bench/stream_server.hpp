#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace bench {

/// A model server on the loopback, on one thread: it answers every request with the head of an
/// event stream, and sends the events of all streams when it is told to.
class stream_server {
 public:
  stream_server();
  ~stream_server();  ///< closes everything
  stream_server(const stream_server&) = delete;
  stream_server& operator=(const stream_server&) = delete;

  /// Where an OpenAI-compatible provider finds its API.
  [[nodiscard]] std::string url() const;

  [[nodiscard]] std::size_t open_streams();
  /// Waits until so many streams are open.
  void wait_until_open(std::size_t streams);
  /// Waits until so many streams were closed by their reader since they were opened last.
  void wait_until_closed(std::size_t streams);
  /// Sends so many events to every open stream, in turn, then ends the streams. Returns at once.
  void send_events(std::size_t each);

  /// Sends one event to one of the open streams.
  void send_token();

  /// The bytes of a token in a stream; its end.
  [[nodiscard]] static const std::string& token_event();
  [[nodiscard]] static const std::string& last_events();

 private:
  struct reader {
    int socket = -1;
    std::string request{};
    bool asked = false;
  };

  void serve();
  void accept_all();
  void read(reader& from);
  void stream();
  void close(reader& which);

  int listener_ = -1;
  int poll_ = -1;
  int wake_ = -1;
  std::string url_;
  std::vector<reader> readers_;  ///< by socket
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t open_ = 0;
  std::size_t closed_ = 0;
  std::size_t events_due_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

/// Lets this process open as many files as it may.
void raise_file_limit();

}  // namespace bench
