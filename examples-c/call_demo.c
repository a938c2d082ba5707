/* Six invitations, both sides in one process. Reads as a story; fails if anything is not as told.
 *
 *     call_demo [ws://host:port/path]
 *
 * Without an argument the library takes ZIM_SERVER_URL, or a local `zim-server --dev`.
 *
 * Every person has a client of their own, as if each sat at their own phone. The library calls each client's functions
 * on a thread of that client, so what they share with main() is behind a lock: see Signal in example.h. */

#define _POSIX_C_SOURCE 200809L
#include "example.h"

enum { LOGGED_IN, LOGGED_OUT, INVITED, ANSWERED, WITHDRAWN, RINGING, RING_CANCELLED, RING_TIMED_OUT, ACCEPTED, REJECTED,
       UNANSWERED, OUTCOME_SEEN, HAPPENINGS };

static const char *const happening_names[HAPPENINGS] = {
    "logged in", "logged out", "invitation sent", "answer sent", "invitation withdrawn", "ringing", "ring cancelled",
    "ring timed out", "told of an acceptance", "told of a rejection", "told that nobody answered",
    "shown the outcome"};

typedef struct Person {
    const char *name;
    ZIMClient *client;
    Signal happened[HAPPENINGS];
    /* The call that this person is in. Written by a callback before its signal, read after it. */
    char call_id[64];
} Person;

/* ---- what the library calls ---- */

static void on_connection(ZIMClient *client, int32_t state, int32_t event, const char *json, void *user_data) {
    Person *person = user_data;
    (void)client, (void)event, (void)json;
    narrate(person->name, "is %s", connection_state_name(state));
    if (state == ZIMConnectionState_Disconnected) {
        signal_raise(&person->happened[LOGGED_OUT]);
    }
}

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *call_id,
                        void *user_data) {
    Person *person = user_data;
    (void)client;
    narrate(person->name, "rings: %s says \"%s\", %d s left", info->inviter, info->extended_data, (int)info->timeout);
    snprintf(person->call_id, sizeof person->call_id, "%s", call_id);
    signal_raise(&person->happened[RINGING]);
}

static void on_cancelled(ZIMClient *client, const ZIMCallInvitationCancelledInfo *info, const char *call_id,
                         void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id;
    narrate(person->name, "stops ringing: %s has taken the invitation back%s%s%s", info->inviter,
            *info->extended_data ? ", \"" : "", info->extended_data, *info->extended_data ? "\"" : "");
    signal_raise(&person->happened[RING_CANCELLED]);
}

static void on_timeout(ZIMClient *client, const ZIMCallInvitationTimeoutInfo *info, const char *call_id,
                       void *user_data) {
    Person *person = user_data;
    (void)client, (void)info, (void)call_id;
    narrate(person->name, "stops ringing: the time is up");
    signal_raise(&person->happened[RING_TIMED_OUT]);
}

static void on_accepted(ZIMClient *client, const ZIMCallInvitationAcceptedInfo *info, const char *call_id,
                        void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id;
    narrate(person->name, "is told: %s has accepted, \"%s\"", info->invitee, info->extended_data);
    signal_raise(&person->happened[ACCEPTED]);
}

static void on_rejected(ZIMClient *client, const ZIMCallInvitationRejectedInfo *info, const char *call_id,
                        void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id;
    narrate(person->name, "is told: %s has declined, \"%s\"", info->invitee, info->extended_data);
    signal_raise(&person->happened[REJECTED]);
}

static void on_unanswered(ZIMClient *client, const char *const *invitees, uint32_t count, const char *call_id,
                          void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id;
    narrate(person->name, "is told: %s%s did not answer", invitees[0], count > 1 ? " and others" : "");
    signal_raise(&person->happened[UNANSWERED]);
}

/* Everybody in the call is shown every change. */
static void on_states(ZIMClient *client, const ZIMCallUserStateChangeInfo *info, const char *call_id, void *user_data) {
    Person *person = user_data;
    char text[400];
    uint32_t at;
    (void)client, (void)call_id;
    describe_users(text, sizeof text, info->call_user_list, info->call_user_list_count);
    narrate(person->name, "sees %s", text);
    for (at = 0; at < info->call_user_list_count; at++) {
        const ZIMCallUserInfo *user = info->call_user_list[at];
        /* Alice is the caller in every scene; the state of the one she has invited is the outcome. */
        if (strcmp(user->user_id, "alice") != 0 && user->state != ZIMCallUserState_Inviting &&
            user->state != ZIMCallUserState_Received) {
            signal_raise(&person->happened[OUTCOME_SEEN]);
        }
    }
}

/* Results of requests. This story allows no failure. */

static void expect_success(Person *person, const char *what, const ZIMError *error) {
    if (error->code != ZIMErrorCode_Success) {
        fprintf(stderr, "%s: %s failed: %s (%d): %s\n", person->name, what, ZIM_ErrorName(error->code), error->code,
                error->message);
        exit(1);
    }
}

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
    Person *person = user_data;
    (void)client;
    expect_success(person, "login", error);
    signal_raise(&person->happened[LOGGED_IN]);
}

static void on_invited(ZIMClient *client, const char *call_id, const ZIMCallInvitationSentInfo *info,
                       const ZIMError *error, void *user_data) {
    Person *person = user_data;
    (void)client;
    expect_success(person, "invitation", error);
    narrate(person->name, "has sent the invitation; it rings for %d s", (int)info->timeout);
    snprintf(person->call_id, sizeof person->call_id, "%s", call_id);
    signal_raise(&person->happened[INVITED]);
}

static void on_answered(ZIMClient *client, const char *call_id, const ZIMError *error, void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id;
    expect_success(person, "answer", error);
    signal_raise(&person->happened[ANSWERED]);
}

static void on_withdrawn(ZIMClient *client, const char *call_id, const ZIMErrorUserInfo *const *error_users,
                         uint32_t error_user_count, const ZIMError *error, void *user_data) {
    Person *person = user_data;
    (void)client, (void)call_id, (void)error_users;
    expect_success(person, "cancel", error);
    if (error_user_count != 0) {
        fprintf(stderr, "%s: %u invitations could not be cancelled\n", person->name, (unsigned)error_user_count);
        exit(1);
    }
    signal_raise(&person->happened[WITHDRAWN]);
}

/* ---- what the people do ---- */

static void expect(Person *person, int happening) {
    if (!signal_wait(&person->happened[happening], 10)) {
        fprintf(stderr, "%s: waited 10 s in vain for: %s\n", person->name, happening_names[happening]);
        exit(1);
    }
}

/* At the end of a scene everything that happened was expected. */
static void expect_no_more(Person *people, int count) {
    int who, happening;
    for (who = 0; who < count; who++) {
        for (happening = 0; happening < HAPPENINGS; happening++) {
            unsigned left = signal_left(&people[who].happened[happening]);
            if (left != 0) {
                fprintf(stderr, "%s: %u unexpected: %s\n", people[who].name, left, happening_names[happening]);
                exit(1);
            }
        }
    }
}

static void meet(Person *person, const char *name, const char *server_url) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    int happening;

    person->name = name;
    for (happening = 0; happening < HAPPENINGS; happening++) {
        signal_init(&person->happened[happening]);
    }
    config.server_url = server_url;
    must(ZIM_Create(&config, &person->client), "ZIM_Create");

    handler.on_connection_state_changed = on_connection;
    handler.on_call_invitation_received = on_received;
    handler.on_call_invitation_cancelled = on_cancelled;
    handler.on_call_invitation_timeout = on_timeout;
    handler.on_call_invitation_accepted = on_accepted;
    handler.on_call_invitation_rejected = on_rejected;
    handler.on_call_invitees_answered_timeout = on_unanswered;
    handler.on_call_user_state_changed = on_states;
    must(ZIM_SetEventHandler(person->client, &handler, person, NULL), "ZIM_SetEventHandler");
}

static void log_in(Person *person) {
    ZIMUserInfo user = ZIM_USER_INFO_INIT;
    user.user_id = person->name;
    must(ZIM_Login(person->client, &user, NULL, on_logged_in, person), "ZIM_Login");
    expect(person, LOGGED_IN);
}

static void log_out(Person *person) {
    must(ZIM_Logout(person->client), "ZIM_Logout");
    expect(person, LOGGED_OUT);
}

static void invite(Person *caller, const Person *callee, const char *words, uint32_t seconds) {
    ZIMCallInviteConfig config = ZIM_CALL_INVITE_CONFIG_INIT;
    config.timeout = seconds;
    config.extended_data = words;
    narrate(caller->name, "invites %s: \"%s\"", callee->name, words);
    must(ZIM_CallInvite(caller->client, &callee->name, 1, &config, on_invited, caller), "ZIM_CallInvite");
    expect(caller, INVITED);
}

static void accept_call(Person *callee, const char *words) {
    ZIMCallAcceptConfig config = ZIM_CALL_ACCEPT_CONFIG_INIT;
    config.extended_data = words;
    narrate(callee->name, "accepts: \"%s\"", words);
    must(ZIM_CallAccept(callee->client, callee->call_id, &config, on_answered, callee), "ZIM_CallAccept");
    expect(callee, ANSWERED);
}

static void reject_call(Person *callee, const char *words) {
    ZIMCallRejectConfig config = ZIM_CALL_REJECT_CONFIG_INIT;
    config.extended_data = words;
    narrate(callee->name, "declines: \"%s\"", words);
    must(ZIM_CallReject(callee->client, callee->call_id, &config, on_answered, callee), "ZIM_CallReject");
    expect(callee, ANSWERED);
}

static void cancel_call(Person *caller, const char *words) {
    ZIMCallCancelConfig config = ZIM_CALL_CANCEL_CONFIG_INIT;
    config.extended_data = words;
    narrate(caller->name, "takes the invitation back: \"%s\"", words);
    must(ZIM_CallCancel(caller->client, NULL, 0, caller->call_id, &config, on_withdrawn, caller), "ZIM_CallCancel");
    expect(caller, WITHDRAWN);
}

static void scene(const char *title) {
    printf("\n%s\n", title);
}

/* ---- the story ---- */

int main(int argc, char **argv) {
    static Person people[3];
    Person *alice = &people[0], *bob = &people[1], *carol = &people[2];
    const char *server_url = argc > 1 ? argv[1] : NULL;
    int who;

    printf("libzim %s: three people, each with a client of their own\n\n", ZIM_GetVersion());
    meet(alice, "alice", server_url);
    meet(bob, "bob", server_url);
    meet(carol, "carol", server_url);
    log_in(alice);
    log_in(bob);
    log_in(carol); /* So that the server knows her; then she leaves. */
    log_out(carol);
    expect_no_more(people, 3);

    scene("1. Bob accepts");
    invite(alice, bob, "Lunch?", 60);
    expect(bob, RINGING);
    accept_call(bob, "Gladly");
    expect(alice, ACCEPTED);
    expect(alice, OUTCOME_SEEN);
    expect(bob, OUTCOME_SEEN);
    expect_no_more(people, 3);

    scene("2. Bob declines");
    invite(alice, bob, "Dessert?", 60);
    expect(bob, RINGING);
    reject_call(bob, "No more, please");
    expect(alice, REJECTED);
    expect(alice, OUTCOME_SEEN);
    expect(bob, OUTCOME_SEEN);
    expect_no_more(people, 3);

    scene("3. Alice changes her mind");
    invite(alice, bob, "Coffee?", 60);
    expect(bob, RINGING);
    cancel_call(alice, "Sorry, wrong number");
    expect(bob, RING_CANCELLED);
    expect(alice, OUTCOME_SEEN);
    expect(bob, OUTCOME_SEEN);
    expect_no_more(people, 3);

    scene("4. Nobody answers for 2 seconds");
    invite(alice, bob, "Still there?", 2);
    expect(bob, RINGING);
    expect(bob, RING_TIMED_OUT);
    expect(alice, UNANSWERED);
    expect(alice, OUTCOME_SEEN);
    expect(bob, OUTCOME_SEEN);
    expect_no_more(people, 3);

    scene("5. Carol is not there, and comes in time");
    invite(alice, carol, "Carol?", 60);
    log_in(carol);
    expect(carol, RINGING);
    accept_call(carol, "Just came in");
    expect(alice, ACCEPTED);
    expect(alice, OUTCOME_SEEN);
    expect(carol, OUTCOME_SEEN);
    expect_no_more(people, 3);

    scene("6. Alice logs out before Bob answers");
    invite(alice, bob, "Bob, quick!", 60);
    expect(bob, RINGING);
    log_out(alice);
    expect(bob, RING_CANCELLED);
    expect(bob, OUTCOME_SEEN);
    expect_no_more(people, 3);

    for (who = 0; who < 3; who++) {
        must(ZIM_Destroy(people[who].client), "ZIM_Destroy");
    }
    printf("\nEverything went as told.\n");
    return 0;
}
