/*
 * confine.c - what the reader of strangers' files may still do: read, write, use memory, end.
 * System calls beside those fail (seccomp(2)); nothing can be opened, started or connected to.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "sheet/sheet.h"

#define MEMORY_MAX ((rlim_t)1536 << 20)
#define READER_CPU ((rlim_t)600)  /* seconds */
#define WRITER_CPU ((rlim_t)3600) /* what it writes is ours: a million rows of all columns */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_WATCHED 1 /* a sanitizer needs more memory and calls than these */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_WATCHED 1
#endif
#endif

#if defined(ARCHITECTURE) && !defined(IS_WATCHED)
#define LOAD(field) \
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define ALLOW(call)                                                  \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)SYS_##call, 0, 1), \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static bool filter_calls(void)
{
    static struct sock_filter rules[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        ALLOW(read),
        ALLOW(pread64),
        ALLOW(write),
        ALLOW(writev),
        ALLOW(lseek),
        ALLOW(fstat),
        ALLOW(fstatfs),
        ALLOW(newfstatat),
        ALLOW(dup),
        ALLOW(fcntl),
        ALLOW(close),
        ALLOW(brk),
        ALLOW(mmap),
        ALLOW(munmap),
        ALLOW(mremap),
        ALLOW(madvise),
        ALLOW(mprotect),
        ALLOW(futex),
        ALLOW(getrandom),
        ALLOW(clock_gettime),
        ALLOW(getpid),
        ALLOW(rt_sigreturn),
        ALLOW(rt_sigprocmask),
        ALLOW(exit),
        ALLOW(exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof rules / sizeof rules[0], rules};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0 || errno == EINVAL;
}
#else
static bool filter_calls(void)
{
    return true;
}
#endif

bool sheet_confine(bool is_reader, uint64_t file_max)
{
    rlim_t seconds = is_reader ? READER_CPU : WRITER_CPU;
    struct rlimit none = {0, 0}, cpu = {seconds, seconds}, file = {file_max, file_max};
    bool is_ok = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                 prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                 setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_CPU, &cpu) == 0;
#ifndef IS_WATCHED
    struct rlimit memory = {MEMORY_MAX, MEMORY_MAX};
    is_ok = is_ok && setrlimit(RLIMIT_AS, &memory) == 0;
#endif
    if (!is_ok || !is_reader) {
        return is_ok;
    }
    /* What does not fit fails, and is told, rather than ends the program. */
    return signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &file) == 0 &&
           filter_calls();
}
