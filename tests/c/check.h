/* What the test programs share: checks that count, a stopwatch, waiting for a count, clients, and /proc. */
#ifndef CHECK_H
#define CHECK_H

#include "zim.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* Nothing that a test waits for takes longer, unless it never comes. Valgrind is slow. */
#define PATIENCE_MS 60000

static unsigned checks_made, checks_failed;
static pthread_mutex_t checks_lock = PTHREAD_MUTEX_INITIALIZER;

#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
static inline int
check_at(const char *file, int line, int good, const char *format, ...) {
    pthread_mutex_lock(&checks_lock);
    checks_made++;
    if (!good) {
        va_list arguments;
        checks_failed++;
        fprintf(stderr, "%s:%d: ", file, line);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fprintf(stderr, "\n");
    }
    pthread_mutex_unlock(&checks_lock);
    return good;
}

/* CHECK(condition, "what was wrong: %d", value) counts and goes on; REQUIRE ends the program. */
#define CHECK(good, ...) check_at(__FILE__, __LINE__, (good) != 0, __VA_ARGS__)
#define REQUIRE(good, ...)                                                                                             \
    do {                                                                                                               \
        if (!check_at(__FILE__, __LINE__, (good) != 0, __VA_ARGS__)) {                                                 \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
#define CHECK_CODE(got, wanted)                                                                                        \
    do {                                                                                                               \
        int32_t got_ = (got), wanted_ = (wanted);                                                                      \
        CHECK(got_ == wanted_, "%s: got %d %s, wanted %d %s (%s)", #got, got_, ZIM_ErrorName(got_), wanted_,           \
              ZIM_ErrorName(wanted_), ZIM_GetLastErrorMessage());                                                      \
    } while (0)
#define REQUIRE_CODE(got, wanted)                                                                                      \
    do {                                                                                                               \
        int32_t code_ = (got);                                                                                         \
        REQUIRE(code_ == (wanted), "%s: got %d %s (%s)", #got, code_, ZIM_ErrorName(code_),                            \
                ZIM_GetLastErrorMessage());                                                                            \
    } while (0)

static inline int checks_result(const char *name) {
    printf("%s: %u checks, %u failed\n", name, checks_made, checks_failed);
    return checks_failed == 0 && checks_made > 0 ? 0 : 1;
}

static inline double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* A number that threads change and wait for. */
typedef struct Counter {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    long value;
} Counter;

static inline void counter_init(Counter *counter) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&counter->lock, NULL);
    pthread_cond_init(&counter->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    counter->value = 0;
}

static inline void counter_add(Counter *counter, long amount) {
    pthread_mutex_lock(&counter->lock);
    counter->value += amount;
    pthread_cond_broadcast(&counter->changed);
    pthread_mutex_unlock(&counter->lock);
}

static inline long counter_value(Counter *counter) {
    long value;
    pthread_mutex_lock(&counter->lock);
    value = counter->value;
    pthread_mutex_unlock(&counter->lock);
    return value;
}

/* Waits until the number is at least `least`. 0 if that did not happen in time. */
static inline int counter_wait(Counter *counter, long least) {
    struct timespec until;
    int reached;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE_MS / 1000;
    pthread_mutex_lock(&counter->lock);
    while (counter->value < least && pthread_cond_timedwait(&counter->changed, &counter->lock, &until) == 0) {
    }
    reached = counter->value >= least;
    pthread_mutex_unlock(&counter->lock);
    return reached;
}

static inline ZIMClient *new_client(int32_t mode, const char *server_url) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMClient *client = NULL;
    config.callback_mode = mode;
    config.server_url = server_url;
    REQUIRE_CODE(ZIM_Create(&config, &client), ZIMErrorCode_Success);
    return client;
}

/* What a result callback has told: how often it was called, and the last code. */
typedef struct Result {
    Counter calls;
    int32_t code;
    char call_id[64];
    pthread_t thread;
} Result;

static inline void result_init(Result *result) {
    counter_init(&result->calls);
    result->code = -1;
    result->call_id[0] = '\0';
}

static inline void result_take(Result *result, const char *call_id, const ZIMError *error) {
    result->code = error->code;
    result->thread = pthread_self();
    snprintf(result->call_id, sizeof result->call_id, "%s", call_id != NULL ? call_id : "");
    counter_add(&result->calls, 1);
}

static inline void result_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
    (void)client;
    result_take(user_data, NULL, error);
}

static inline void result_invited(ZIMClient *client, const char *call_id, const ZIMCallInvitationSentInfo *info,
                                  const ZIMError *error, void *user_data) {
    (void)client, (void)info;
    result_take(user_data, call_id, error);
}

static inline void result_answered(ZIMClient *client, const char *call_id, const ZIMError *error, void *user_data) {
    (void)client;
    result_take(user_data, call_id, error);
}

static inline void result_cancelled(ZIMClient *client, const char *call_id, const ZIMErrorUserInfo *const *users,
                                    uint32_t count, const ZIMError *error, void *user_data) {
    (void)client, (void)users, (void)count;
    result_take(user_data, call_id, error);
}

/* Waits for a result: in poll mode by polling, in thread mode by waiting. */
static inline void result_wait(ZIMClient *poll_client, Result *result, long calls) {
    double until = now_ms() + PATIENCE_MS;
    if (poll_client == NULL) {
        REQUIRE(counter_wait(&result->calls, calls), "a result did not come");
        return;
    }
    while (counter_value(&result->calls) < calls) {
        REQUIRE(now_ms() < until, "a result did not come");
        ZIM_WaitCallbacks(poll_client, 1000);
        ZIM_PollCallbacks(poll_client, 0, NULL);
    }
}

static inline void log_in(ZIMClient *client, const char *user_id, int poll_mode) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    Result result;
    result_init(&result);
    user.user_id = user_id;
    REQUIRE_CODE(ZIM_Login(client, &user, NULL, result_logged_in, &result), ZIMErrorCode_Success);
    result_wait(poll_mode ? client : NULL, &result, 1);
    REQUIRE(result.code == ZIMErrorCode_Success, "login of %s: %d %s", user_id, result.code,
            ZIM_ErrorName(result.code));
}

static inline int entries(const char *folder) {
    DIR *directory = opendir(folder);
    const struct dirent *entry;
    int count = 0;
    if (directory == NULL) {
        return -1;
    }
    while ((entry = readdir(directory)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static inline int threads(void) {
    return entries("/proc/self/task");
}

/* Without the one that counting opens. */
static inline int descriptors(void) {
    return entries("/proc/self/fd") - 1;
}

static inline long resident_kb(void) {
    long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld %ld", &size, &resident) != 2) {
        resident = -1;
    }
    if (file != NULL) {
        fclose(file);
    }
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Set by the argument "valgrind": a second is not a second there, and signal masks are valgrind's own. */
static int under_valgrind;

static inline void read_arguments(int argc, char **argv) {
    under_valgrind = argc > 1 && strcmp(argv[1], "valgrind") == 0;
}

/* Every thread of this process but those whose numbers are given blocks all signals. Linux numbers: the thread library
 * keeps 32 and 33 for itself, and 9 and 19 cannot be blocked. */
static inline int count_threads_with_signals(const pid_t *own, int own_count) {
    const unsigned long long never = 1ull << 31 | 1ull << 32 | 1ull << 8 | 1ull << 18;
    DIR *directory = under_valgrind ? NULL : opendir("/proc/self/task");
    const struct dirent *entry;
    int open_threads = under_valgrind && own_count == 0;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[300], line[200];
        unsigned long long blocked = 0;
        pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);
        FILE *status;
        int at, is_own = 0, known = 0;
        for (at = 0; at < own_count; at++) {
            is_own |= own[at] == thread;
        }
        if (thread == 0 || is_own) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
        status = fopen(path, "r");
        while (status != NULL && fgets(line, sizeof line, status) != NULL) {
            if (strncmp(line, "SigBlk:", 7) == 0) {
                blocked = strtoull(line + 7, NULL, 16);
                known = 1;
            }
        }
        if (status != NULL) {
            fclose(status);
        }
        open_threads += known && (blocked | never) != ~0ull;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return open_threads;
}

/* Whether every thread of the process is stopped. */
static inline int is_stopped(pid_t process) {
    char folder[64], path[400], text[256];
    const struct dirent *entry;
    int running = 0, seen = 0;
    DIR *directory;
    snprintf(folder, sizeof folder, "/proc/%d/task", (int)process);
    directory = opendir(folder);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        FILE *file;
        const char *state;
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s/stat", folder, entry->d_name);
        file = fopen(path, "r");
        if (file != NULL && fgets(text, sizeof text, file) != NULL && (state = strrchr(text, ')')) != NULL) {
            seen++;
            running += state[2] != 'T';
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return seen > 0 && running == 0;
}

/* The server stands still, its connections open, until server_continue. */
static inline pid_t server_stop(void) {
    const char *number = getenv("ZIM_SERVER_PID");
    pid_t server = number != NULL ? (pid_t)strtol(number, NULL, 10) : 0;
    double until = now_ms() + PATIENCE_MS;
    REQUIRE(server > 1, "ZIM_SERVER_PID is not set; with_server.sh sets it");
    REQUIRE(kill(server, SIGSTOP) == 0, "the server cannot be stopped");
    while (!is_stopped(server)) {
        REQUIRE(now_ms() < until, "the server does not stop");
        sched_yield();
    }
    return server;
}

static inline void server_continue(pid_t server) {
    REQUIRE(kill(server, SIGCONT) == 0, "the server cannot be continued");
}

static inline const char *server_url(void) {
    const char *url = getenv("ZIM_SERVER_URL");
    REQUIRE(url != NULL, "ZIM_SERVER_URL is not set; with_server.sh sets it");
    return url;
}

#endif
