# Finds the C++ Actor Framework 0.17, which ships neither a CMake package nor a pkg-config file.
# Components: core (always), io, openssl. Targets: CAF::core, CAF::io, CAF::openssl.
# Sets CAF_VERSION from caf/config.hpp. If MCP_TSAN_CAF holds a
# CAF, only that is searched.
if(MCP_TSAN_CAF)
  # The prefix may have come or gone since an earlier run.
  foreach(_caf_found IN ITEMS CAF_INCLUDE_DIR CAF_core_LIBRARY CAF_io_LIBRARY CAF_openssl_LIBRARY)
    unset(${_caf_found} CACHE)
  endforeach()
  if(EXISTS "${MCP_TSAN_CAF}/include/caf/config.hpp")
    set(_caf_only PATHS "${MCP_TSAN_CAF}" PATH_SUFFIXES include lib NO_DEFAULT_PATH)
  endif()
endif()

find_path(CAF_INCLUDE_DIR caf/config.hpp ${_caf_only})
if(CAF_INCLUDE_DIR)
  file(STRINGS "${CAF_INCLUDE_DIR}/caf/config.hpp" _caf_line REGEX "^#define CAF_VERSION [0-9]+")
  string(REGEX MATCH "[0-9]+" _caf_number "${_caf_line}")
  math(EXPR _caf_major "${_caf_number} / 10000")
  math(EXPR _caf_minor "${_caf_number} / 100 % 100")
  math(EXPR _caf_patch "${_caf_number} % 100")
  set(CAF_VERSION "${_caf_major}.${_caf_minor}.${_caf_patch}")
endif()

foreach(_caf_component IN ITEMS core io openssl)
  find_library(CAF_${_caf_component}_LIBRARY NAMES caf_${_caf_component} ${_caf_only})
  mark_as_advanced(CAF_${_caf_component}_LIBRARY)
  if(CAF_${_caf_component}_LIBRARY AND CAF_INCLUDE_DIR)
    set(CAF_${_caf_component}_FOUND TRUE)
    if(NOT TARGET CAF::${_caf_component})
      add_library(CAF::${_caf_component} UNKNOWN IMPORTED)
      set_target_properties(CAF::${_caf_component} PROPERTIES
        IMPORTED_LOCATION "${CAF_${_caf_component}_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
    endif()
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CAF
  REQUIRED_VARS CAF_core_LIBRARY CAF_INCLUDE_DIR VERSION_VAR CAF_VERSION HANDLE_COMPONENTS
  HANDLE_VERSION_RANGE)
mark_as_advanced(CAF_INCLUDE_DIR)

find_package(Threads REQUIRED)
foreach(_caf_pair IN ITEMS "core>Threads::Threads" "io>CAF::core" "openssl>CAF::io")
  string(REPLACE ">" ";" _caf_pair "${_caf_pair}")
  list(GET _caf_pair 0 _caf_target)
  list(GET _caf_pair 1 _caf_needs)
  if(TARGET CAF::${_caf_target})
    set_property(TARGET CAF::${_caf_target} PROPERTY INTERFACE_LINK_LIBRARIES ${_caf_needs})
  endif()
endforeach()
