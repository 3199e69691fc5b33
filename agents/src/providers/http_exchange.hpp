#pragma once

#include "io/http_client.hpp"
#include "providers/chat_wire.hpp"
#include "providers/sse.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mcp::providers {

/// What all calls of one model share.
struct exchange_setup {
  std::shared_ptr<const chat_wire> wire{};
  std::vector<std::string> secrets{};  ///< blotted out of all errors
  std::string key_note{};              ///< where the key is from, for `unauthorized`
  std::size_t max_answer_bytes = 0;    ///< for messages; the HTTP client enforces it
};

/// One call of a model, from the headers of the answer to its end. Fed by one thread.
class http_exchange {
 public:
  http_exchange(std::shared_ptr<const exchange_setup> setup, chat_request request,
                chat_handler handler);

  void head(const io::http_head& head);
  /// False: no more is wanted.
  [[nodiscard]] bool data(std::string_view bytes);
  void end(io::http_end how);
  /// Ends the call with this failure, unless it has ended.
  void fail(model_failure failure);
  [[nodiscard]] bool streamed() const noexcept { return static_cast<bool>(handler_.on_delta); }
  [[nodiscard]] const chat_request& request() const noexcept { return request_; }

 private:
  enum class kind { none, whole, stream, refused };

  void check_type();
  void read_events(std::string_view bytes);
  void finish_whole();
  void finish_stream();
  void succeed(chat_answer answer);
  void close(chat_outcome outcome);
  /// Runs `work`; what it throws ends the call.
  template <class Work>
  void guarded(Work&& work);

  std::shared_ptr<const exchange_setup> setup_;
  chat_request request_;
  chat_handler handler_;
  io::http_head head_{};
  std::string body_;  // of a whole answer or an error; of a stream only the beginning
  std::unique_ptr<stream_reader> reader_{};
  sse_parser events_{};
  kind kind_ = kind::none;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace mcp::providers
