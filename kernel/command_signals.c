/* command_signals.c - the signals that end a long command: it is asked to stop, and says so itself.
 */
#include <signal.h>
#include <sys/socket.h>

#include "server.h"

/* Of the process: a signal has no other place to look. */
static volatile sig_atomic_t is_told, line = -1;

static void on_signal(int number)
{
    (void)number;
    is_told = 1;
    if (line >= 0) {
        shutdown((int)line, SHUT_WR); /* the server takes it for the end of the asking */
    }
}

void command_heed_signals(void)
{
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction was;
        if (sigaction(numbers[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &act, NULL); /* not what nohup(1) has shut out */
        }
    }
}

void command_asks_on(int fd)
{
    line = fd;
    if (fd >= 0 && is_told) {
        shutdown(fd, SHUT_WR);
    }
}

bool command_is_unwanted(command_call *c)
{
    return is_told || atomic_load(&c->is_unwanted);
}
