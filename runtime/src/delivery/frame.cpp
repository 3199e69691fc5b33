#include "delivery/frame.hpp"

#include "mcp/cbor.hpp"

namespace mcp::cluster {
namespace {

enum class kind : std::uint8_t { hello, data, ack, bye };

struct frame_writer {
  cbor_writer out{};

  void head(kind what, std::size_t items) {
    out.array(items + 1);
    out.unsigned_integer(static_cast<std::uint64_t>(what));
  }
  void operator()(const hello_frame& f) {
    head(kind::hello, 5);
    out.unsigned_integer(f.lowest);
    out.unsigned_integer(f.highest);
    out.text(f.cluster);
    out.text(f.name);
    out.unsigned_integer(f.incarnation);
  }
  void operator()(const data_frame& f) {
    head(kind::data, 2);
    out.unsigned_integer(f.number);
    out.boolean(f.more);
    out.raw(f.payload);
  }
  void operator()(const ack_frame& f) {
    head(kind::ack, 2);
    out.unsigned_integer(f.received);
    out.unsigned_integer(f.until);
  }
  void operator()(const bye_frame& f) {
    head(kind::bye, 1);
    out.text(std::string_view{f.reason}.substr(0, max_bye_reason));
  }
};

[[noreturn]] void refuse_frame(const std::string& why) {
  throw error{errc::malformed_answer, "a frame of a member " + why};
}

std::string bounded_text(cbor_reader& in, std::size_t most) {
  const auto text = in.text();
  if (text.size() > most)
    refuse_frame("has a text of more than " + std::to_string(most) + " bytes");
  return std::string{text};
}

hello_frame read_hello(cbor_reader& in) {
  hello_frame f;
  f.lowest = in.unsigned_integer();
  f.highest = in.unsigned_integer();
  f.cluster = bounded_text(in, max_member_name);
  f.name = bounded_text(in, max_member_name);
  f.incarnation = in.unsigned_integer();
  if (f.name.empty() || f.incarnation == 0)
    refuse_frame("says hello without a name or an incarnation");
  return f;
}

/// The items behind the kind; how many of them this version knows.
frame read_items(cbor_reader& in, std::uint64_t what, std::size_t& known) {
  switch (what) {
    case static_cast<std::uint64_t>(kind::hello):
      known = 5;
      return read_hello(in);
    case static_cast<std::uint64_t>(kind::data): {
      known = 2;
      data_frame f;
      f.number = in.unsigned_integer();
      f.more = in.boolean();
      return f;
    }
    case static_cast<std::uint64_t>(kind::ack): {
      known = 2;
      ack_frame f;
      f.received = in.unsigned_integer();
      f.until = in.unsigned_integer();
      return f;
    }
    case static_cast<std::uint64_t>(kind::bye):
      known = 1;
      return bye_frame{bounded_text(in, max_bye_reason)};
    default:
      refuse_frame("is of the unknown kind " + std::to_string(what));
  }
}

frame read_head(std::string_view head) {
  cbor_reader in{head};
  const auto items = in.array();
  if (items == 0) refuse_frame("is empty");
  const auto what = in.unsigned_integer();
  std::size_t known = 0;
  auto made = read_items(in, what, known);
  for (auto more = known + 1; more < items; ++more) in.skip();
  return made;
}

}  // namespace

std::string encode_frame(const frame& given) {
  frame_writer writer;
  std::visit(writer, given);
  return writer.out.take();
}

frame decode_frame(std::string_view bytes) {
  if (bytes.size() > max_frame_bytes) {
    refuse_frame("has " + std::to_string(bytes.size()) + " bytes, more than " +
                 std::to_string(max_frame_bytes));
  }
  try {
    cbor_reader in{bytes};
    const auto head = in.raw();
    auto made = read_head(head);
    const auto rest = bytes.substr(head.size());
    if (auto* data = std::get_if<data_frame>(&made)) {
      if (rest.size() > max_frame_payload) refuse_frame("has too long a payload");
      data->payload = rest;
    } else if (!rest.empty()) {
      refuse_frame("has bytes behind its end");
    }
    return made;
  } catch (const error& wrong) {
    if (wrong.code() == errc::malformed_answer) throw;
    refuse_frame("is damaged: " + wrong.message());
  }
}

}  // namespace mcp::cluster
