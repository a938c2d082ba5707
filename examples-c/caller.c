/* Calls somebody from one terminal; callee.c answers in another.
 *
 *     caller [--user NAME] [--server URL] [--timeout SECONDS] [--words TEXT] [--cancel-when ringing] CALLEE...
 *
 * Keys: c takes the invitation back, q quits. The program ends by itself when nobody is left to wait for; its exit code
 * is 0 if somebody accepted, 2 if nobody did, 1 if something failed. */

#define _POSIX_C_SOURCE 200809L
#include "two_terminals.h"

#define MOST_CALLEES 9

/* Keys that callbacks type. */
#define KEY_LOGGED_IN 'L'
#define KEY_RINGING 'R'
#define KEY_OVER 'O'

static const char *user_name = "alice";
/* Below: written on the callback thread before it wakes main(), read by main() afterwards. */
static char call_id[64];
static int pending, accepted, failed;

static int is_pending(int32_t state) {
    return state == ZIMCallUserState_Inviting || state == ZIMCallUserState_Received ||
           state == ZIMCallUserState_NotYetReceived;
}

static void fail(const char *what, const ZIMError *error) {
    narrate(user_name, "%s failed: %s (%d): %s", what, ZIM_ErrorName(error->code), (int)error->code, error->message);
    failed = 1;
    wake(KEY_OVER);
}

static void on_connection(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    (void)client, (void)event, (void)json, (void)user_data;
    narrate(user_name, "is %s", connection_state_name(state));
}

/* Every change of every callee passes here: enough to know when nobody is pending any more. */
static void on_states(ZIMClient *client, const ZIMCallUserStateChangeInfo *info, const char *id, void *user_data) {
    static struct {
        char name[64];
        int32_t state;
    } rows[MOST_CALLEES + 1];
    uint32_t at;
    int row, was_pending = pending;
    char text[400];
    (void)client, (void)id, (void)user_data;

    describe_users(text, sizeof text, info->call_user_list, info->call_user_list_count);
    narrate(user_name, "sees %s", text);
    for (at = 0; at < info->call_user_list_count; at++) {
        const ZIMCallUserInfo *user = info->call_user_list[at];
        if (user->state == ZIMCallUserState_Received) {
            wake(KEY_RINGING);
        }
        for (row = 0; row < MOST_CALLEES && rows[row].name[0] != '\0' && strcmp(rows[row].name, user->user_id) != 0;) {
            row++;
        }
        snprintf(rows[row].name, sizeof rows[row].name, "%s", user->user_id);
        rows[row].state = user->state;
    }
    pending = accepted = 0;
    for (row = 0; row <= MOST_CALLEES && rows[row].name[0] != '\0'; row++) {
        pending += is_pending(rows[row].state);
        accepted += rows[row].state == ZIMCallUserState_Accepted && strcmp(rows[row].name, user_name) != 0;
    }
    if (was_pending != 0 && pending == 0) {
        wake(KEY_OVER);
    }
}

static void on_invited(ZIMClient *client, const char *id, const ZIMCallInvitationSentInfo *info, const ZIMError *error,
                       void *user_data) {
    uint32_t at;
    (void)client, (void)user_data;
    if (error->code != ZIMErrorCode_Success) {
        fail("the invitation", error);
        return;
    }
    snprintf(call_id, sizeof call_id, "%s", id);
    narrate(user_name, "has sent the invitation %s; it rings for %d s", id, (int)info->timeout);
    for (at = 0; at < info->error_user_list_count; at++) {
        const ZIMErrorUserInfo *user = info->error_user_list[at];
        narrate(user_name, "could not invite %s: %s", user->user_id, ZIM_ErrorName((int32_t)user->reason));
    }
}

static void on_withdrawn(ZIMClient *client, const char *id, const ZIMErrorUserInfo *const *error_users,
                         uint32_t error_user_count, const ZIMError *error, void *user_data) {
    (void)client, (void)id, (void)error_users, (void)error_user_count, (void)user_data;
    if (error->code != ZIMErrorCode_Success) {
        narrate(user_name, "could not take it back: %s", error->message);
    }
}

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
    (void)client, (void)user_data;
    if (error->code != ZIMErrorCode_Success) {
        fail("login", error);
        return;
    }
    wake(KEY_LOGGED_IN);
}

int main(int argc, char **argv) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMCallInviteConfig call = ZIM_CALL_INVITE_CONFIG_INIT;
    ZIMClient *client = NULL;
    const char *name = option(&argc, argv, "--user");
    const char *timeout = option(&argc, argv, "--timeout");
    const char *words = option(&argc, argv, "--words");
    const char *cancel_when = option(&argc, argv, "--cancel-when");
    char key;

    config.server_url = option(&argc, argv, "--server");
    user_name = name != NULL ? name : user_name;
    call.timeout = timeout != NULL ? (uint32_t)strtoul(timeout, NULL, 10) : 60;
    call.extended_data = words != NULL ? words : "Hello!";
    if (argc < 2 || argc - 1 > MOST_CALLEES || argv[1][0] == '-') {
        fprintf(stderr, "usage: caller [--user NAME] [--server URL] [--timeout SECONDS] [--words TEXT]\n"
                        "              [--cancel-when ringing] CALLEE...      (1 to 9 of them)\n");
        return 1;
    }

    terminal_open();
    handler.on_connection_state_changed = on_connection;
    handler.on_call_user_state_changed = on_states;
    user.user_id = user_name;
    must(ZIM_Create(&config, &client), "ZIM_Create");
    must(ZIM_SetEventHandler(client, &handler, NULL, NULL), "ZIM_SetEventHandler");
    must(ZIM_Login(client, &user, NULL, on_logged_in, NULL), "ZIM_Login");
    printf("keys: c takes the invitation back, q quits\n");

    do {
        key = next_key();
        if (key == KEY_LOGGED_IN) {
            must(ZIM_CallInvite(client, (const char *const *)&argv[1], (uint32_t)(argc - 1), &call, on_invited, NULL),
                 "ZIM_CallInvite");
        }
        if (key == KEY_RINGING && cancel_when != NULL) {
            key = 'c';
        }
        if (key == 'c' && call_id[0] != '\0') {
            narrate(user_name, "takes the invitation back");
            must(ZIM_CallCancel(client, NULL, 0, call_id, NULL, on_withdrawn, NULL), "ZIM_CallCancel");
        }
    } while (key != 'q' && key != KEY_OVER);

    must(ZIM_Destroy(client), "ZIM_Destroy");
    narrate(user_name, "%s", failed ? "gives up" : accepted > 0 ? "is in a call now" : "is in no call");
    return failed ? 1 : accepted > 0 ? 0 : 2;
}
