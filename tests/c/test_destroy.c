/* ZIM_Destroy takes less than a second, whatever goes on, and every callback that was promised is made exactly once.
 *
 *     test_destroy [valgrind]
 *
 * The program brings its own getaddrinfo, which the library calls instead of the C library's: an answer of DNS that
 * never comes. Servers that never answer are sockets of this program. */

#define _GNU_SOURCE
#include "check.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>

static double limit_ms = 1000;

/* ---- DNS that does not answer until it is told to ---- */

static Counter dns_asked, dns_released;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    typedef int (*GetAddrInfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    GetAddrInfo next;
    if (node != NULL && strstr(node, "never.invalid") != NULL) {
        counter_add(&dns_asked, 1);
        counter_wait(&dns_released, 1);
        return EAI_FAIL;
    }
    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(node, service, hints, found);
}

/* ---- one client with promises to keep ---- */

#define PENDING 5

typedef struct Host {
    ZIMClient *client;
    int poll_mode;
    Result results[PENDING];
    int taken;
    Counter freed, events, after_destroy;
    volatile int destroyed;
    /* For the test in which a callback does not return. */
    Counter stuck, let_go;
    int32_t destroy_code;
} Host;

static void on_freed(void *user_data) {
    counter_add(&((Host *)user_data)->freed, 1);
}

static void on_event(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    Host *host = user_data;
    (void)client, (void)state, (void)event, (void)json;
    counter_add(&host->events, 1);
    if (host->destroyed) {
        counter_add(&host->after_destroy, 1);
    }
}

static void host_init(Host *host, int poll_mode, const char *url) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    int at;
    memset(host, 0, sizeof *host);
    for (at = 0; at < PENDING; at++) {
        result_init(&host->results[at]);
    }
    counter_init(&host->freed);
    counter_init(&host->events);
    counter_init(&host->after_destroy);
    counter_init(&host->stuck);
    counter_init(&host->let_go);
    host->poll_mode = poll_mode;
    host->client = new_client(poll_mode ? ZIMCallbackMode_Poll : ZIMCallbackMode_Thread, url);
    handler.on_connection_state_changed = on_event;
    REQUIRE_CODE(ZIM_SetEventHandler(host->client, &handler, host, on_freed), 0);
}

static void host_log_in(Host *host, const char *name) {
    log_in(host->client, name, host->poll_mode);
}

/* Begins a login; its callback is the first promise. */
static void host_begin_login(Host *host, const char *name) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    user.user_id = name;
    REQUIRE_CODE(ZIM_Login(host->client, &user, NULL, result_logged_in, &host->results[host->taken++]), 0);
}

static void host_begin_requests(Host *host) {
    static const char *const nobody[] = {"nobody"};
    ZIMClient *client = host->client;
    REQUIRE_CODE(ZIM_CallInvite(client, nobody, 1, NULL, result_invited, &host->results[host->taken++]), 0);
    REQUIRE_CODE(ZIM_CallCancel(client, NULL, 0, "no-call", NULL, result_cancelled, &host->results[host->taken++]), 0);
    REQUIRE_CODE(ZIM_CallAccept(client, "no-call", NULL, result_answered, &host->results[host->taken++]), 0);
    REQUIRE_CODE(ZIM_CallReject(client, "no-call", NULL, result_answered, &host->results[host->taken++]), 0);
    REQUIRE_CODE(ZIM_UploadLog(client, result_logged_in, &host->results[host->taken++]), 0);
}

/* Destroys it and looks at every promise. `pending`: how many were certainly not answered before. */
static void host_destroy(Host *host, const char *scene, int pending) {
    double begun = now_ms(), took;
    int at, destroyed_code = 0;
    long events;
    CHECK_CODE(ZIM_Destroy(host->client), 0);
    host->destroyed = 1;
    took = now_ms() - begun;
    printf("  %-44s %s %6.1f ms\n", scene, host->poll_mode ? "poll  " : "thread", took);
    CHECK(took < limit_ms, "%s: destroy took %.0f ms", scene, took);
    events = counter_value(&host->events);
    for (at = 0; at < host->taken; at++) {
        CHECK(counter_value(&host->results[at].calls) == 1, "%s: promise %d was kept %ld times", scene, at,
              counter_value(&host->results[at].calls));
        destroyed_code += host->results[at].code == ZIMErrorCode_SDKModuleClientDestroyed;
        if (host->poll_mode) {
            CHECK(pthread_equal(host->results[at].thread, pthread_self()), "%s: on another thread", scene);
        } else {
            CHECK(!pthread_equal(host->results[at].thread, pthread_self()), "%s: on this thread", scene);
        }
    }
    CHECK(destroyed_code >= pending, "%s: %d of %d requests completed with 6090008", scene, destroyed_code, pending);
    CHECK(counter_value(&host->freed) == 1, "%s: user data given back %ld times", scene, counter_value(&host->freed));
    CHECK_CODE(ZIM_Destroy(host->client), ZIMErrorCode_CommonModuleNotInit);
    CHECK(counter_value(&host->events) == events, "%s: a callback after destroy", scene);
    CHECK(counter_value(&host->after_destroy) == 0, "%s: a callback after destroy", scene);
}

/* ---- servers that never answer ---- */

static int listening(int backlog, int *port) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
    REQUIRE(listen(listener, backlog) == 0, "listen");
    REQUIRE(getsockname(listener, (struct sockaddr *)&address, &length) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return listener;
}

/* Fills the backlog of a listener, so that another connect gets no answer. */
static void fill(int port, int *sockets, int count) {
    struct sockaddr_in address;
    int at;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    for (at = 0; at < count; at++) {
        sockets[at] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        REQUIRE(connect(sockets[at], (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS,
                "connect: %s", strerror(errno));
    }
}

/* Waits until somebody has connected, by accepting; the connection is left alone. */
static int accepted(int listener) {
    int connection = accept(listener, NULL, NULL);
    REQUIRE(connection >= 0, "accept");
    return connection;
}

/* How many sockets of this machine wait for the answer to a connect to the port. */
static int connects_waiting(int port) {
    char line[300];
    FILE *file = fopen("/proc/net/tcp", "r");
    int waiting = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        unsigned remote_port = 0, state = 0;
        if (sscanf(line, " %*d: %*x:%*x %*x:%x %x", &remote_port, &state) == 2) {
            waiting += remote_port == (unsigned)port && state == 2;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return waiting;
}

/* Ends the library's connections to the port, behind its back. Returns how many there were. */
static int cut_connections(int port) {
    int at, cut = 0;
    for (at = 3; at < 1024; at++) {
        struct sockaddr_in peer;
        socklen_t length = sizeof peer;
        if (getpeername(at, (struct sockaddr *)&peer, &length) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port) {
            cut += shutdown(at, SHUT_RDWR) == 0;
        }
    }
    return cut;
}

/* ---- the scenes ---- */

static void nothing_going_on(int poll_mode) {
    Host host;
    host_init(&host, poll_mode, server_url());
    host_destroy(&host, "never logged in", 0);
    host_init(&host, poll_mode, server_url());
    host_log_in(&host, "idle");
    host_destroy(&host, "logged in", 0);
}

static void requests_pending(int poll_mode) {
    Host host;
    host_init(&host, poll_mode, server_url());
    host_log_in(&host, "busy");
    host_begin_requests(&host);
    host_destroy(&host, "requests just made", 0);
}

/* The server is stopped in its tracks: connected, and silent. */
static void server_silent(int poll_mode) {
    Host host;
    pid_t server;
    host_init(&host, poll_mode, server_url());
    host_log_in(&host, "waiting");
    server = server_stop();
    host_begin_requests(&host);
    host_destroy(&host, "requests pending, the server is silent", PENDING);
    server_continue(server);
}

static int is_reconnecting(ZIMClient *client) {
    return ZIM_GetConnectionState(client) == ZIMConnectionState_Reconnecting;
}

/* The connection is lost, and cannot be made again. */
static void link_lost(int poll_mode) {
    int port = (int)strtol(strrchr(server_url(), ':') + 1, NULL, 10);
    double until = now_ms() + PATIENCE_MS;
    Host host;
    pid_t server;
    host_init(&host, poll_mode, server_url());
    host_log_in(&host, "cut off");
    server = server_stop();
    host_begin_requests(&host);
    REQUIRE(cut_connections(port) == 1, "the connection was not found");
    while (!is_reconnecting(host.client)) {
        REQUIRE(now_ms() < until, "the client does not see that the connection is lost");
        sched_yield();
    }
    host_destroy(&host, "requests pending, the connection lost", PENDING);
    server_continue(server);
}

static void server_gone(int poll_mode) {
    Host host;
    host_init(&host, poll_mode, "ws://127.0.0.1:1/zim");
    host_begin_login(&host, "lonely");
    host_destroy(&host, "login pending, no server", 1);
}

static void no_dns(int poll_mode) {
    long asked = counter_value(&dns_asked);
    pid_t self = getpid();
    Host host;
    host_init(&host, poll_mode, "ws://never.invalid/zim");
    host_begin_login(&host, "nameless");
    REQUIRE(counter_wait(&dns_asked, asked + 1), "the name was not looked up");
    CHECK(count_threads_with_signals(&self, 1) == 0, "a thread of the library takes signals");
    host_destroy(&host, "login pending, no answer of DNS", 1);
}

static void no_connect(int poll_mode) {
    Host host;
    char url[64];
    int port, sockets[16], at, before, listener = listening(0, &port);
    double until = now_ms() + PATIENCE_MS;
    fill(port, sockets, 16);
    before = connects_waiting(port);
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/zim", port);
    host_init(&host, poll_mode, url);
    host_begin_login(&host, "outside");
    while (connects_waiting(port) <= before) {
        REQUIRE(now_ms() < until, "the client does not try to connect");
        sched_yield();
    }
    host_destroy(&host, "login pending, no TCP connect", 1);
    for (at = 0; at < 16; at++) {
        close(sockets[at]);
    }
    close(listener);
}

static void no_handshake(int poll_mode, const char *scheme, const char *scene) {
    Host host;
    char url[64];
    int port, connection, listener = listening(8, &port);
    snprintf(url, sizeof url, "%s://127.0.0.1:%d/zim", scheme, port);
    host_init(&host, poll_mode, url);
    host_begin_login(&host, "ignored");
    connection = accepted(listener);
    host_destroy(&host, scene, 1);
    close(connection);
    close(listener);
}

/* Destroy from inside a callback: the others are made nested in it. */
static void on_login_destroy(ZIMClient *client, const ZIMError *error, void *user_data) {
    Host *host = user_data;
    double begun = now_ms(), took;
    CHECK(error->code == 0, "login: %d", error->code);
    host_begin_requests(host);
    host->destroy_code = ZIM_Destroy(client);
    host->destroyed = 1;
    took = now_ms() - begun;
    printf("  %-44s %s %6.1f ms\n", "from inside a callback", host->poll_mode ? "poll  " : "thread", took);
    CHECK(took < limit_ms, "from inside a callback: %.0f ms", took);
    counter_add(&host->stuck, 1);
}

static void inside_a_callback(int poll_mode) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    Host host;
    int at;
    host_init(&host, poll_mode, server_url());
    user.user_id = "inside";
    REQUIRE_CODE(ZIM_Login(host.client, &user, NULL, on_login_destroy, &host), 0);
    if (poll_mode) {
        double until = now_ms() + PATIENCE_MS;
        while (counter_value(&host.stuck) == 0) {
            REQUIRE(now_ms() < until, "the login did not complete");
            ZIM_WaitCallbacks(host.client, 1000);
            ZIM_PollCallbacks(host.client, 0, NULL);
        }
    }
    REQUIRE(counter_wait(&host.stuck, 1), "the login did not complete");
    CHECK_CODE(host.destroy_code, 0);
    for (at = 0; at < host.taken; at++) {
        CHECK(counter_value(&host.results[at].calls) == 1, "from inside: promise %d was kept %ld times", at,
              counter_value(&host.results[at].calls));
    }
    CHECK(host.taken == PENDING, "%d requests", host.taken);
    /* The handler's user data goes when the callback that destroys has returned, at the latest. */
    REQUIRE(counter_wait(&host.freed, 1), "the user data was not given back");
    CHECK(counter_value(&host.after_destroy) == 0, "a callback after destroy");
    CHECK_CODE(ZIM_Destroy(host.client), ZIMErrorCode_CommonModuleNotInit);
}

/* Another thread is inside a callback and stays there. */
static void on_login_stay(ZIMClient *client, const ZIMError *error, void *user_data) {
    Host *host = user_data;
    (void)client;
    CHECK(error->code == 0, "login: %d", error->code);
    counter_add(&host->stuck, 1);
    counter_wait(&host->let_go, 1);
}

static void *polling(void *argument) {
    Host *host = argument;
    double until = now_ms() + PATIENCE_MS;
    while (counter_value(&host->stuck) == 0 && now_ms() < until) {
        ZIM_WaitCallbacks(host->client, 1000);
        ZIM_PollCallbacks(host->client, 0, NULL);
    }
    return NULL;
}

static void stuck_callback(int poll_mode) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    pthread_t poller;
    double begun, took;
    Host host;
    int at;
    host_init(&host, poll_mode, server_url());
    user.user_id = "stuck";
    REQUIRE_CODE(ZIM_Login(host.client, &user, NULL, on_login_stay, &host), 0);
    if (poll_mode) {
        REQUIRE(pthread_create(&poller, NULL, polling, &host) == 0, "pthread_create");
    }
    REQUIRE(counter_wait(&host.stuck, 1), "the callback was not made");
    host_begin_requests(&host);

    begun = now_ms();
    CHECK_CODE(ZIM_Destroy(host.client), ZIMErrorCode_SDKModuleCallbackStillRunning);
    took = now_ms() - begun;
    printf("  %-44s %s %6.1f ms\n", "another thread stuck in a callback", poll_mode ? "poll  " : "thread", took);
    CHECK(took < limit_ms + 100, "destroy took %.0f ms", took);
    CHECK(counter_value(&host.freed) == 0, "user data was given back while it is in use");
    CHECK_CODE(ZIM_Destroy(host.client), ZIMErrorCode_CommonModuleNotInit);

    counter_add(&host.let_go, 1);
    for (at = 0; at < host.taken; at++) {
        REQUIRE(counter_wait(&host.results[at].calls, 1), "promise %d was not kept", at);
    }
    REQUIRE(counter_wait(&host.freed, 1), "the user data was not given back");
    if (poll_mode) {
        pthread_join(poller, NULL);
    }
    for (at = 0; at < host.taken; at++) {
        CHECK(counter_value(&host.results[at].calls) == 1, "promise %d was kept %ld times", at,
              counter_value(&host.results[at].calls));
    }
    CHECK(counter_value(&host.freed) == 1, "user data given back %ld times", counter_value(&host.freed));
}

/* A thread that waits for work is woken. */
static void *waiting(void *argument) {
    Host *host = argument;
    counter_add(&host->stuck, 1);
    host->destroy_code = ZIM_WaitCallbacks(host->client, PATIENCE_MS);
    return NULL;
}

static void waiter_wakes(void) {
    pthread_t waiter;
    double begun;
    Host host;
    host_init(&host, 1, server_url());
    REQUIRE(pthread_create(&waiter, NULL, waiting, &host) == 0, "pthread_create");
    REQUIRE(counter_wait(&host.stuck, 1), "the thread did not start");
    begun = now_ms();
    CHECK_CODE(ZIM_Destroy(host.client), 0);
    pthread_join(waiter, NULL);
    CHECK(now_ms() - begun < limit_ms, "the waiter woke after %.0f ms", now_ms() - begun);
    CHECK_CODE(host.destroy_code, ZIMErrorCode_CommonModuleNotInit);
}

int main(int argc, char **argv) {
    int poll_mode;
    read_arguments(argc, argv);
    if (under_valgrind) {
        limit_ms = 10000;
    }
    counter_init(&dns_asked);
    counter_init(&dns_released);
    for (poll_mode = 0; poll_mode <= 1; poll_mode++) {
        nothing_going_on(poll_mode);
        requests_pending(poll_mode);
        inside_a_callback(poll_mode);
        server_silent(poll_mode);
        link_lost(poll_mode);
        server_gone(poll_mode);
        no_dns(poll_mode);
        no_connect(poll_mode);
        no_handshake(poll_mode, "wss", "login pending, no TLS handshake");
        no_handshake(poll_mode, "ws", "login pending, no WebSocket handshake");
        stuck_callback(poll_mode);
    }
    waiter_wakes();
    counter_add(&dns_released, 1);
    return checks_result("test_destroy");
}
