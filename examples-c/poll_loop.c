/* A game loop: 60 frames a second, and all callbacks inside ZIM_PollCallbacks, on the thread that draws.
 *
 *     poll_loop [ws://host:port/path]
 *
 * Two players in one process, one thread, no lock anywhere: ann invites ben, ben accepts two seconds later. Exits with
 * 0 when both know of it. */

#define _POSIX_C_SOURCE 200809L
#include "example.h"

#define FRAMES_PER_SECOND 60

typedef struct Player {
    const char *name;
    ZIMClient *client;
    char ringing[64];
    int logged_in, in_call;
} Player;

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *call_id,
                        void *user_data) {
    Player *player = user_data;
    (void)client;
    snprintf(player->ringing, sizeof player->ringing, "%s", call_id);
    narrate(player->name, "is invited by %s: \"%s\"", info->inviter, info->extended_data);
}

static void on_accepted(ZIMClient *client, const ZIMCallInvitationAcceptedInfo *info, const char *call_id,
                        void *user_data) {
    Player *player = user_data;
    (void)client, (void)call_id;
    player->in_call = 1;
    narrate(player->name, "is told: %s has accepted", info->invitee);
}

static void fail_unless_done(const Player *player, const char *what, const ZIMError *error) {
    if (error->code != ZIMErrorCode_Success) {
        fprintf(stderr, "%s: %s: %s (%d): %s\n", player->name, what, ZIM_ErrorName(error->code), error->code,
                error->message);
        exit(1);
    }
}

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
    Player *player = user_data;
    (void)client;
    fail_unless_done(player, "login", error);
    player->logged_in = 1;
    narrate(player->name, "is logged in");
}

static void on_invited(ZIMClient *client, const char *call_id, const ZIMCallInvitationSentInfo *info,
                       const ZIMError *error, void *user_data) {
    (void)client, (void)call_id, (void)info;
    fail_unless_done(user_data, "invitation", error);
}

static void on_answered(ZIMClient *client, const char *call_id, const ZIMError *error, void *user_data) {
    Player *player = user_data;
    (void)client, (void)call_id;
    fail_unless_done(player, "answer", error);
    player->in_call = 1;
    narrate(player->name, "has accepted");
}

static void start(Player *player, const char *name, const char *server_url) {
    ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
    ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
    ZIMUserInfo user = ZIM_USER_INFO_INIT;

    player->name = name;
    config.server_url = server_url;
    config.callback_mode = ZIMCallbackMode_Poll;
    must(ZIM_Create(&config, &player->client), "ZIM_Create");
    handler.on_call_invitation_received = on_received;
    handler.on_call_invitation_accepted = on_accepted;
    must(ZIM_SetEventHandler(player->client, &handler, player, NULL), "ZIM_SetEventHandler");
    user.user_id = name;
    must(ZIM_Login(player->client, &user, NULL, on_logged_in, player), "ZIM_Login");
}

int main(int argc, char **argv) {
    static Player ann, ben;
    const char *server_url = argc > 1 ? argv[1] : NULL;
    ZIMCallInviteConfig invitation = ZIM_CALL_INVITE_CONFIG_INIT;
    struct timespec next_frame;
    int frame, invited_at = -1, answered = 0;

    start(&ann, "ann", server_url);
    start(&ben, "ben", server_url);
    invitation.extended_data = "Another round?";

    clock_gettime(CLOCK_MONOTONIC, &next_frame);
    for (frame = 0; frame < 20 * FRAMES_PER_SECOND && !(ann.in_call && ben.in_call); frame++) {
        /* All callbacks that are due, now, here. It never waits. */
        must(ZIM_PollCallbacks(ann.client, 0, NULL), "ZIM_PollCallbacks");
        must(ZIM_PollCallbacks(ben.client, 0, NULL), "ZIM_PollCallbacks");

        if (ann.logged_in && ben.logged_in && invited_at < 0) {
            invited_at = frame;
            narrate("ann", "invites ben in frame %d", frame);
            must(ZIM_CallInvite(ann.client, &ben.name, 1, &invitation, on_invited, &ann), "ZIM_CallInvite");
        }
        if (ben.ringing[0] != '\0' && !answered && frame >= invited_at + 2 * FRAMES_PER_SECOND) {
            answered = 1;
            narrate("ben", "presses the button in frame %d", frame);
            must(ZIM_CallAccept(ben.client, ben.ringing, NULL, on_answered, &ben), "ZIM_CallAccept");
        }

        /* Here a game would move and draw. Then it waits for the next frame. */
        next_frame.tv_nsec += 1000000000L / FRAMES_PER_SECOND;
        if (next_frame.tv_nsec >= 1000000000L) {
            next_frame.tv_nsec -= 1000000000L;
            next_frame.tv_sec++;
        }
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next_frame, NULL) != 0) {
        }
    }

    must(ZIM_Destroy(ann.client), "ZIM_Destroy");
    must(ZIM_Destroy(ben.client), "ZIM_Destroy");
    if (!ann.in_call || !ben.in_call) {
        fprintf(stderr, "after %d frames they are not in a call\n", frame);
        return 1;
    }
    printf("In a call after %d frames.\n", frame);
    return 0;
}
