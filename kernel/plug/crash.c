/*
 * crash.c - when the process ends by a signal, one line says whose code ran:
 * "signal=11 at=1790000000 module=tasks hook=tasks.task".
 *
 * The handler uses what is safe in one only: a file opened beforehand, write(2), and the frame of
 * the thread it interrupts, which call_enter completes before it shows it.
 */
#include "plug/module.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

static int crash_fd = -1;

typedef struct line {
    char at[256];
    size_t n;
} line;

static void add(line *l, const char *text)
{
    while (text && *text && l->n < sizeof l->at - 2) {
        l->at[l->n++] = *text++;
    }
}

static void add_number(line *l, long long number)
{
    char digits[24];
    size_t n = sizeof digits;
    digits[--n] = 0;
    do {
        digits[--n] = (char)('0' + number % 10);
        number /= 10;
    } while (number && n);
    add(l, digits + n);
}

static void crashed(int number)
{
    const running *f = plug_now;
    line l = {.n = 0};
    add(&l, "signal=");
    add_number(&l, number);
    add(&l, " at=");
    add_number(&l, (long long)time(NULL)); /* seconds, of the machine's clock */
    add(&l, " module=");
    add(&l, f ? f->m->mf.name.p : "kernel");
    if (f) {
        add(&l, " ");
        add(&l, f->kind);
        add(&l, "=");
        add(&l, f->what);
    }
    l.at[l.n++] = '\n';
    (void)!write(crash_fd, l.at, l.n);
    (void)!write(STDERR_FILENO, l.at, l.n);
    raise(number); /* SA_RESETHAND: this time it ends the process as it would have */
}

static void watch(int number)
{
    struct sigaction now, old;
    memset(&now, 0, sizeof now);
    now.sa_handler = crashed;
    now.sa_flags = SA_RESETHAND | SA_NODEFER;
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
        sigaction(number, &now, NULL); /* a sanitizer's own report says more than ours */
    }
}

crm_status plug_crash_file(const char *path)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    int before = crash_fd;
    crash_fd = fd;
    if (before >= 0) {
        close(before);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        watch(numbers[i]);
    }
    return CRM_OK;
}
