/* Waits for calls in one terminal; caller.c calls from another.
 *
 *     callee [--user NAME] [--server URL] [--answer accept|reject|ignore] [--calls COUNT]
 *
 * Keys: a accepts, r rejects, q quits. With --answer the program answers by itself. With --calls it ends after so many
 * calls have been answered or are over. */

#define _POSIX_C_SOURCE 200809L
#include "two_terminals.h"

/* Keys that callbacks type. */
#define KEY_RINGING 'R'
#define KEY_OVER 'O'
#define KEY_FAILED 'F'

static const char *user_name = "bob";
/* The call that rings, or "". Written and read under the lock: the callback thread and main() both do. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char ringing[64];

/* Changes the call that rings from one to another; 0 if it is not `from` that rings. */
static int set_ringing(const char *from, const char *to) {
    int done;
    pthread_mutex_lock(&lock);
    done = strcmp(ringing, from) == 0;
    if (done) {
        snprintf(ringing, sizeof ringing, "%s", to);
    }
    pthread_mutex_unlock(&lock);
    return done;
}

static void ring_is_over(const char *call_id, const char *why) {
    if (set_ringing(call_id, "")) {
        narrate(user_name, "stops ringing: %s", why);
        wake(KEY_OVER);
    }
}

static void on_connection(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    (void)client, (void)user_data;
    narrate(user_name, "is %s%s", connection_state_name(state),
            event == ZIMConnectionEvent_KickedOut ? ": logged in elsewhere" : "");
    if (event == ZIMConnectionEvent_KickedOut || event == ZIMConnectionEvent_TokenExpired) {
        narrate(user_name, "%s", json);
        wake(KEY_FAILED);
    }
}

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *call_id,
                        void *user_data) {
    (void)client, (void)user_data;
    if (!set_ringing("", call_id)) {
        narrate(user_name, "is called by %s too, and rings already", info->inviter);
        return;
    }
    narrate(user_name, "rings: %s says \"%s\", %d s left. a accepts, r rejects", info->inviter, info->extended_data,
            (int)info->timeout);
    wake(KEY_RINGING);
}

static void on_cancelled(ZIMClient *client, const ZIMCallInvitationCancelledInfo *info, const char *call_id,
                         void *user_data) {
    (void)client, (void)info, (void)user_data;
    ring_is_over(call_id, "the invitation was taken back");
}

static void on_timeout(ZIMClient *client, const ZIMCallInvitationTimeoutInfo *info, const char *call_id,
                       void *user_data) {
    (void)client, (void)info, (void)user_data;
    ring_is_over(call_id, "the time is up");
}

/* Also tells when the same user has answered on another device. */
static void on_states(ZIMClient *client, const ZIMCallUserStateChangeInfo *info, const char *call_id, void *user_data) {
    uint32_t at;
    char text[400];
    (void)client, (void)user_data;
    describe_users(text, sizeof text, info->call_user_list, info->call_user_list_count);
    narrate(user_name, "sees %s", text);
    for (at = 0; at < info->call_user_list_count; at++) {
        if (info->call_user_list[at]->reason == ZIMErrorCode_CallReasonAnsweredElsewhere) {
            ring_is_over(call_id, "answered on another device");
        }
    }
}

static void on_answered(ZIMClient *client, const char *call_id, const ZIMError *error, void *user_data) {
    (void)client;
    if (error->code != ZIMErrorCode_Success) {
        narrate(user_name, "could not answer: %s", error->message);
    } else {
        narrate(user_name, "has %s", (const char *)user_data);
    }
    if (set_ringing(call_id, "")) {
        wake(KEY_OVER);
    }
}

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
    (void)client, (void)user_data;
    if (error->code != ZIMErrorCode_Success) {
        narrate(user_name, "login failed: %s (%d): %s", ZIM_ErrorName(error->code), (int)error->code, error->message);
        wake(KEY_FAILED);
        return;
    }
    narrate(user_name, "waits for calls");
}

static void answer(ZIMClient *client, int accept) {
    char call_id[64];
    pthread_mutex_lock(&lock);
    snprintf(call_id, sizeof call_id, "%s", ringing);
    pthread_mutex_unlock(&lock);
    if (call_id[0] == '\0') {
        return;
    }
    if (accept) {
        must(ZIM_CallAccept(client, call_id, NULL, on_answered, (void *)"accepted"), "ZIM_CallAccept");
    } else {
        must(ZIM_CallReject(client, call_id, NULL, on_answered, (void *)"declined"), "ZIM_CallReject");
    }
}

int main(int argc, char **argv) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    ZIMClient *client = NULL;
    const char *name = option(&argc, argv, "--user");
    const char *by_itself = option(&argc, argv, "--answer");
    const char *calls = option(&argc, argv, "--calls");
    long calls_left = calls != NULL ? strtol(calls, NULL, 10) : -1;
    char key;

    config.server_url = option(&argc, argv, "--server");
    user_name = name != NULL ? name : user_name;
    if (argc > 1) {
        fprintf(stderr,
                "usage: callee [--user NAME] [--server URL] [--answer accept|reject|ignore] [--calls COUNT]\n");
        return 1;
    }

    terminal_open();
    handler.on_connection_state_changed = on_connection;
    handler.on_call_invitation_received = on_received;
    handler.on_call_invitation_cancelled = on_cancelled;
    handler.on_call_invitation_timeout = on_timeout;
    handler.on_call_user_state_changed = on_states;
    user.user_id = user_name;
    must(ZIM_Create(&config, &client), "ZIM_Create");
    must(ZIM_SetEventHandler(client, &handler, NULL, NULL), "ZIM_SetEventHandler");
    must(ZIM_Login(client, &user, NULL, on_logged_in, NULL), "ZIM_Login");
    printf("keys: a accepts, r rejects, q quits\n");

    do {
        key = next_key();
        if (key == KEY_RINGING && by_itself != NULL) {
            key = by_itself[0];
        }
        if (key == 'a' || key == 'r') {
            answer(client, key == 'a');
        }
        if (key == KEY_OVER && calls_left > 0) {
            calls_left--;
        }
    } while (key != 'q' && key != KEY_FAILED && calls_left != 0);

    must(ZIM_Destroy(client), "ZIM_Destroy");
    return key == KEY_FAILED ? 1 : 0;
}
