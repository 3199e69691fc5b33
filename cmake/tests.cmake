# mcp_add_test_program(folder): the program test_<folder> of all *_test.cpp in tests/<folder> (and
# the helpers beside them), registered with ctest as one test. Cases run in an order that is
# shuffled, the same each time: a case that needs an earlier one fails. Extra arguments are libraries.
function(mcp_add_test_program folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/servers/")  # programs of their own
  if(NOT sources)
    message(STATUS "tests/${folder} has no sources yet: no program test_${folder}")
    return()
  endif()
  set(program test_${folder})
  add_executable(${program} ${sources})
  target_link_libraries(${program} PRIVATE mcp_warnings test_support ${ARGN})
  target_precompile_headers(${program} REUSE_FROM test_support)
  add_test(NAME ${program} COMMAND ${program} --order rand --rng-seed 1
    WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set_tests_properties(${program} PROPERTIES TIMEOUT 600 LABELS ${folder})
endfunction()

# mcp_add_script_test(name command...): a check that is not a Catch2 program. It gets the compiler
# of this build in CXX and no input.
function(mcp_add_script_test name)
  add_test(NAME ${name} COMMAND ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS script
    ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER}")
endfunction()
