/* A panic inside the library never crosses the boundary: it becomes a code, the client refuses further work, and what
 * was promised is kept. Needs a library built with `--features test-hooks`; the functions below are in no other. The
 * panics print to standard error, as the process's panic hook has it. */

#define _DEFAULT_SOURCE
#include "check.h"

int32_t ZIM_TestPanicInCall(ZIMClient *client);
int32_t ZIM_TestPanicWithoutClient(void);
int32_t ZIM_TestPanicInNextEvent(ZIMClient *client);
int32_t ZIM_TestPanicInCompletion(ZIMClient *client);

static const char *const nobody[] = {"nobody"};

/* Everything but its destruction is refused. */
static void expect_poisoned(ZIMClient *client) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    Result never;
    result_init(&never);
    user.user_id = "again";
    CHECK_CODE(ZIM_GetConnectionState(client), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK(strstr(ZIM_GetLastErrorMessage(), "destroy") != NULL, "%s", ZIM_GetLastErrorMessage());
    CHECK_CODE(ZIM_SetEventHandler(client, &handler, NULL, NULL), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_Login(client, &user, NULL, result_logged_in, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_Logout(client), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_RenewToken(client, "token", NULL, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_UploadLog(client, result_logged_in, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_CallInvite(client, nobody, 1, NULL, result_invited, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_CallCancel(client, NULL, 0, "call", NULL, result_cancelled, &never),
               ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_CallAccept(client, "call", NULL, result_answered, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_CallReject(client, "call", NULL, result_answered, &never), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_PollCallbacks(client, 0, NULL), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_WaitCallbacks(client, 0), ZIMErrorCode_SDKModuleClientPoisoned);
    CHECK_CODE(ZIM_Destroy(client), 0);
    CHECK_CODE(ZIM_Destroy(client), ZIMErrorCode_CommonModuleNotInit);
    CHECK(counter_value(&never.calls) == 0, "a refused request called back");
}

static void in_a_call(int poll_mode) {
    pid_t server;
    ZIMClient *client = new_client(poll_mode, NULL), *other = new_client(ZIMCallbackMode_Thread, NULL);
    Result pending[2];
    result_init(&pending[0]);
    result_init(&pending[1]);
    log_in(client, "panics", poll_mode);
    log_in(other, "calm", 0);
    server = server_stop();
    REQUIRE_CODE(ZIM_CallInvite(client, nobody, 1, NULL, result_invited, &pending[0]), 0);
    REQUIRE_CODE(ZIM_CallCancel(client, NULL, 0, "call", NULL, result_cancelled, &pending[1]), 0);

    CHECK_CODE(ZIM_TestPanicInCall(client), ZIMErrorCode_SDKModuleInternalError);
    CHECK(strstr(ZIM_GetLastErrorMessage(), "on purpose, in a call") != NULL, "%s", ZIM_GetLastErrorMessage());
    server_continue(server);
    expect_poisoned(client);
    CHECK(counter_value(&pending[0].calls) == 1 && counter_value(&pending[1].calls) == 1,
          "promises kept %ld and %ld times", counter_value(&pending[0].calls), counter_value(&pending[1].calls));
    CHECK(pending[0].code == ZIMErrorCode_SDKModuleClientPoisoned && pending[1].code == pending[0].code,
          "codes %d and %d", pending[0].code, pending[1].code);

    /* Nobody else is touched. */
    CHECK_CODE(ZIM_GetConnectionState(other), ZIMConnectionState_Connected);
    CHECK_CODE(ZIM_Destroy(other), 0);
}

/* What was promised before the panic completes on a callback thread by itself; in poll mode ZIM_Destroy does it. */
static void until_poisoned(ZIMClient *client, int poll_mode, Result *promised) {
    double until = now_ms() + PATIENCE_MS;
    if (!poll_mode) {
        result_wait(NULL, promised, 1);
    }
    while (poll_mode && ZIM_PollCallbacks(client, 0, NULL) != ZIMErrorCode_SDKModuleClientPoisoned) {
        REQUIRE(now_ms() < until, "the client does not refuse");
        ZIM_WaitCallbacks(client, 1000);
    }
}

static void in_an_event(int poll_mode) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMClient *client = new_client(poll_mode, NULL);
    Result login;
    result_init(&login);
    user.user_id = "panics";
    REQUIRE_CODE(ZIM_TestPanicInNextEvent(client), 0);
    REQUIRE_CODE(ZIM_Login(client, &user, NULL, result_logged_in, &login), 0);
    until_poisoned(client, poll_mode, &login);
    expect_poisoned(client);
    CHECK(counter_value(&login.calls) == 1, "the login completed %ld times", counter_value(&login.calls));
}

static void in_a_completion(int poll_mode) {
    ZIMClient *client = new_client(poll_mode, NULL);
    Result pending;
    result_init(&pending);
    log_in(client, "panics", poll_mode);
    REQUIRE_CODE(ZIM_TestPanicInCompletion(client), 0);
    REQUIRE_CODE(ZIM_CallCancel(client, NULL, 0, "call", NULL, result_cancelled, &pending), 0);
    until_poisoned(client, poll_mode, &pending);
    expect_poisoned(client);
    CHECK(counter_value(&pending.calls) == 1, "a request completed %ld times", counter_value(&pending.calls));
}

int main(void) {
    int poll_mode;
    server_url();
    CHECK_CODE(ZIM_TestPanicWithoutClient(), ZIMErrorCode_SDKModuleInternalError);
    CHECK(strstr(ZIM_GetLastErrorMessage(), "on purpose, without a client") != NULL, "%s", ZIM_GetLastErrorMessage());
    CHECK_CODE(ZIM_TestPanicInCall(NULL), ZIMErrorCode_CommonModuleNotInit);
    for (poll_mode = 0; poll_mode <= 1; poll_mode++) {
        in_a_call(poll_mode);
        in_an_event(poll_mode);
        in_a_completion(poll_mode);
    }
    CHECK(ZIM_GetInstance() == NULL, "a client was left");
    return checks_result("test_panic");
}
