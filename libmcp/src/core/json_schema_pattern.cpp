#include "json_schema_pattern.hpp"

#include "mcp/json_schema.hpp"

#include <array>
#include <new>
#include <stdexcept>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace mcp::core::schema {
namespace {

constexpr std::size_t bytes_scanned_per_step = 16;
constexpr std::uint32_t nested_groups = 100;

struct compile_context_release {
  void operator()(pcre2_compile_context* context) const noexcept {
    pcre2_compile_context_free(context);
  }
};
using compile_context = std::unique_ptr<pcre2_compile_context, compile_context_release>;

compile_context make_compile_context() {
  compile_context context{pcre2_compile_context_create(nullptr)};
  if (!context) throw std::bad_alloc{};
  pcre2_set_compile_extra_options(context.get(), PCRE2_EXTRA_ALT_BSUX);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  pcre2_set_max_pattern_length(context.get(), json_schema_limits::pattern_bytes);
  pcre2_set_parens_nest_limit(context.get(), nested_groups);
  return context;
}

std::string describe(int code) {
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  std::string result;
  for (const auto c : text) {
    if (c == 0) break;
    result += static_cast<char>(c);
  }
  return result;
}

struct search_state {
  work_meter* meter;
  std::uint64_t step_cost;
  std::size_t last = 0;
};

/// Called before every item of the pattern. PCRE2's own match limit starts afresh at each position
/// of the text and does not see how far an item runs, so the meter counts both here.
int count_step(pcre2_callout_block* block, void* data) {
  auto& state = *static_cast<search_state*>(data);
  std::uint64_t cost = state.step_cost;
  if (block->current_position > state.last) {
    cost += (block->current_position - state.last) / bytes_scanned_per_step;
  }
  state.last = block->current_position;
  return state.meter->spend(cost) ? 0 : PCRE2_ERROR_CALLOUT;
}

}  // namespace

pattern::pattern(std::string_view text) : text_(text) {
  constexpr std::uint32_t options = PCRE2_UTF | PCRE2_AUTO_CALLOUT | PCRE2_DOLLAR_ENDONLY |
                                    PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
                                    PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
  const auto context = make_compile_context();
  int code = 0;
  std::size_t offset = 0;
  code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), options,
                            &code, &offset, context.get()));
  if (!code_) {
    throw std::invalid_argument("not a regular expression: " + describe(code) + " at offset " +
                                std::to_string(offset));
  }
  std::uint32_t references = 0;
  pcre2_pattern_info(code_.get(), PCRE2_INFO_BACKREFMAX, &references);
  has_back_references_ = references > 0;
}

std::size_t pattern::memory() const noexcept {
  std::size_t result = 0;
  pcre2_pattern_info(code_.get(), PCRE2_INFO_SIZE, &result);
  return result;
}

void pattern::release::operator()(pcre2_real_code_8* code) const noexcept {
  pcre2_code_free(code);
}

pattern_matcher::pattern_matcher()
    : context_(pcre2_match_context_create(nullptr)), data_(pcre2_match_data_create(1, nullptr)) {
  if (!context_ || !data_) throw std::bad_alloc{};
  pcre2_set_match_limit(context_.get(), json_schema_limits::pattern_steps);
  pcre2_set_depth_limit(context_.get(), json_schema_limits::pattern_steps);
  pcre2_set_heap_limit(context_.get(), json_schema_limits::pattern_heap_kib);
}

pattern_result pattern_matcher::search(const pattern& wanted, std::string_view text,
                                       work_meter& meter) {
  // A back reference compares up to the whole text within a single step.
  const std::uint64_t scan = text.size() / bytes_scanned_per_step;
  if (!meter.spend(1 + scan)) return pattern_result::too_complex;
  search_state state{&meter, 1 + (wanted.has_back_references_ ? scan : 0)};
  pcre2_set_callout(context_.get(), count_step, &state);
  const int result = pcre2_match(wanted.code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                 text.size(), 0, 0, data_.get(), context_.get());
  if (result >= 0) return pattern_result::match;
  if (result == PCRE2_ERROR_NOMATCH) return pattern_result::no_match;
  if (result <= PCRE2_ERROR_UTF8_ERR1 && result >= PCRE2_ERROR_UTF8_ERR21) {
    return pattern_result::not_utf8;
  }
  if (result == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc{};
  return pattern_result::too_complex;
}

void pattern_matcher::release::operator()(pcre2_real_match_context_8* context) const noexcept {
  pcre2_match_context_free(context);
}

void pattern_matcher::release::operator()(pcre2_real_match_data_8* data) const noexcept {
  pcre2_match_data_free(data);
}

}  // namespace mcp::core::schema
