# karkas_module(<name> [SOURCES file.c …])
#
# Makes <build>/modules/<name>/ out of the folder it is called in: module.yaml, locales/ and ui/ are
# copied, the texts of ui/ with compressed forms beside them where there is node, and the sources,
# when there are any, become <name>.so with module.yaml inside. The one exported symbol, the link flags
# and the names CRM_MODULE_NAME and CRM_MODULE_VERSION (taken from module.yaml) are this file's
# business. An author's own project includes it the same way. After the link the symbols of the file
# are looked at (symbols.cmake). KARKAS_MODULES_OUTPUT: another folder than <build>/modules.
cmake_path(GET CMAKE_CURRENT_LIST_DIR PARENT_PATH KARKAS_SDK_DIR)
set(KARKAS_SDK_DIR ${KARKAS_SDK_DIR} CACHE INTERNAL "")
set(KARKAS_EMBED ${CMAKE_CURRENT_LIST_DIR}/embed.cmake CACHE INTERNAL "")
set(KARKAS_SYMBOLS ${CMAKE_CURRENT_LIST_DIR}/symbols.cmake CACHE INTERNAL "")
set(KARKAS_COMPRESS ${CMAKE_CURRENT_LIST_DIR}/compress.mjs CACHE INTERNAL "")
find_program(KARKAS_NODE NAMES node nodejs DOC "Compresses the files of a module's ui/")

# The value of a top-level scalar of module.yaml.
function(karkas_manifest_value file key out)
  file(STRINGS ${file} line REGEX "^${key}:[ \t]*" LIMIT_COUNT 1)
  string(REGEX REPLACE "^${key}:[ \t]*\"?([^\" \t#]+).*$" "\\1" value "${line}")
  if(NOT value)
    message(FATAL_ERROR "${file}: '${key}:' is missing")
  endif()
  set(${out} ${value} PARENT_SCOPE)
endfunction()

function(karkas_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  set(from ${CMAKE_CURRENT_SOURCE_DIR})
  set(manifest ${from}/module.yaml)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manifest})
  karkas_manifest_value(${manifest} module declared)
  karkas_manifest_value(${manifest} version version)
  if(NOT declared STREQUAL name)
    message(FATAL_ERROR "${manifest}: the module is called '${declared}', its target '${name}'")
  endif()
  if(NOT KARKAS_MODULES_OUTPUT)
    set(KARKAS_MODULES_OUTPUT ${CMAKE_BINARY_DIR}/modules)
  endif()
  set(into ${KARKAS_MODULES_OUTPUT}/${name})

  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${from} ${from}/locales/* ${from}/ui/*)
  set(copies "")
  foreach(file module.yaml ${files})
    set(forms "")
    if(KARKAS_NODE AND file MATCHES "^ui/")
      set(forms COMMAND ${KARKAS_NODE} ${KARKAS_COMPRESS} ${into}/${file})
    endif()
    add_custom_command(OUTPUT ${into}/${file}
      COMMAND ${CMAKE_COMMAND} -E copy ${from}/${file} ${into}/${file} ${forms}
      DEPENDS ${from}/${file} ${KARKAS_COMPRESS} VERBATIM)
    list(APPEND copies ${into}/${file})
  endforeach()
  add_custom_target(module_${name}_files ALL DEPENDS ${copies})
  if(NOT arg_SOURCES)
    return()
  endif()

  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${name}_manifest.c)
  add_custom_command(OUTPUT ${embedded}
    COMMAND ${CMAKE_COMMAND} -DIN=${manifest} -DOUT=${embedded} -P ${KARKAS_EMBED}
    DEPENDS ${manifest} ${KARKAS_EMBED} VERBATIM)
  add_library(module_${name} MODULE ${arg_SOURCES} ${embedded})
  set_target_properties(module_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${into}
    C_STANDARD 11 C_VISIBILITY_PRESET hidden)
  target_include_directories(module_${name} PRIVATE ${KARKAS_SDK_DIR}/include)
  target_compile_definitions(module_${name} PRIVATE
    CRM_MODULE_NAME="${name}" CRM_MODULE_VERSION="${version}")
  target_link_options(module_${name} PRIVATE -Wl,-z,nodelete)
  # clang leaves the sanitizers' run time to the program, so there its symbols are undefined here.
  if(NOT KARKAS_SANITIZE OR CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_link_options(module_${name} PRIVATE -Wl,-z,defs)
  endif()
  if(TARGET karkas_strict)
    target_link_libraries(module_${name} PRIVATE karkas_strict)
  endif()
  add_custom_command(TARGET module_${name} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DFILE=$<TARGET_FILE:module_${name}> -P ${KARKAS_SYMBOLS} VERBATIM)
  add_dependencies(module_${name} module_${name}_files)
endfunction()

# karkas_module_tests(<name> SOURCES tests/file.c …)
#
# Behind karkas_module(<name>): makes an object of its unit tests (karkas_mock.h), which
# `karkas module test FOLDER` and `karkas module check FOLDER` build and run. It is the target
# module_<name>_tests, no part of `all`: who only wants the module needs no cmocka.
function(karkas_module_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  set(target module_${name}_tests)
  find_library(KARKAS_CMOCKA cmocka)
  if(NOT KARKAS_CMOCKA)
    add_custom_target(${target}
      COMMAND ${CMAKE_COMMAND} -E echo "unit tests need cmocka: apt-get install libcmocka-dev"
      COMMAND ${CMAKE_COMMAND} -E false VERBATIM)
    return()
  endif()
  add_library(${target} MODULE EXCLUDE_FROM_ALL ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} SUFFIX ".so" LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/tests
    C_STANDARD 11 C_VISIBILITY_PRESET hidden)
  target_include_directories(${target} PRIVATE ${KARKAS_SDK_DIR}/include)
  target_link_libraries(${target} PRIVATE ${KARKAS_CMOCKA})
  if(NOT KARKAS_SANITIZE OR CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(TARGET karkas_flags)
    target_link_libraries(${target} PRIVATE karkas_flags)
  endif()
endfunction()
