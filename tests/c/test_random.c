/* Invitations of random users to random users, answered in random ways: accepted, rejected, cancelled, ignored. Every
 * request completes once, every event comes once, and both sides agree on every outcome.
 *
 *     test_random [INVITATIONS [SEED]]
 *
 * All clients are in one process, each with its own callback thread; one lock protects the books. No function of the
 * library is called with the lock held by a callback that could wait for it: the functions never wait. */

#define _DEFAULT_SOURCE
#include "check.h"

#define USERS 20
#define MOST_INVITEES 3
/* Invitations that go on at once. */
#define AT_ONCE 200
#define NEVER (-99)

typedef enum Plan { ACCEPT, REJECT, IGNORE, PLANS } Plan;

typedef struct Party {
    int user;
    Plan plan;
    /* At the invitee. */
    int rings, endings, answers_begun, answers_done;
    /* ZIMCallUserState of the own row as this party knows it, NEVER while it does not know. */
    int32_t own_outcome;
    /* The same row as the caller was told, by S and by the event of its own. */
    int32_t callers_outcome;
    int accepted_events, rejected_events, unanswered_events, final_states;
} Party;

typedef struct Call {
    int caller, party_count, cancels, cancelled_at_once;
    Party parties[MOST_INVITEES];
    char id[40];
    int sent_results, cancel_results;
    int over;
} Call;

typedef struct User {
    int number;
    char name[16];
    ZIMClient *client;
} User;

static User users[USERS];
static Call *calls;
static int call_count;
/* From a call's name to its number. */
static int *named;
static size_t named_size;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Counter finished;
static long strange_events, withheld, answers_too_late, cancels_too_late, begun_requests, completed_requests;

static unsigned long long random_state;
static unsigned pick(unsigned below) {
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % below;
}

/* ---- names of calls; with the lock ---- */

static size_t slot_of(const char *id) {
    size_t hash = 14695981039346656037ull;
    size_t at;
    for (at = 0; id[at] != '\0'; at++) {
        hash = (hash ^ (unsigned char)id[at]) * 1099511628211ull;
    }
    hash %= named_size;
    while (named[hash] >= 0 && strcmp(calls[named[hash]].id, id) != 0) {
        hash = (hash + 1) % named_size;
    }
    return hash;
}

/* The caller learns the name from the result, an invitee from the ring; whoever is first. */
static Call *call_named(const char *id, int number) {
    size_t slot = slot_of(id);
    if (number >= 0 && number < call_count && named[slot] < 0 && calls[number].id[0] == '\0') {
        snprintf(calls[number].id, sizeof calls[number].id, "%s", id);
        named[slot] = number;
    }
    if (named[slot] < 0 || (number >= 0 && named[slot] != number)) {
        strange_events++;
        return NULL;
    }
    return &calls[named[slot]];
}

static Party *party_of(Call *call, int user) {
    int at;
    for (at = 0; call != NULL && at < call->party_count; at++) {
        if (call->parties[at].user == user) {
            return &call->parties[at];
        }
    }
    return NULL;
}

static int is_pending(int32_t state) {
    return state == ZIMCallUserState_Inviting || state == ZIMCallUserState_Received ||
           state == ZIMCallUserState_NotYetReceived;
}

/* A call is over when all that must happen has happened. More may happen, and would be an error found at the end. */
static void look(Call *call) {
    int at, done = call->sent_results > 0 && call->cancel_results >= call->cancels;
    for (at = 0; at < call->party_count; at++) {
        const Party *party = &call->parties[at];
        done = done && party->callers_outcome != NEVER && party->answers_done >= party->answers_begun &&
               (party->rings == 0 || party->own_outcome != NEVER);
        /* One that does not ring yet may ring later, unless it was over before. */
        done = done && (party->rings > 0 || party->callers_outcome == ZIMCallUserState_BeCancelled);
        done = done && (party->callers_outcome != ZIMCallUserState_Accepted || party->accepted_events > 0) &&
               (party->callers_outcome != ZIMCallUserState_Rejected || party->rejected_events > 0) &&
               (party->callers_outcome != ZIMCallUserState_Timeout || party->unanswered_events > 0);
    }
    if (done && !call->over) {
        call->over = 1;
        counter_add(&finished, 1);
    }
}

/* ---- results ---- */

static void on_cancel_result(ZIMClient *client, const char *id, const ZIMErrorUserInfo *const *error_users,
                             uint32_t count, const ZIMError *error, void *user_data) {
    Call *call = user_data;
    (void)client, (void)id, (void)error_users, (void)count;
    pthread_mutex_lock(&lock);
    completed_requests++;
    call->cancel_results++;
    if (error->code == ZIMErrorCode_CallModuleCancelError || error->code == ZIMErrorCode_CallModuleDoesNotExist) {
        cancels_too_late++;
    } else {
        CHECK(error->code == 0, "cancel: %d %s", error->code, error->message);
    }
    look(call);
    pthread_mutex_unlock(&lock);
}

static void cancel(Call *call) {
    pthread_mutex_lock(&lock);
    begun_requests++;
    pthread_mutex_unlock(&lock);
    REQUIRE_CODE(ZIM_CallCancel(users[call->caller].client, NULL, 0, call->id, NULL, on_cancel_result, call), 0);
}

static void on_sent(ZIMClient *client, const char *id, const ZIMCallInvitationSentInfo *info, const ZIMError *error,
                    void *user_data) {
    Call *call = user_data;
    int at_once;
    (void)client;
    REQUIRE(error->code == 0, "invite: %d %s", error->code, error->message);
    pthread_mutex_lock(&lock);
    completed_requests++;
    CHECK(call_named(id, (int)(call - calls)) == call, "the name of a call is another's");
    CHECK(info->error_user_list_count == 0 && info->timeout == 1, "%u errors, %d s", info->error_user_list_count,
          info->timeout);
    call->sent_results++;
    at_once = call->cancelled_at_once;
    look(call);
    pthread_mutex_unlock(&lock);
    if (at_once) {
        cancel(call);
    }
}

static void answered(Call *call, Party *party, int32_t state, const ZIMError *error) {
    pthread_mutex_lock(&lock);
    completed_requests++;
    party->answers_done++;
    if (error->code == 0) {
        party->endings++;
        party->own_outcome = state;
    } else if (error->code == ZIMErrorCode_CallModuleDoesNotExist) {
        answers_too_late++;
    } else {
        CHECK(0, "answer: %d %s", error->code, error->message);
    }
    look(call);
    pthread_mutex_unlock(&lock);
}

/* An answer carries which call and which party it belongs to. */
typedef struct Answer {
    Call *call;
    Party *party;
} Answer;

static void on_accept_result(ZIMClient *client, const char *id, const ZIMError *error, void *user_data) {
    Answer *answer = user_data;
    (void)client, (void)id;
    answered(answer->call, answer->party, ZIMCallUserState_Accepted, error);
    free(answer);
}

static void on_reject_result(ZIMClient *client, const char *id, const ZIMError *error, void *user_data) {
    Answer *answer = user_data;
    (void)client, (void)id;
    answered(answer->call, answer->party, ZIMCallUserState_Rejected, error);
    free(answer);
}

/* ---- events at an invitee ---- */

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *id, void *user_data) {
    const User *user = user_data;
    int number = (int)strtol(info->extended_data, NULL, 10);
    Party *party;
    Call *call;
    Answer *answer = NULL;
    pthread_mutex_lock(&lock);
    call = call_named(id, number);
    party = party_of(call, user->number);
    if (party == NULL) {
        strange_events++;
    } else {
        party->rings++;
        CHECK(strcmp(info->caller, users[call->caller].name) == 0 &&
                  info->call_user_list_count == (uint32_t)call->party_count + 1,
              "call %d: caller %s, %u rows", number, info->caller, info->call_user_list_count);
        if (party->plan != IGNORE && party->rings == 1) {
            party->answers_begun++;
            begun_requests++;
            answer = malloc(sizeof *answer);
            answer->call = call;
            answer->party = party;
        }
        look(call);
    }
    pthread_mutex_unlock(&lock);
    if (answer != NULL && party->plan == ACCEPT) {
        REQUIRE_CODE(ZIM_CallAccept(client, id, NULL, on_accept_result, answer), 0);
    } else if (answer != NULL) {
        REQUIRE_CODE(ZIM_CallReject(client, id, NULL, on_reject_result, answer), 0);
    }
}

static void ring_ended(const char *id, const User *user, int32_t state) {
    Party *party;
    Call *call;
    pthread_mutex_lock(&lock);
    call = call_named(id, -1);
    party = party_of(call, user->number);
    if (party == NULL) {
        strange_events++;
    } else {
        party->endings++;
        party->own_outcome = state;
        look(call);
    }
    pthread_mutex_unlock(&lock);
}

static void on_cancelled(ZIMClient *client, const ZIMCallInvitationCancelledInfo *info, const char *id,
                         void *user_data) {
    (void)client, (void)info;
    ring_ended(id, user_data, ZIMCallUserState_BeCancelled);
}

static void on_timeout(ZIMClient *client, const ZIMCallInvitationTimeoutInfo *info, const char *id, void *user_data) {
    (void)client, (void)info;
    ring_ended(id, user_data, ZIMCallUserState_Timeout);
}

/* ---- events at the caller ---- */

static void count_event(const char *id, const User *user, const char *invitee, int32_t state) {
    Party *party;
    Call *call;
    int number = (int)strtol(invitee + 1, NULL, 10);
    pthread_mutex_lock(&lock);
    call = call_named(id, -1);
    party = party_of(call, number);
    if (party == NULL || call->caller != user->number) {
        strange_events++;
    } else {
        party->accepted_events += state == ZIMCallUserState_Accepted;
        party->rejected_events += state == ZIMCallUserState_Rejected;
        party->unanswered_events += state == ZIMCallUserState_Timeout;
        look(call);
    }
    pthread_mutex_unlock(&lock);
}

static void on_accepted(ZIMClient *client, const ZIMCallInvitationAcceptedInfo *info, const char *id, void *user_data) {
    (void)client;
    count_event(id, user_data, info->invitee, ZIMCallUserState_Accepted);
}

static void on_rejected(ZIMClient *client, const ZIMCallInvitationRejectedInfo *info, const char *id, void *user_data) {
    (void)client;
    count_event(id, user_data, info->invitee, ZIMCallUserState_Rejected);
}

static void on_unanswered(ZIMClient *client, const char *const *invitees, uint32_t count, const char *id,
                          void *user_data) {
    uint32_t at;
    (void)client;
    for (at = 0; at < count; at++) {
        count_event(id, user_data, invitees[at], ZIMCallUserState_Timeout);
    }
}

/* Every change passes by the caller; by the invitees, as long as they are in the call. */
static void on_states(ZIMClient *client, const ZIMCallUserStateChangeInfo *info, const char *id, void *user_data) {
    const User *user = user_data;
    uint32_t at;
    Call *call;
    (void)client;
    pthread_mutex_lock(&lock);
    call = call_named(id, -1);
    for (at = 0; call != NULL && at < info->call_user_list_count; at++) {
        const ZIMCallUserInfo *row = info->call_user_list[at];
        Party *party = party_of(call, (int)strtol(row->user_id + 1, NULL, 10));
        if (party == NULL || is_pending(row->state)) {
            continue;
        }
        if (call->caller == user->number) {
            CHECK(party->callers_outcome == NEVER, "call %s: %s is %d and then %d", id, row->user_id,
                  party->callers_outcome, row->state);
            party->callers_outcome = row->state;
            party->final_states++;
        } else if (party->user == user->number && party->own_outcome != NEVER) {
            CHECK(party->own_outcome == row->state, "call %s: the own row of %s is %d and then %d", id, row->user_id,
                  party->own_outcome, row->state);
        }
    }
    if (call != NULL) {
        look(call);
    }
    pthread_mutex_unlock(&lock);
}

/* ---- the run ---- */

static void start(User *user, int number) {
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    user->number = number;
    snprintf(user->name, sizeof user->name, "u%d", number);
    user->client = new_client(ZIMCallbackMode_Thread, NULL);
    handler.on_call_invitation_received = on_received;
    handler.on_call_invitation_cancelled = on_cancelled;
    handler.on_call_invitation_timeout = on_timeout;
    handler.on_call_invitation_accepted = on_accepted;
    handler.on_call_invitation_rejected = on_rejected;
    handler.on_call_invitees_answered_timeout = on_unanswered;
    handler.on_call_user_state_changed = on_states;
    REQUIRE_CODE(ZIM_SetEventHandler(user->client, &handler, user, NULL), 0);
    log_in(user->client, user->name, 0);
}

static void invite(int number) {
    ZIMCallInviteConfig config = ZIM_CALL_INVITE_CONFIG_INIT;
    const char *names[MOST_INVITEES];
    char text[16];
    Call *call = &calls[number];
    int at;
    pthread_mutex_lock(&lock);
    call->caller = (int)pick(USERS);
    call->party_count = 1 + (int)pick(MOST_INVITEES);
    /* Half of the cancellations come at once, half after a while. */
    call->cancels = pick(4) == 0;
    call->cancelled_at_once = call->cancels && pick(2) == 0;
    for (at = 0; at < call->party_count; at++) {
        Party *party = &call->parties[at];
        do {
            party->user = (int)pick(USERS);
        } while (party->user == call->caller || party_of(call, party->user) != party);
        party->plan = (Plan)pick(PLANS);
        party->own_outcome = party->callers_outcome = NEVER;
        names[at] = users[party->user].name;
    }
    begun_requests++;
    pthread_mutex_unlock(&lock);
    snprintf(text, sizeof text, "%d", number);
    config.timeout = 1;
    config.extended_data = text;
    REQUIRE_CODE(ZIM_CallInvite(users[call->caller].client, names, (uint32_t)call->party_count, &config, on_sent, call),
                 0);
}

/* Cancels a call that was to be cancelled after a while, if its name is known by now. */
static void cancel_later(int number) {
    Call *call = &calls[number];
    int wanted;
    pthread_mutex_lock(&lock);
    wanted = call->cancels && !call->cancelled_at_once && call->cancel_results == 0;
    if (wanted && call->sent_results == 0) {
        call->cancels = wanted = 0;
        look(call);
    }
    pthread_mutex_unlock(&lock);
    if (wanted) {
        cancel(call);
    }
}

static void compare(long *outcomes) {
    int number, at;
    for (number = 0; number < call_count; number++) {
        const Call *call = &calls[number];
        CHECK(call->sent_results == 1 && call->cancel_results == call->cancels, "call %d: %d and %d results", number,
              call->sent_results, call->cancel_results);
        for (at = 0; at < call->party_count; at++) {
            const Party *party = &call->parties[at];
            int rang = party->rings > 0;
            CHECK(party->rings <= 1, "call %d: u%d rang %d times", number, party->user, party->rings);
            CHECK(party->endings == party->rings, "call %d: %d rings of u%d ended %d times", number, party->rings,
                  party->user, party->endings);
            CHECK(party->answers_done == party->answers_begun, "call %d: %d of %d answers completed", number,
                  party->answers_done, party->answers_begun);
            CHECK(party->final_states == 1, "call %d: the caller was told %d outcomes of u%d", number,
                  party->final_states, party->user);
            CHECK(!rang || party->own_outcome == party->callers_outcome, "call %d: u%d says %d, the caller says %d",
                  number, party->user, party->own_outcome, party->callers_outcome);
            CHECK(party->accepted_events == (party->callers_outcome == ZIMCallUserState_Accepted) &&
                      party->rejected_events == (party->callers_outcome == ZIMCallUserState_Rejected) &&
                      party->unanswered_events == (party->callers_outcome == ZIMCallUserState_Timeout),
                  "call %d: u%d is %d; %d accepted, %d rejected, %d unanswered", number, party->user,
                  party->callers_outcome, party->accepted_events, party->rejected_events, party->unanswered_events);
            withheld += !rang;
            if (party->callers_outcome >= 0 && party->callers_outcome <= ZIMCallUserState_BeCancelled) {
                outcomes[party->callers_outcome]++;
            }
        }
    }
}

int main(int argc, char **argv) {
    long invitations = argc > 1 ? strtol(argv[1], NULL, 10) : 10000;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (unsigned long long)time(NULL);
    long outcomes[ZIMCallUserState_BeCancelled + 1] = {0};
    double begun;
    int number;
    REQUIRE(invitations > 0, "how many invitations?");
    server_url();
    printf("%ld invitations, seed %llu\n", invitations, seed);
    random_state = seed;
    call_count = (int)invitations;
    calls = calloc((size_t)call_count, sizeof *calls);
    named_size = (size_t)call_count * 2 + 1;
    named = malloc(named_size * sizeof *named);
    memset(named, -1, named_size * sizeof *named);
    counter_init(&finished);
    for (number = 0; number < USERS; number++) {
        start(&users[number], number);
    }

    begun = now_ms();
    for (number = 0; number < call_count; number++) {
        /* So many go on at once, and no more. */
        REQUIRE(counter_wait(&finished, number - AT_ONCE + 1), "only %ld of %d calls came to an end",
                counter_value(&finished), number);
        invite(number);
        if (number >= 10) {
            cancel_later(number - 10);
        }
    }
    for (number = call_count > 10 ? call_count - 10 : 0; number < call_count; number++) {
        cancel_later(number);
    }
    if (!CHECK(counter_wait(&finished, call_count), "only %ld of %d calls came to an end", counter_value(&finished),
               call_count)) {
        for (number = 0; number < call_count; number++) {
            int at;
            for (at = 0; !calls[number].over && at < calls[number].party_count; at++) {
                const Party *party = &calls[number].parties[at];
                fprintf(stderr, "call %d %s: u%d -> u%d: %d rings, outcome %d, at the caller %d, answers %d of %d\n",
                        number, calls[number].id, calls[number].caller, party->user, party->rings, party->own_outcome,
                        party->callers_outcome, party->answers_done, party->answers_begun);
            }
        }
    }
    printf("%.1f s\n", (now_ms() - begun) / 1e3);
    for (number = 0; number < USERS; number++) {
        CHECK_CODE(ZIM_Destroy(users[number].client), 0);
    }

    compare(outcomes);
    CHECK(completed_requests == begun_requests, "%ld of %ld requests completed", completed_requests, begun_requests);
    CHECK(strange_events == 0, "%ld events of calls or users that are not in it", strange_events);
    printf("requests: %ld, each completed once; answers too late: %ld; cancellations too late: %ld\n", begun_requests,
           answers_too_late, cancels_too_late);
    printf("outcomes: %ld accepted, %ld rejected, %ld timed out, %ld cancelled; both sides agree\n",
           outcomes[ZIMCallUserState_Accepted], outcomes[ZIMCallUserState_Rejected], outcomes[ZIMCallUserState_Timeout],
           outcomes[ZIMCallUserState_BeCancelled]);
    printf("over before the ring was made: %ld\n", withheld);
    free(named);
    free(calls);
    return checks_result("test_random");
}
