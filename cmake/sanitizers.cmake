# MCP_SANITIZE instruments everything that is compiled here; any report ends the program.
if(MCP_SANITIZE)
  add_compile_options(-fsanitize=${MCP_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MCP_SANITIZE})
endif()
if(MCP_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "MCP_FUZZ needs clang (libFuzzer); use the preset 'fuzz'")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Under ThreadSanitizer an actor test says something only with an instrumented CAF.
set(MCP_ACTOR_TESTS ON)
if(MCP_SANITIZE STREQUAL "thread" AND NOT EXISTS "${MCP_TSAN_CAF}/include/caf/config.hpp")
  set(MCP_ACTOR_TESTS OFF)
  message(WARNING "No CAF built with ThreadSanitizer (MCP_TSAN_CAF is '${MCP_TSAN_CAF}'): "
    "the actor tests are SKIPPED, only test_core and test_store are built. "
    "Run scripts/build-tsan-caf to have them all.")
endif()
