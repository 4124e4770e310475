# cmake -DNM=… -DFILE=module.so -P symbols.cmake: whether a built module keeps the rules of its kind.
# It exports one symbol, and calls nothing that changes the process it shares with everybody.
cmake_minimum_required(VERSION 3.25)
execute_process(COMMAND ${NM} -D --defined-only ${FILE} OUTPUT_VARIABLE defined COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${NM} -D --undefined-only ${FILE} OUTPUT_VARIABLE undefined COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]+\n" defined "${defined}")
string(REGEX MATCHALL "[^ \n]+\n" undefined "${undefined}")
list(TRANSFORM defined STRIP)
list(TRANSFORM undefined STRIP)
list(FILTER defined EXCLUDE REGEX "^__odr_asan") # a sanitizer's marks
list(TRANSFORM undefined REPLACE "@.*$" "")

list(REMOVE_ITEM defined crm_module_v1)
if(defined)
  list(JOIN defined ", " names)
  message(FATAL_ERROR "${FILE} exports ${names}: a module exports crm_module_v1 alone; make the rest static")
endif()

# What sdk/README.md forbids, by the names the C library gives it.
set(threads pthread_create thrd_create fork vfork clone posix_spawn posix_spawnp system popen execv execve execvp
  execl execlp execle)
set(endings atexit on_exit exit _exit _Exit quick_exit abort)
set(signals signal sigaction sigprocmask pthread_sigmask raise kill timer_create setitimer alarm)
set(process setlocale setenv unsetenv putenv chdir umask setuid setgid dlopen daemon)
set(found "")
foreach(name ${threads} ${endings} ${signals} ${process})
  if(name IN_LIST undefined)
    list(APPEND found ${name})
  endif()
endforeach()
if(found)
  list(JOIN found ", " names)
  message(FATAL_ERROR "${FILE} calls ${names}: no threads, processes, signal handlers, timers or settings of the "
    "process in a module; work that waits is a job, an error is a status")
endif()
