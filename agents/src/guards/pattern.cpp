#include "guards/pattern.hpp"

#include "mcp/error.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <pcre2.h>

namespace mcp::guards {
namespace {

constexpr std::uint32_t match_heap_kib = 4096;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using compile_context =
    std::unique_ptr<pcre2_compile_context, freed_by<pcre2_compile_context_free>>;
using match_context = std::unique_ptr<pcre2_match_context, freed_by<pcre2_match_context_free>>;
using match_data = std::unique_ptr<pcre2_match_data, freed_by<pcre2_match_data_free>>;

std::string describe(int code) {
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

std::size_t after_character(std::string_view text, std::size_t at) {
  do ++at;
  while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U);
  return at;
}

/// Called before each item of the pattern: PCRE2's own limit starts afresh at each place of the
/// text, this one does not.
int count_step(pcre2_callout_block*, void* data) {
  auto& left = *static_cast<std::uint64_t*>(data);
  return left-- > 0 ? 0 : PCRE2_ERROR_CALLOUT;
}

match_context limited(std::uint64_t& steps_left) {
  match_context context{pcre2_match_context_create(nullptr)};
  if (!context) throw std::bad_alloc{};
  pcre2_set_heap_limit(context.get(), match_heap_kib);
  pcre2_set_callout(context.get(), count_step, &steps_left);
  return context;
}

}  // namespace

pattern::pattern(std::string text) : text_(std::move(text)) {
  const compile_context context{pcre2_compile_context_create(nullptr)};
  if (!context) throw std::bad_alloc{};
  pcre2_set_max_pattern_length(context.get(), max_pattern_bytes);
  int code = 0;
  std::size_t offset = 0;
  code_.reset(pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(),
      PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_AUTO_CALLOUT | PCRE2_NEVER_BACKSLASH_C, &code,
      &offset, context.get()));
  if (code_) return;
  throw error{errc::invalid_argument, "the pattern \"" + text_.substr(0, 100) +
                                          "\" of a guard is no regular expression: " +
                                          describe(code) + " at offset " + std::to_string(offset)};
}

std::optional<std::vector<span>> pattern::search(std::string_view text, std::size_t most) const {
  if (text.size() > max_text_bytes) return std::nullopt;
  auto steps_left = max_search_steps;
  const auto context = limited(steps_left);
  const match_data data{pcre2_match_data_create_from_pattern(code_.get(), nullptr)};
  if (!data) throw std::bad_alloc{};
  std::vector<span> found;
  std::size_t from = 0;
  while (found.size() < most && from <= text.size()) {
    const auto result = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                    text.size(), from, 0, data.get(), context.get());
    if (result == PCRE2_ERROR_NOMATCH) break;
    if (result < 0) return std::nullopt;
    const auto* offsets = pcre2_get_ovector_pointer(data.get());
    // \K can put the start behind the end, or before the place where the search began.
    const span one{std::max(from, std::min(offsets[0], offsets[1])),
                   std::max({from, offsets[0], offsets[1]})};
    found.push_back(one);
    from = one.begin == one.end ? after_character(text, one.end) : one.end;
  }
  return found;
}

void pattern::release::operator()(pcre2_real_code_8* code) const noexcept {
  pcre2_code_free(code);
}

}  // namespace mcp::guards
