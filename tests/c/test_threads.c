/* Who calls whom on which thread: callbacks one at a time, in order, on the right thread; every function from any
 * thread and from inside callbacks; handlers replaced at any time; signals left to the host.
 *
 *     test_threads [valgrind]       with smaller numbers */

#define _GNU_SOURCE
#include "check.h"

#define CALLERS 8

static int requests_each = 200, lives_each = 40;

/* ---- one at a time, in order ---- */

typedef struct Crowd {
    ZIMClient *client;
    Counter done;
    /* Not protected: if two callbacks ran at once, the numbers would be wrong, or the sanitizer would say so. */
    int inside, overlaps, out_of_order, wrong_codes, wrong_threads;
    pthread_t callback_thread;
    int seen_callback_thread;
} Crowd;

typedef struct Member {
    Crowd *crowd;
    int next_answer;
} Member;

typedef struct Question {
    Member *member;
    int number;
} Question;

static void on_no_such_call(ZIMClient *client, const char *call_id, const ZIMErrorUserInfo *const *users,
                            uint32_t count, const ZIMError *error, void *user_data) {
    Question *question = user_data;
    Member *member = question->member;
    Crowd *crowd = member->crowd;
    (void)users, (void)count;
    crowd->overlaps += crowd->inside++;
    if (!crowd->seen_callback_thread) {
        crowd->callback_thread = pthread_self();
        crowd->seen_callback_thread = 1;
    }
    crowd->wrong_threads += !pthread_equal(crowd->callback_thread, pthread_self());
    crowd->out_of_order += question->number != member->next_answer++;
    crowd->wrong_codes += error->code != ZIMErrorCode_CallModuleDoesNotExist || client != crowd->client ||
                          strcmp(call_id, "no-such-call") != 0;
    crowd->inside--;
    free(question);
    counter_add(&crowd->done, 1);
}

static void *asking(void *argument) {
    Member *member = argument;
    int number;
    for (number = 0; number < requests_each; number++) {
        Question *question = malloc(sizeof *question);
        question->member = member;
        question->number = number;
        REQUIRE_CODE(ZIM_CallCancel(member->crowd->client, NULL, 0, "no-such-call", NULL, on_no_such_call, question),
                     0);
        /* Functions that only look, in between. */
        CHECK_CODE(ZIM_GetConnectionState(member->crowd->client), ZIMConnectionState_Connected);
        CHECK(ZIM_GetInstance() != NULL, "no instance");
        CHECK_CODE(ZIM_GetConnectionState(NULL), ZIMErrorCode_CommonModuleNotInit);
    }
    return NULL;
}

static void one_at_a_time(void) {
    pthread_t callers[CALLERS];
    Member members[CALLERS];
    Crowd crowd;
    int at;
    memset(&crowd, 0, sizeof crowd);
    counter_init(&crowd.done);
    crowd.client = new_client(ZIMCallbackMode_Thread, NULL);
    log_in(crowd.client, "crowd", 0);
    for (at = 0; at < CALLERS; at++) {
        members[at].crowd = &crowd;
        members[at].next_answer = 0;
        REQUIRE(pthread_create(&callers[at], NULL, asking, &members[at]) == 0, "pthread_create");
    }
    for (at = 0; at < CALLERS; at++) {
        pthread_join(callers[at], NULL);
    }
    REQUIRE(counter_wait(&crowd.done, (long)CALLERS * requests_each), "%ld results", counter_value(&crowd.done));
    CHECK_CODE(ZIM_Destroy(crowd.client), 0);
    CHECK(counter_value(&crowd.done) == (long)CALLERS * requests_each, "%ld results", counter_value(&crowd.done));
    CHECK(crowd.overlaps == 0 && crowd.out_of_order == 0 && crowd.wrong_codes == 0 && crowd.wrong_threads == 0,
          "%d overlapping, %d out of order, %d wrong codes, %d on another thread", crowd.overlaps, crowd.out_of_order,
          crowd.wrong_codes, crowd.wrong_threads);
    CHECK(!pthread_equal(crowd.callback_thread, pthread_self()), "a callback on the host's thread");
    printf("  %d requests of %d threads: answered in order, one at a time, on one thread\n", CALLERS * requests_each,
           CALLERS);
}

/* ---- from inside a callback ---- */

typedef struct Inside {
    Result invited, cancelled, uploaded;
    Counter done;
} Inside;

static void on_login_everything(ZIMClient *client, const ZIMError *error, void *user_data) {
    static const char *const nobody[] = {"nobody"};
    Inside *inside = user_data;
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMClient *other = NULL;
    CHECK(error->code == 0, "login: %d", error->code);
    CHECK_CODE(ZIM_GetConnectionState(client), ZIMConnectionState_Connected);
    CHECK_CODE(ZIM_SetEventHandler(client, &handler, NULL, NULL), 0);
    CHECK_CODE(ZIM_CallInvite(client, nobody, 1, NULL, result_invited, &inside->invited), 0);
    CHECK_CODE(ZIM_CallCancel(client, NULL, 0, "no-call", NULL, result_cancelled, &inside->cancelled), 0);
    CHECK_CODE(ZIM_UploadLog(client, result_logged_in, &inside->uploaded), 0);
    CHECK_CODE(ZIM_SetLogCallback(NULL, 0, NULL), 0);
    CHECK_CODE(ZIM_Create(&config, &other), 0);
    CHECK_CODE(ZIM_Destroy(other), 0);
    /* They cannot have been answered: this callback has not returned. */
    CHECK(counter_value(&inside->invited.calls) == 0 && counter_value(&inside->cancelled.calls) == 0 &&
              counter_value(&inside->uploaded.calls) == 0,
          "a callback inside a callback");
    counter_add(&inside->done, 1);
}

static void from_inside(void) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMClient *client = new_client(ZIMCallbackMode_Thread, NULL);
    Inside inside;
    result_init(&inside.invited);
    result_init(&inside.cancelled);
    result_init(&inside.uploaded);
    counter_init(&inside.done);
    user.user_id = "inside";
    REQUIRE_CODE(ZIM_Login(client, &user, NULL, on_login_everything, &inside), 0);
    REQUIRE(counter_wait(&inside.done, 1), "no login");
    result_wait(NULL, &inside.invited, 1);
    result_wait(NULL, &inside.cancelled, 1);
    result_wait(NULL, &inside.uploaded, 1);
    CHECK(inside.cancelled.code == ZIMErrorCode_CallModuleDoesNotExist, "%d", inside.cancelled.code);
    CHECK_CODE(ZIM_Destroy(client), 0);
}

/* ---- handlers replaced ---- */

typedef struct Watch Watch;
typedef struct Owner {
    Watch *watch;
    const char *name;
    Counter events, freed;
    int inside, freed_inside;
    pthread_t freed_on;
} Owner;

struct Watch {
    ZIMClient *client;
    Owner first, second;
    pthread_t callback_thread;
    int replaced;
};

static void on_owner_freed(void *user_data) {
    Owner *owner = user_data;
    owner->freed_inside = owner->inside;
    owner->freed_on = pthread_self();
    counter_add(&owner->freed, 1);
}

static void on_owner_event(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    Owner *owner = user_data;
    Watch *watch = owner->watch;
    (void)state, (void)event, (void)json;
    owner->inside = 1;
    watch->callback_thread = pthread_self();
    if (!watch->replaced) {
        ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
        watch->replaced = 1;
        handler.on_connection_state_changed = on_owner_event;
        CHECK_CODE(ZIM_SetEventHandler(client, &handler, &watch->second, on_owner_freed), 0);
        CHECK(counter_value(&owner->freed) == 0, "user data was given back to a handler that runs");
    }
    owner->inside = 0;
    counter_add(&owner->events, 1);
}

static void owner_init(Owner *owner, Watch *watch, const char *name) {
    memset(owner, 0, sizeof *owner);
    owner->watch = watch;
    owner->name = name;
    counter_init(&owner->events);
    counter_init(&owner->freed);
}

static void handlers_replaced(int poll_mode) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    Watch watch;
    memset(&watch, 0, sizeof watch);
    owner_init(&watch.first, &watch, "first");
    owner_init(&watch.second, &watch, "second");
    watch.client = new_client(poll_mode ? ZIMCallbackMode_Poll : ZIMCallbackMode_Thread, NULL);
    handler.on_connection_state_changed = on_owner_event;
    REQUIRE_CODE(ZIM_SetEventHandler(watch.client, &handler, &watch.first, on_owner_freed), 0);
    /* Connecting goes to the first, which replaces itself; Connected to the second. */
    log_in(watch.client, "watched", poll_mode);
    if (poll_mode) {
        while (counter_value(&watch.second.events) == 0 && ZIM_WaitCallbacks(watch.client, PATIENCE_MS) == 0) {
            REQUIRE_CODE(ZIM_PollCallbacks(watch.client, 0, NULL), 0);
        }
    }
    REQUIRE(counter_wait(&watch.second.events, 1), "no event to the second handler");
    REQUIRE(counter_wait(&watch.first.freed, 1), "the first handler's user data was not given back");
    CHECK(counter_value(&watch.first.events) == 1, "%ld events to the first handler",
          counter_value(&watch.first.events));
    CHECK(!watch.first.freed_inside, "given back while in use");
    CHECK(pthread_equal(watch.first.freed_on, watch.callback_thread), "given back on another thread");
    CHECK(pthread_equal(watch.callback_thread, pthread_self()) == poll_mode, "callbacks on the wrong thread");

    /* Cleared from outside: given back without an event having to come. */
    REQUIRE_CODE(ZIM_SetEventHandler(watch.client, NULL, NULL, NULL), 0);
    if (poll_mode) {
        REQUIRE_CODE(ZIM_PollCallbacks(watch.client, 0, NULL), 0);
    }
    REQUIRE(counter_wait(&watch.second.freed, 1), "the second handler's user data was not given back");
    CHECK(pthread_equal(watch.second.freed_on, watch.callback_thread), "given back on another thread");
    CHECK_CODE(ZIM_Destroy(watch.client), 0);
    CHECK(counter_value(&watch.first.freed) == 1 && counter_value(&watch.second.freed) == 1,
          "given back %ld and %ld times", counter_value(&watch.first.freed), counter_value(&watch.second.freed));
    printf("  handlers replaced from inside and outside, %s mode: user data given back once each\n",
           poll_mode ? "poll" : "thread");
}

/* ---- poll mode keeps out ---- */

static pthread_t polling_thread;
static int in_library;
static int uninvited, lines, nested_poll = -1;

static void count_uninvited(void) {
    uninvited += !in_library || !pthread_equal(pthread_self(), polling_thread);
}

static void on_line(int32_t level, const char *message, void *user_data) {
    (void)level, (void)message, (void)user_data;
    lines++;
    count_uninvited();
}

static void on_polled_event(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    (void)client, (void)state, (void)event, (void)json, (void)user_data;
    count_uninvited();
}

static void on_polled_freed(void *user_data) {
    (void)user_data;
    count_uninvited();
}

static void on_polled_login(ZIMClient *client, const ZIMError *error, void *user_data) {
    uint32_t dispatched = 77;
    count_uninvited();
    CHECK(error->code == 0, "login: %d", error->code);
    CHECK_CODE(ZIM_PollCallbacks(client, 0, &dispatched), 0);
    nested_poll = (int)dispatched;
    *(int *)user_data = 1;
}

static void poll_mode_keeps_out(void) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMClient *client;
    Result cancelled;
    int logged_in = 0, at;
    double until = now_ms() + PATIENCE_MS;
    pid_t self = getpid();

    polling_thread = pthread_self();
    in_library = 1;
    client = new_client(ZIMCallbackMode_Poll, NULL);
    in_library = 0;
    REQUIRE_CODE(ZIM_SetLogCallback(on_line, ZIMLogLevel_Debug, NULL), 0);
    handler.on_connection_state_changed = on_polled_event;
    REQUIRE_CODE(ZIM_SetEventHandler(client, &handler, NULL, on_polled_freed), 0);
    user.user_id = "polled";
    REQUIRE_CODE(ZIM_Login(client, &user, NULL, on_polled_login, &logged_in), 0);
    while (!logged_in) {
        REQUIRE(now_ms() < until, "the login did not complete");
        ZIM_WaitCallbacks(client, 1000);
        in_library = 1;
        REQUIRE_CODE(ZIM_PollCallbacks(client, 1, NULL), 0);
        in_library = 0;
    }
    CHECK(nested_poll == 0, "a poll inside a callback made %d callbacks", nested_poll);
    CHECK(count_threads_with_signals(&self, 1) == 0, "a thread of the library takes signals");

    result_init(&cancelled);
    for (at = 0; at < 20; at++) {
        REQUIRE_CODE(ZIM_CallCancel(client, NULL, 0, "no-call", NULL, result_cancelled, &cancelled), 0);
    }
    until = now_ms() + PATIENCE_MS;
    while (counter_value(&cancelled.calls) < 20) {
        uint32_t made = 0;
        REQUIRE(now_ms() < until, "%ld of 20 results", counter_value(&cancelled.calls));
        ZIM_WaitCallbacks(client, 1000);
        in_library = 1;
        REQUIRE_CODE(ZIM_PollCallbacks(client, 3, &made), 0);
        in_library = 0;
        CHECK(made <= 3, "%u callbacks instead of at most 3", made);
    }
    in_library = 1;
    CHECK_CODE(ZIM_Destroy(client), 0);
    CHECK_CODE(ZIM_SetLogCallback(NULL, 0, NULL), 0);
    in_library = 0;
    CHECK(uninvited == 0, "%d callbacks outside of poll, or on another thread", uninvited);
    CHECK(lines > 0, "no log line");
    printf("  poll mode: %d log lines and all callbacks inside ZIM_PollCallbacks or ZIM_Destroy\n", lines);
}

/* ---- signals ---- */

static void signals_are_the_hosts(void) {
    ZIMClient *client = new_client(ZIMCallbackMode_Thread, NULL);
    pid_t self = getpid();
    int before;
    log_in(client, "signals", 0);
    before = threads();
    CHECK(before > 1, "%d threads", before);
    CHECK(count_threads_with_signals(&self, 1) == 0, "a thread of the library takes signals");
    CHECK(count_threads_with_signals(NULL, 0) == 1, "the library changed the host's own signals");
    CHECK_CODE(ZIM_Destroy(client), 0);
}

/* ---- lives in parallel ---- */

static ZIMClient *volatile somebody;

static void *living(void *argument) {
    int at;
    (void)argument;
    for (at = 0; at < lives_each; at++) {
        ZIMUserInfo user = ZIM_USER_INFO_INIT;
        ZIMClient *client = new_client(at % 2 == 0 ? ZIMCallbackMode_Thread : ZIMCallbackMode_Poll, NULL);
        ZIMClient *other = somebody;
        int32_t code;
        Result result;
        result_init(&result);
        user.user_id = "same";
        somebody = client;
        REQUIRE_CODE(ZIM_Login(client, &user, NULL, result_logged_in, &result), 0);
        /* Another thread's client, which may be destroyed at any moment. */
        code = ZIM_GetConnectionState(other);
        CHECK((code >= 0 && code <= 3) || code == ZIMErrorCode_CommonModuleNotInit, "state %d", code);
        code = ZIM_Logout(other);
        CHECK(code == 0 || code == ZIMErrorCode_CommonModuleNotInit ||
                  code == ZIMErrorCode_NetworkModuleUserIsNotLogged,
              "logout %d", code);
        CHECK_CODE(ZIM_Destroy(client), 0);
        CHECK(counter_value(&result.calls) == 1, "a login completed %ld times", counter_value(&result.calls));
    }
    return NULL;
}

static void lives_in_parallel(void) {
    pthread_t all[4];
    int at, before = threads();
    for (at = 0; at < 4; at++) {
        REQUIRE(pthread_create(&all[at], NULL, living, NULL) == 0, "pthread_create");
    }
    for (at = 0; at < 4; at++) {
        pthread_join(all[at], NULL);
    }
    CHECK(ZIM_GetInstance() == NULL, "a client was left");
    CHECK(threads() == before, "%d threads were left", threads() - before);
    printf("  %d clients of 4 threads, created and destroyed at once\n", 4 * lives_each);
}

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    if (under_valgrind) {
        requests_each = 20;
        lives_each = 5;
    }
    server_url();
    one_at_a_time();
    from_inside();
    handlers_replaced(0);
    handlers_replaced(1);
    poll_mode_keeps_out();
    signals_are_the_hosts();
    lives_in_parallel();
    return checks_result("test_threads");
}
