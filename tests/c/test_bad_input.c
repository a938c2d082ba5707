/* Every function with everything that a host can get wrong: the documented code and a text that names the mistake, and
 * nothing is read beyond what the host said is there. Needs no server. */

#define _DEFAULT_SOURCE
#include "never.h"

static ZIMClient *client, *poller;

/* ---- handles ---- */

static const char *const bob[] = {"bob"};

static int32_t good_set_handler(ZIMClient *c) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    return ZIM_SetEventHandler(c, &handler, NULL, never_freed);
}
static int32_t good_poll(ZIMClient *c) {
    uint32_t count = 77;
    int32_t code = ZIM_PollCallbacks(c, 0, &count);
    CHECK(count == 77, "an out parameter was written by a refused call");
    return code;
}
static int32_t good_wait(ZIMClient *c) {
    return ZIM_WaitCallbacks(c, 0);
}
static int32_t good_login(ZIMClient *c) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    user.user_id = "alice";
    return ZIM_Login(c, &user, "token", never_simple, NULL);
}
static int32_t good_logout(ZIMClient *c) {
    return ZIM_Logout(c);
}
static int32_t good_renew(ZIMClient *c) {
    return ZIM_RenewToken(c, "token", never_renewed, NULL);
}
static int32_t good_state(ZIMClient *c) {
    return ZIM_GetConnectionState(c);
}
static int32_t good_upload(ZIMClient *c) {
    return ZIM_UploadLog(c, never_simple, NULL);
}
static int32_t good_invite(ZIMClient *c) {
    return ZIM_CallInvite(c, bob, 1, NULL, never_invited, NULL);
}
static int32_t good_cancel(ZIMClient *c) {
    return ZIM_CallCancel(c, bob, 1, "call", NULL, never_cancelled, NULL);
}
static int32_t good_accept(ZIMClient *c) {
    return ZIM_CallAccept(c, "call", NULL, never_answered, NULL);
}
static int32_t good_reject(ZIMClient *c) {
    return ZIM_CallReject(c, "call", NULL, never_answered, NULL);
}

typedef struct HandleRow {
    const char *name;
    int32_t (*call)(ZIMClient *);
    /* What a client answers that lives and is not logged in; -1: not asked, because it would do something. */
    int32_t not_logged_in;
} HandleRow;

static const HandleRow handle_rows[] = {
    {"ZIM_SetEventHandler", good_set_handler, -1},
    {"ZIM_PollCallbacks", good_poll, -1},
    {"ZIM_WaitCallbacks", good_wait, -1},
    {"ZIM_Login", good_login, -1},
    {"ZIM_Logout", good_logout, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_RenewToken", good_renew, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_GetConnectionState", good_state, ZIMConnectionState_Disconnected},
    {"ZIM_UploadLog", good_upload, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_CallInvite", good_invite, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_CallCancel", good_cancel, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_CallAccept", good_accept, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_CallReject", good_reject, ZIMErrorCode_NetworkModuleUserIsNotLogged},
    {"ZIM_Destroy", ZIM_Destroy, -1},
};

static void handles(void) {
    ZIMClient *destroyed = new_client(ZIMCallbackMode_Thread, "ws://127.0.0.1:1/zim");
    ZIMClient *successor;
    int on_stack = 0;
    void *on_heap = malloc(64);
    struct {
        const char *name;
        ZIMClient *handle;
    } wrong[9];
    size_t row, at;

    CHECK_CODE(ZIM_Destroy(destroyed), ZIMErrorCode_Success);
    /* Takes the place of the destroyed one. */
    successor = new_client(ZIMCallbackMode_Thread, "ws://127.0.0.1:1/zim");
    CHECK(successor != destroyed, "a handle was used twice");
    for (at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        wrong[at].name = NULL;
    }
    wrong[0].name = "NULL", wrong[0].handle = NULL;
    wrong[1].name = "destroyed", wrong[1].handle = destroyed;
    wrong[2].name = "on the stack", wrong[2].handle = (ZIMClient *)(void *)&on_stack;
    wrong[3].name = "on the heap", wrong[3].handle = (ZIMClient *)on_heap;
    wrong[4].name = "1", wrong[4].handle = (ZIMClient *)(uintptr_t)1;
    wrong[5].name = "all ones", wrong[5].handle = (ZIMClient *)UINTPTR_MAX;
    wrong[6].name = "off by one", wrong[6].handle = (ZIMClient *)((uintptr_t)successor + 1);
    wrong[7].name = "another slot", wrong[7].handle = (ZIMClient *)((uintptr_t)successor + 1000);
    wrong[8].name = "half of it", wrong[8].handle = (ZIMClient *)((uintptr_t)successor & 0xffffffffu);

    for (row = 0; row < sizeof handle_rows / sizeof handle_rows[0]; row++) {
        for (at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
            int32_t code = handle_rows[row].call(wrong[at].handle);
            CHECK(code == ZIMErrorCode_CommonModuleNotInit, "%s with a handle that is %s: %d", handle_rows[row].name,
                  wrong[at].name, code);
            CHECK(strstr(ZIM_GetLastErrorMessage(), wrong[at].handle == NULL ? "NULL" : "no such client") != NULL,
                  "%s with a handle that is %s: %s", handle_rows[row].name, wrong[at].name, ZIM_GetLastErrorMessage());
        }
        if (handle_rows[row].not_logged_in >= 0) {
            int32_t code = handle_rows[row].call(successor);
            CHECK(code == handle_rows[row].not_logged_in, "%s, not logged in: %d", handle_rows[row].name, code);
        }
    }
    CHECK_CODE(ZIM_Destroy(successor), ZIMErrorCode_Success);
    CHECK_CODE(ZIM_Destroy(successor), ZIMErrorCode_CommonModuleNotInit);
    free(on_heap);
}

/* ---- parameters ---- */

/* Texts: the text is NULL, is not UTF-8, is one byte too long with and without an end. */
typedef struct TextRow {
    const char *name;
    int32_t (*call)(const char *text);
    size_t longest;
    int required;
} TextRow;

static int32_t text_app_sign(const char *text) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMClient *out = NULL;
    int32_t code;
    config.app_sign = text;
    code = ZIM_Create(&config, &out);
    return out == NULL ? code : ZIM_Destroy(out);
}
static int32_t text_server_url(const char *text) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMClient *out = NULL;
    int32_t code;
    config.server_url = text;
    code = ZIM_Create(&config, &out);
    return out == NULL ? code : ZIM_Destroy(out);
}
static int32_t text_device_id(const char *text) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMClient *out = NULL;
    int32_t code;
    config.device_id = text;
    code = ZIM_Create(&config, &out);
    return out == NULL ? code : ZIM_Destroy(out);
}
static int32_t text_ca_file(const char *text) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMClient *out = NULL;
    int32_t code;
    config.ca_file = text;
    code = ZIM_Create(&config, &out);
    return out == NULL ? code : ZIM_Destroy(out);
}
static int32_t text_log_path(const char *text) {
    ZIMLogConfig config = ZIM_LOG_CONFIG_INIT;
    config.log_path = text;
    return ZIM_SetLogConfig(&config);
}
static int32_t text_cache_path(const char *text) {
    ZIMCacheConfig config = ZIM_CACHE_CONFIG_INIT;
    config.cache_path = text;
    return ZIM_SetCacheConfig(&config);
}
static int32_t text_user_id(const char *text) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    user.user_id = text;
    return ZIM_Login(client, &user, NULL, never_simple, NULL);
}
/* A user that cannot log in: so that nothing is begun where the text is good. */
static ZIMUserInfo nobody(void) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    user.user_id = "no,body";
    return user;
}
static int32_t text_user_name(const char *text) {
    ZIMUserInfo user = nobody();
    user.user_name = text;
    return ZIM_Login(client, &user, NULL, never_simple, NULL);
}
static int32_t text_avatar(const char *text) {
    ZIMUserInfo user = nobody();
    user.user_avatar_url = text;
    return ZIM_Login(client, &user, NULL, never_simple, NULL);
}
static int32_t text_user_data(const char *text) {
    ZIMUserInfo user = nobody();
    user.user_extended_data = text;
    return ZIM_Login(client, &user, NULL, never_simple, NULL);
}
static int32_t text_token(const char *text) {
    ZIMUserInfo user = nobody();
    user.user_id = "alice";
    if (text == NULL) {
        return ZIMErrorCode_Success;
    }
    return ZIM_Login(client, &user, text, never_simple, NULL);
}
static int32_t text_new_token(const char *text) {
    return ZIM_RenewToken(client, text, never_renewed, NULL);
}
static int32_t text_invitee(const char *text) {
    const char *two[2];
    two[0] = "bob";
    two[1] = text;
    return ZIM_CallInvite(client, two, 2, NULL, never_invited, NULL);
}
static int32_t text_cancelled(const char *text) {
    return ZIM_CallCancel(client, &text, 1, "call", NULL, never_cancelled, NULL);
}
static int32_t text_cancel_id(const char *text) {
    return ZIM_CallCancel(client, NULL, 0, text, NULL, never_cancelled, NULL);
}
static int32_t text_accept_id(const char *text) {
    return ZIM_CallAccept(client, text, NULL, never_answered, NULL);
}
static int32_t text_reject_id(const char *text) {
    return ZIM_CallReject(client, text, NULL, never_answered, NULL);
}
static int32_t text_invite_data(const char *text) {
    ZIMCallInviteConfig config = ZIM_CALL_INVITE_CONFIG_INIT;
    config.extended_data = text;
    return ZIM_CallInvite(client, bob, 1, &config, never_invited, NULL);
}
static int32_t text_cancel_data(const char *text) {
    ZIMCallCancelConfig config = ZIM_CALL_CANCEL_CONFIG_INIT;
    config.extended_data = text;
    return ZIM_CallCancel(client, NULL, 0, "call", &config, never_cancelled, NULL);
}
static int32_t text_accept_data(const char *text) {
    ZIMCallAcceptConfig config = ZIM_CALL_ACCEPT_CONFIG_INIT;
    config.extended_data = text;
    return ZIM_CallAccept(client, "call", &config, never_answered, NULL);
}
static int32_t text_reject_data(const char *text) {
    ZIMCallRejectConfig config = ZIM_CALL_REJECT_CONFIG_INIT;
    config.extended_data = text;
    return ZIM_CallReject(client, "call", &config, never_answered, NULL);
}
static int32_t invite_with_push(const ZIMPushConfig *push) {
    ZIMCallInviteConfig config = ZIM_CALL_INVITE_CONFIG_INIT;
    config.push_config = push;
    return ZIM_CallInvite(client, bob, 1, &config, never_invited, NULL);
}
static int32_t text_push_title(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    push.title = text;
    return invite_with_push(&push);
}
static int32_t text_push_content(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    push.content = text;
    return invite_with_push(&push);
}
static int32_t text_push_payload(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    push.payload = text;
    return invite_with_push(&push);
}
static int32_t text_push_resources(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    push.resources_id = text;
    return invite_with_push(&push);
}
static int32_t text_push_thread(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    ZIMCallCancelConfig config = ZIM_CALL_CANCEL_CONFIG_INIT;
    push.thread_id = text;
    config.push_config = &push;
    return ZIM_CallCancel(client, NULL, 0, "call", &config, never_cancelled, NULL);
}
static int32_t text_voip_handle(const char *text) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    ZIMVoIPConfig voip = ZIM_VOIP_CONFIG_INIT;
    voip.ios_voip_handle_value = text;
    push.voip_config = &voip;
    return invite_with_push(&push);
}

static const TextRow text_rows[] = {
    {"app_sign", text_app_sign, 64, 0},
    {"server_url", text_server_url, 2048, 0},
    {"device_id", text_device_id, 64, 0},
    {"ca_file", text_ca_file, 4096, 0},
    {"log_path", text_log_path, 4096, 0},
    {"cache_path", text_cache_path, 4096, 0},
    {"user_id", text_user_id, 32, 1},
    {"user_name", text_user_name, 256, 0},
    {"user_avatar_url", text_avatar, 2048, 0},
    {"user_extended_data", text_user_data, 2048, 0},
    {"token", text_token, 8192, 0},
    {"token", text_new_token, 8192, 1},
    {"invitees[1]", text_invitee, 32, 1},
    {"invitees[0]", text_cancelled, 32, 1},
    {"call_id", text_cancel_id, 32, 1},
    {"call_id", text_accept_id, 32, 1},
    {"call_id", text_reject_id, 32, 1},
    {"extended_data", text_invite_data, 2048, 0},
    {"extended_data", text_cancel_data, 2048, 0},
    {"extended_data", text_accept_data, 2048, 0},
    {"extended_data", text_reject_data, 2048, 0},
    {"push title", text_push_title, 256, 0},
    {"push content", text_push_content, 1024, 0},
    {"push payload", text_push_payload, 2048, 0},
    {"push resources_id", text_push_resources, 256, 0},
    {"push thread_id", text_push_thread, 256, 0},
    {"ios_voip_handle_value", text_voip_handle, 256, 0},
};

static void expect_refusal(const char *name, const char *what, int32_t code, const char *text) {
    CHECK(code == ZIMErrorCode_CommonModuleParamsInvalid, "%s %s: %d", name, what, code);
    CHECK(strstr(ZIM_GetLastErrorMessage(), name) != NULL && strstr(ZIM_GetLastErrorMessage(), text) != NULL,
          "%s %s: the message is \"%s\"", name, what, ZIM_GetLastErrorMessage());
}

static void texts(void) {
    size_t row;
    for (row = 0; row < sizeof text_rows / sizeof text_rows[0]; row++) {
        const TextRow *text = &text_rows[row];
        int32_t at_null = text->call(NULL);
        if (text->required) {
            expect_refusal(text->name, "NULL", at_null, "must not be NULL");
        } else {
            CHECK(at_null != ZIMErrorCode_CommonModuleParamsInvalid ||
                      strstr(ZIM_GetLastErrorMessage(), text->name) == NULL,
                  "%s may be NULL: %s", text->name, ZIM_GetLastErrorMessage());
        }
        expect_refusal(text->name, "not UTF-8", text->call("ab\xc3\x28"), "not valid UTF-8");
        expect_refusal(text->name, "cut UTF-8", text->call("\xe2\x82"), "not valid UTF-8");
        expect_refusal(text->name, "too long", text->call(text_of(text->longest + 1, 1)), "too long");
        expect_refusal(text->name, "endless", text->call(text_of(text->longest + 1, 0)), "too long");
    }
    expect_refusal("user ID", "bad character", text_user_id("a,b"), "1 to 32 bytes");
    expect_refusal("user ID", "empty", text_user_id(""), "1 to 32 bytes");
    expect_refusal("invitees[1]", "bad character", text_invitee("a/b"), "1 to 32 bytes");
    expect_refusal("call ID", "empty", text_accept_id(""), "1 to 32");
    expect_refusal("device ID", "not ASCII", text_device_id("h\xc3\xa4ndy"), "visible ASCII");
    expect_refusal("app sign", "short", text_app_sign("abc"), "64 hexadecimal");
    expect_refusal("server URL", "another scheme", text_server_url("http://127.0.0.1/zim"), "ws://");
    expect_refusal("server URL", "no host", text_server_url("ws://"), "ws://");
    expect_refusal("log_path", "empty", text_log_path(""), "must not be empty");
}

/* Structs: every one with every size that cannot be, shorter ones, and longer ones. */
typedef struct StructRow {
    const char *name;
    int32_t (*call)(const void *host);
    const void *init;
    size_t size;
    /* What defaults give: the struct itself is good. */
    int32_t good;
    int may_be_null;
} StructRow;

static int32_t struct_app(const void *host) {
    ZIMClient *out = NULL;
    int32_t code = ZIM_Create(host, &out);
    return out == NULL ? code : ZIM_Destroy(out);
}
static int32_t struct_log(const void *host) {
    return ZIM_SetLogConfig(host);
}
static int32_t struct_cache(const void *host) {
    return ZIM_SetCacheConfig(host);
}
static int32_t struct_handler(const void *host) {
    return ZIM_SetEventHandler(client, host, NULL, NULL);
}
static int32_t struct_user(const void *host) {
    return ZIM_Login(client, host, NULL, never_simple, NULL);
}
static int32_t struct_invite(const void *host) {
    return ZIM_CallInvite(client, bob, 1, host, never_invited, NULL);
}
static int32_t struct_cancel(const void *host) {
    return ZIM_CallCancel(client, NULL, 0, "call", host, never_cancelled, NULL);
}
static int32_t struct_accept(const void *host) {
    return ZIM_CallAccept(client, "call", host, never_answered, NULL);
}
static int32_t struct_reject(const void *host) {
    return ZIM_CallReject(client, "call", host, never_answered, NULL);
}
static int32_t struct_push(const void *host) {
    return invite_with_push(host);
}
static int32_t struct_voip(const void *host) {
    ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
    push.voip_config = host;
    return invite_with_push(&push);
}

static const ZIMAppConfig app_init = ZIM_APP_CONFIG_INIT;
static const ZIMLogConfig log_init = ZIM_LOG_CONFIG_INIT;
static const ZIMCacheConfig cache_init = ZIM_CACHE_CONFIG_INIT;
static const ZIMEventHandler handler_init = ZIM_EVENT_HANDLER_INIT;
static const ZIMUserInfo user_init = ZIM_USER_INFO_INIT;
static const ZIMCallInviteConfig invite_init = ZIM_CALL_INVITE_CONFIG_INIT;
static const ZIMCallCancelConfig cancel_init = ZIM_CALL_CANCEL_CONFIG_INIT;
static const ZIMCallAcceptConfig accept_init = ZIM_CALL_ACCEPT_CONFIG_INIT;
static const ZIMCallRejectConfig reject_init = ZIM_CALL_REJECT_CONFIG_INIT;
static const ZIMPushConfig push_init = ZIM_PUSH_CONFIG_INIT;
static const ZIMVoIPConfig voip_init = ZIM_VOIP_CONFIG_INIT;

#define NOT_LOGGED_IN ZIMErrorCode_NetworkModuleUserIsNotLogged

static const StructRow struct_rows[] = {
    {"ZIMAppConfig", struct_app, &app_init, sizeof app_init, ZIMErrorCode_Success, 1},
    {"ZIMLogConfig", struct_log, &log_init, sizeof log_init, ZIMErrorCode_Success, 1},
    {"ZIMCacheConfig", struct_cache, &cache_init, sizeof cache_init, ZIMErrorCode_Success, 1},
    {"handler", struct_handler, &handler_init, sizeof handler_init, ZIMErrorCode_Success, 1},
    /* A user without an ID is refused for that, whatever its size. */
    {"user", struct_user, &user_init, sizeof user_init, ZIMErrorCode_CommonModuleParamsInvalid, 0},
    {"ZIMCallInviteConfig", struct_invite, &invite_init, sizeof invite_init, NOT_LOGGED_IN, 1},
    {"ZIMCallCancelConfig", struct_cancel, &cancel_init, sizeof cancel_init, NOT_LOGGED_IN, 1},
    {"ZIMCallAcceptConfig", struct_accept, &accept_init, sizeof accept_init, NOT_LOGGED_IN, 1},
    {"ZIMCallRejectConfig", struct_reject, &reject_init, sizeof reject_init, NOT_LOGGED_IN, 1},
    {"push_config", struct_push, &push_init, sizeof push_init, NOT_LOGGED_IN, 1},
    {"voip_config", struct_voip, &voip_init, sizeof voip_init, NOT_LOGGED_IN, 1},
};

/* The first bytes of the struct, followed by `tail`, with this struct_size, at the edge of what may be read. */
static const void *sized(const StructRow *row, size_t bytes, uint32_t struct_size, unsigned char tail) {
    unsigned char buffer[512];
    REQUIRE(row->size + 64 < sizeof buffer && bytes < sizeof buffer, "a larger buffer is needed");
    memset(buffer, tail, sizeof buffer);
    memcpy(buffer, row->init, bytes < row->size ? bytes : row->size);
    memcpy(buffer, &struct_size, sizeof struct_size);
    return at_the_edge(buffer, bytes);
}

static void structs(void) {
    size_t at, size;
    for (at = 0; at < sizeof struct_rows / sizeof struct_rows[0]; at++) {
        const StructRow *row = &struct_rows[at];
        static const uint32_t impossible[] = {0, 1, 3, 4097, 0x7fffffff, 0xffffffff};
        size_t wrong;
        if (row->may_be_null) {
            CHECK(row->call(NULL) == row->good, "%s NULL: %s", row->name, ZIM_GetLastErrorMessage());
        } else {
            expect_refusal(row->name, "NULL", row->call(NULL), "must not be NULL");
        }
        for (wrong = 0; wrong < sizeof impossible / sizeof impossible[0]; wrong++) {
            expect_refusal(row->name, "impossible size", row->call(sized(row, row->size, impossible[wrong], 0)),
                           "struct_size");
        }
        /* Every shorter struct, with nothing readable behind it. */
        for (size = 4; size <= row->size; size++) {
            int32_t code = row->call(sized(row, size, (uint32_t)size, 0xa5));
            CHECK(code == row->good, "%s of %u bytes: %d %s", row->name, (unsigned)size, code,
                  ZIM_GetLastErrorMessage());
        }
        CHECK(row->call(sized(row, row->size + 24, (uint32_t)row->size + 24, 0)) == row->good,
              "%s with a zero tail: %s", row->name, ZIM_GetLastErrorMessage());
        expect_refusal(row->name, "with a tail that is used",
                       row->call(sized(row, row->size + 24, (uint32_t)row->size + 24, 1)), "later version");
    }
}

/* Numbers, enumerations, pointers, callbacks. */
static void numbers(void) {
    static const int32_t strange[] = {-2, -1, 2, 3, 4, 99, INT32_MAX, INT32_MIN};
    const char *many[101];
    ZIMClient *out = (ZIMClient *)(uintptr_t)42;
    size_t at;

    for (at = 0; at < sizeof strange / sizeof strange[0]; at++) {
        ZIMAppConfig app = ZIM_APP_CONFIG_INIT;
        ZIMCallInviteConfig invite = ZIM_CALL_INVITE_CONFIG_INIT;
        ZIMPushConfig push = ZIM_PUSH_CONFIG_INIT;
        ZIMVoIPConfig voip = ZIM_VOIP_CONFIG_INIT;
        app.callback_mode = strange[at];
        expect_refusal("callback_mode", "unknown", ZIM_Create(&app, &out), "0 (Thread) or 1 (Poll)");
        invite.mode = strange[at];
        expect_refusal("mode", "unknown", ZIM_CallInvite(client, bob, 1, &invite, never_invited, NULL), "General (0)");
        invite.mode = ZIMCallInvitationMode_General;
        invite.enable_not_received_check = strange[at];
        expect_refusal("enable_not_received_check", "unknown",
                       ZIM_CallInvite(client, bob, 1, &invite, never_invited, NULL), "0 or 1");
        if (strange[at] < 1 || strange[at] > 3) {
            voip.ios_voip_handle_type = strange[at];
            push.voip_config = &voip;
            expect_refusal("ios_voip_handle_type", "unknown", invite_with_push(&push), "1 (Generic)");
        }
        if (strange[at] < 0 || strange[at] > 3) {
            expect_refusal("min_level", "unknown",
                           ZIM_SetLogCallback((ZIMLogCallback)(void (*)(void))never, strange[at], NULL), "0 (Debug)");
        }
    }
    CHECK(out == (ZIMClient *)(uintptr_t)42, "an out parameter was written by a refused call");
    CHECK_CODE(ZIM_SetLogCallback(NULL, 99, NULL), ZIMErrorCode_Success);

    {
        ZIMAppConfig app = ZIM_APP_CONFIG_INIT;
        ZIMCallInviteConfig invite = ZIM_CALL_INVITE_CONFIG_INIT;
        ZIMLogConfig log = ZIM_LOG_CONFIG_INIT;
        app.request_timeout_ms = 60001;
        expect_refusal("request timeout", "too long", ZIM_Create(&app, &out), "1 to 60000");
        invite.timeout = 601;
        expect_refusal("timeout", "too long", ZIM_CallInvite(client, bob, 1, &invite, never_invited, NULL), "1 to 600");
        log.log_size = 65535;
        expect_refusal("log_size", "too small", ZIM_SetLogConfig(&log), "at least 65536");
    }

    expect_refusal("out", "NULL", ZIM_Create(NULL, NULL), "must not be NULL");
    expect_refusal("invitees", "NULL", ZIM_CallInvite(client, NULL, 1, NULL, never_invited, NULL), "must not be NULL");
    expect_refusal("invitees", "NULL", ZIM_CallCancel(client, NULL, 7, "call", NULL, never_cancelled, NULL),
                   "must not be NULL");
    for (at = 0; at < 101; at++) {
        many[at] = "bob";
    }
    CHECK_CODE(ZIM_CallInvite(client, many, 101, NULL, never_invited, NULL), ZIMErrorCode_CallModuleServerError);
    CHECK_CODE(ZIM_CallInvite(client, many, UINT32_MAX, NULL, never_invited, NULL), ZIMErrorCode_CallModuleServerError);
    expect_refusal("invitee_count", "too many", ZIM_CallCancel(client, many, 101, "call", NULL, never_cancelled, NULL),
                   "at most 100");

    {
        ZIMUserInfo user = ZIM_USER_INFO_INIT;
        user.user_id = "alice";
        expect_refusal("callback", "NULL", ZIM_Login(client, &user, NULL, NULL, NULL), "must not be NULL");
    }
    expect_refusal("callback", "NULL", ZIM_RenewToken(client, "token", NULL, NULL), "must not be NULL");
    expect_refusal("callback", "NULL", ZIM_UploadLog(client, NULL, NULL), "must not be NULL");
    expect_refusal("callback", "NULL", ZIM_CallInvite(client, bob, 1, NULL, NULL, NULL), "must not be NULL");
    expect_refusal("callback", "NULL", ZIM_CallCancel(client, bob, 1, "call", NULL, NULL, NULL), "must not be NULL");
    expect_refusal("callback", "NULL", ZIM_CallAccept(client, "call", NULL, NULL, NULL), "must not be NULL");
    expect_refusal("callback", "NULL", ZIM_CallReject(client, "call", NULL, NULL, NULL), "must not be NULL");
}

/* What belongs to the other delivery mode, and what needs nothing. */
static void the_rest(void) {
    uint32_t count = 77;
    ZIMEventHandler broken = ZIM_EVENT_HANDLER_INIT;

    CHECK_CODE(ZIM_PollCallbacks(client, 0, &count), ZIMErrorCode_CommonModuleParamsInvalid);
    CHECK(count == 77, "an out parameter was written by a refused call");
    CHECK_CODE(ZIM_WaitCallbacks(client, 0), ZIMErrorCode_CommonModuleParamsInvalid);
    CHECK_CODE(ZIM_PollCallbacks(poller, 0, &count), ZIMErrorCode_Success);
    CHECK(count == 0, "%u callbacks of a client that has done nothing", count);
    CHECK_CODE(ZIM_PollCallbacks(poller, 5, NULL), ZIMErrorCode_Success);
    CHECK_CODE(ZIM_WaitCallbacks(poller, 0), ZIMErrorCode_NetworkModuleRequestTimeout);
    CHECK_CODE(ZIM_WaitCallbacks(poller, 20), ZIMErrorCode_NetworkModuleRequestTimeout);

    /* A refused registration takes nothing: never_freed counts. */
    broken.struct_size = 0;
    CHECK_CODE(ZIM_SetEventHandler(client, &broken, NULL, never_freed), ZIMErrorCode_CommonModuleParamsInvalid);

    CHECK(strcmp(ZIM_ErrorName(0), "Success") == 0, "%s", ZIM_ErrorName(0));
    CHECK(strcmp(ZIM_ErrorName(6090109), "CallReasonEndedLocally") == 0, "%s", ZIM_ErrorName(6090109));
    CHECK(strcmp(ZIM_ErrorName(-1), "Unknown") == 0 && strcmp(ZIM_ErrorName(INT32_MAX), "Unknown") == 0 &&
              strcmp(ZIM_ErrorName(INT32_MIN), "Unknown") == 0,
          "names of numbers that are no codes");
    CHECK(ZIM_GetAbiVersion() >= ZIM_ABI_VERSION, "%u", ZIM_GetAbiVersion());
    CHECK(strchr(ZIM_GetVersion(), '.') != NULL, "%s", ZIM_GetVersion());
}

static void *another_thread(void *unused) {
    (void)unused;
    CHECK(ZIM_GetLastErrorMessage()[0] == '\0', "another thread's refusal: %s", ZIM_GetLastErrorMessage());
    CHECK_CODE(ZIM_Destroy(NULL), ZIMErrorCode_CommonModuleNotInit);
    return NULL;
}

static void messages_belong_to_threads(void) {
    pthread_t thread;
    char before[300];
    CHECK_CODE(ZIM_Create(NULL, NULL), ZIMErrorCode_CommonModuleParamsInvalid);
    snprintf(before, sizeof before, "%s", ZIM_GetLastErrorMessage());
    REQUIRE(pthread_create(&thread, NULL, another_thread, NULL) == 0, "pthread_create");
    pthread_join(thread, NULL);
    CHECK(strcmp(before, ZIM_GetLastErrorMessage()) == 0, "%s", ZIM_GetLastErrorMessage());
    CHECK_CODE(ZIM_SetLogConfig(NULL), ZIMErrorCode_Success);
    CHECK(strcmp(before, ZIM_GetLastErrorMessage()) == 0, "a success changed the text: %s", ZIM_GetLastErrorMessage());
}

int main(void) {
    CHECK(ZIM_GetInstance() == NULL, "an instance before the first");
    /* Nothing listens there: port 1. */
    client = new_client(ZIMCallbackMode_Thread, "ws://127.0.0.1:1/zim");
    poller = new_client(ZIMCallbackMode_Poll, "ws://127.0.0.1:1/zim");
    CHECK(ZIM_GetInstance() == client, "the oldest is another");
    setenv("ZIM_SERVER_URL", "tcp://nowhere", 1);
    expect_refusal("ZIM_SERVER_URL", "wrong", ZIM_Create(NULL, &(ZIMClient *){NULL}), "ws://");
    unsetenv("ZIM_SERVER_URL");

    handles();
    texts();
    structs();
    numbers();
    the_rest();
    messages_belong_to_threads();

    CHECK_CODE(ZIM_Destroy(client), ZIMErrorCode_Success);
    CHECK(ZIM_GetInstance() == poller, "the oldest is another");
    CHECK_CODE(ZIM_Destroy(poller), ZIMErrorCode_Success);
    CHECK(ZIM_GetInstance() == NULL, "an instance after the last");
    CHECK(callbacks_made == 0, "%d callbacks of refused calls", callbacks_made);
    return checks_result("test_bad_input");
}
