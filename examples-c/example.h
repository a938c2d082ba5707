/* What the examples share: a stopwatch, a narrator, names for states, and a way to wait for a callback. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "zim.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds since the first call of this function. */
static inline double stopwatch(void) {
    static struct timespec start;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (start.tv_sec == 0 && start.tv_nsec == 0) {
        start = now;
    }
    return (double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9;
}

/* "   1.203 s  bob    is ringing". May be called from any thread. */
static inline void narrate(const char *who, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%8.3f s  %-8s %s\n", stopwatch(), who, text);
    fflush(stdout);
}

/* Ends the program when a ZIM_ function refuses: the library says why. */
static inline void must(int32_t code, const char *what) {
    if (code != ZIMErrorCode_Success) {
        fprintf(stderr, "%s: %s (%d): %s\n", what, ZIM_ErrorName(code), code, ZIM_GetLastErrorMessage());
        exit(1);
    }
}

static inline const char *state_name(int32_t state) {
    switch (state) {
    case ZIMCallUserState_Inviting: return "Inviting";
    case ZIMCallUserState_Accepted: return "Accepted";
    case ZIMCallUserState_Rejected: return "Rejected";
    case ZIMCallUserState_Cancelled: return "Cancelled";
    case ZIMCallUserState_Received: return "Received";
    case ZIMCallUserState_Timeout: return "Timeout";
    case ZIMCallUserState_Quit: return "Quit";
    case ZIMCallUserState_Ended: return "Ended";
    case ZIMCallUserState_NotYetReceived: return "NotYetReceived";
    case ZIMCallUserState_BeCancelled: return "BeCancelled";
    default: return "Unknown";
    }
}

static inline const char *connection_state_name(int32_t state) {
    switch (state) {
    case ZIMConnectionState_Disconnected: return "Disconnected";
    case ZIMConnectionState_Connecting: return "Connecting";
    case ZIMConnectionState_Connected: return "Connected";
    case ZIMConnectionState_Reconnecting: return "Reconnecting";
    default: return "Unknown";
    }
}

/* "bob: Received, carol: Accepted" */
static inline void describe_users(char *text, size_t size, const ZIMCallUserInfo *const *users, uint32_t count) {
    size_t used = 0;
    uint32_t at;
    text[0] = '\0';
    for (at = 0; at < count && used < size; at++) {
        const char *reason = users[at]->reason == 0 ? "" : ZIM_ErrorName(users[at]->reason);
        used += (size_t)snprintf(text + used, size - used, "%s%s: %s%s%s%s", at == 0 ? "" : ", ", users[at]->user_id,
                                 state_name(users[at]->state), *reason ? " (" : "", reason, *reason ? ")" : "");
    }
}

/* A counter that one thread waits for and callbacks on other threads count up. */
typedef struct Signal {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned count;
} Signal;

static inline void signal_init(Signal *signal) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&signal->lock, NULL);
    pthread_cond_init(&signal->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    signal->count = 0;
}

/* Called by the callbacks. */
static inline void signal_raise(Signal *signal) {
    pthread_mutex_lock(&signal->lock);
    signal->count++;
    pthread_cond_broadcast(&signal->changed);
    pthread_mutex_unlock(&signal->lock);
}

/* Waits until the counter is above 0 and counts it down. 0 when that did not happen in time. */
static inline int signal_wait(Signal *signal, int seconds) {
    struct timespec until;
    int taken;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&signal->lock);
    while (signal->count == 0 && pthread_cond_timedwait(&signal->changed, &signal->lock, &until) == 0) {
    }
    taken = signal->count > 0;
    if (taken) {
        signal->count--;
    }
    pthread_mutex_unlock(&signal->lock);
    return taken;
}

static inline unsigned signal_left(Signal *signal) {
    unsigned count;
    pthread_mutex_lock(&signal->lock);
    count = signal->count;
    pthread_mutex_unlock(&signal->lock);
    return count;
}

#endif
