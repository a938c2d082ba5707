/* What caller.c and callee.c share: one key at a time from the terminal, and a pipe by which callbacks wake main(). */
#ifndef TWO_TERMINALS_H
#define TWO_TERMINALS_H

#include "example.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

static struct termios terminal_before;
static int terminal_changed;
static int wake_pipe[2];

static inline void terminal_restore(void) {
    if (terminal_changed) {
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    }
}

/* Keys arrive without waiting for Enter, when there is a terminal at all. */
static inline void terminal_open(void) {
    if (pipe(wake_pipe) != 0) {
        perror("pipe");
        exit(1);
    }
    if (tcgetattr(STDIN_FILENO, &terminal_before) == 0) {
        struct termios raw = terminal_before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        terminal_changed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
        atexit(terminal_restore);
    }
}

/* From a callback: what main() gets from next_key(), as if it had been typed. */
static inline void wake(char key) {
    while (write(wake_pipe[1], &key, 1) == 0) {
    }
}

/* The next key, from the terminal or from a callback. Input that has ended is not read again. */
static inline char next_key(void) {
    static int input_ended;
    for (;;) {
        struct pollfd sources[2] = {{wake_pipe[0], POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        char key;
        if (poll(sources, input_ended ? 1 : 2, -1) < 0) {
            continue;
        }
        if (sources[0].revents != 0 && read(wake_pipe[0], &key, 1) == 1) {
            return key;
        }
        if (!input_ended && sources[1].revents != 0) {
            if (read(STDIN_FILENO, &key, 1) == 1) {
                return key;
            }
            input_ended = 1;
        }
    }
}

/* Takes "--name value" out of the arguments, or NULL. */
static inline const char *option(int *argc, char **argv, const char *name) {
    int at;
    for (at = 1; at + 1 < *argc; at++) {
        if (strcmp(argv[at], name) == 0) {
            const char *value = argv[at + 1];
            memmove(&argv[at], &argv[at + 2], (size_t)(*argc - at - 2) * sizeof argv[0]);
            *argc -= 2;
            return value;
        }
    }
    return NULL;
}

#endif
