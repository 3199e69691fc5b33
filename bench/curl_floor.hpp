#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace bench {

/// Bare libcurl: one multi handle driven by epoll on the caller's thread, which throws away what it
/// receives. No code of the library is in it.
class curl_floor {
 public:
  curl_floor();
  ~curl_floor();
  curl_floor(const curl_floor&) = delete;
  curl_floor& operator=(const curl_floor&) = delete;

  /// Posts a small request to `url` for each of `streams` and reads the answers until `enough` says
  /// so, or all have ended. Asked after each round of events.
  void read(const std::string& url, std::size_t streams, const std::function<bool()>& enough);
  /// Reads on until something has come.
  void read_some();
  /// Reads on, until all answers have ended; the bytes received since the last call.
  std::size_t finish();

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace bench
