/*
 * What one ZIM_CallInvite costs the host's thread, and what one callback costs the thread that polls; beside them
 * what the bare minimum of each costs: the same texts handed to another thread, and a call through a pointer.
 *
 * cost URL ROUNDS        prints "NAME NANOSECONDS" lines, one of each name a round
 */
#include <pthread.h>

#include "bench.h"

#define CALLS 256
#define BARE_CALLBACKS 4000000u

static int completed;
static int events;

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
  (void)client;
  bench_need(error->code, "login");
  *(int *)user_data = 1;
}

static void on_changed(ZIMClient *client, const ZIMCallUserStateChangeInfo *info, const char *call_id,
                       void *user_data) {
  (void)client;
  (void)info;
  (void)call_id;
  (void)user_data;
  events += 1;
}

static void on_invited(ZIMClient *client, const char *call_id, const ZIMCallInvitationSentInfo *info,
                       const ZIMError *error, void *user_data) {
  (void)client;
  (void)call_id;
  (void)info;
  (void)user_data;
  bench_need(error->code, "invite");
  completed += 1;
}

/* The bare hand-over: texts copied into one block, the block put into a list under a lock, the other thread woken. */
typedef struct Note {
  struct Note *next;
  char text[128];
} Note;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static Note *first, **last = &first;
static int taken;

static void *take_notes(void *unused) {
  (void)unused;
  for (;;) {
    Note *note;
    pthread_mutex_lock(&lock);
    while (first == NULL) {
      pthread_cond_wait(&changed, &lock);
    }
    note = first;
    first = note->next;
    if (first == NULL) {
      last = &first;
    }
    taken += 1;
    pthread_mutex_unlock(&lock);
    free(note);
  }
  return NULL;
}

static void hand_over(const char *invitee, const char *data) {
  Note *note = malloc(sizeof *note);
  bench_check(note != NULL, "no memory");
  note->next = NULL;
  snprintf(note->text, sizeof note->text, "%s %s", invitee, data);
  pthread_mutex_lock(&lock);
  *last = note;
  last = &note->next;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void drain(ZIMClient *client, int completions) {
  uint64_t limit = bench_now() + 10000000000u;
  while (completed < completions) {
    bench_check(bench_now() < limit, "the invitations were not answered in time");
    ZIM_WaitCallbacks(client, 50);
    bench_need(ZIM_PollCallbacks(client, 0, NULL), "poll");
  }
}

int main(int argc, char **argv) {
  ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
  ZIMUserInfo user = ZIM_USER_INFO_INIT;
  ZIMEventHandler handler = ZIM_EVENT_HANDLER_INIT;
  ZIMCallInviteConfig invite = ZIM_CALL_INVITE_CONFIG_INIT;
  /* Volatile: a real call each time, as through the handler's table. */
  void (*volatile callback)(ZIMClient *, const ZIMCallUserStateChangeInfo *, const char *, void *) = on_changed;
  const char *invitees[] = {"bench-offline"};
  ZIMClient *client = NULL;
  pthread_t taker;
  int rounds, round, number, logged_in = 0;

  bench_check(argc == 3, "usage: cost URL ROUNDS");
  rounds = atoi(argv[2]);
  config.app_id = 1;
  config.server_url = argv[1];
  config.callback_mode = ZIMCallbackMode_Poll;
  handler.on_call_user_state_changed = on_changed;
  user.user_id = "bench-cost";
  invite.extended_data = "bench";
  bench_need(ZIM_Create(&config, &client), "create");
  bench_need(ZIM_SetEventHandler(client, &handler, NULL, NULL), "handler");
  bench_need(ZIM_Login(client, &user, "", on_logged_in, &logged_in), "login");
  while (!logged_in) {
    ZIM_WaitCallbacks(client, 50);
    bench_need(ZIM_PollCallbacks(client, 0, NULL), "poll");
  }
  bench_check(pthread_create(&taker, NULL, take_notes, NULL) == 0, "no thread");

  for (round = 0; round < rounds; round++) {
    uint64_t began, ended;
    uint32_t dispatched = 0;

    began = bench_now();
    for (number = 0; number < CALLS; number++) {
      bench_need(ZIM_CallInvite(client, invitees, 1, &invite, on_invited, NULL), "invite");
    }
    ended = bench_now();
    printf("invite %f\n", (double)(ended - began) / CALLS);

    /* Results and events come in meanwhile, unseen: only a poll looks. */
    bench_until(bench_now() + 400000000u);
    began = bench_now();
    bench_need(ZIM_PollCallbacks(client, 0, &dispatched), "poll");
    ended = bench_now();
    bench_check(dispatched >= CALLS, "too few callbacks were ready to be measured");
    printf("callback %f\n", (double)(ended - began) / dispatched);
    drain(client, (round + 1) * CALLS);

    taken = 0;
    began = bench_now();
    for (number = 0; number < CALLS; number++) {
      hand_over(invitees[0], invite.extended_data);
    }
    ended = bench_now();
    printf("bare-hand-over %f\n", (double)(ended - began) / CALLS);

    began = bench_now();
    for (number = 0; number < (int)BARE_CALLBACKS; number++) {
      callback(client, NULL, "", NULL);
    }
    ended = bench_now();
    printf("bare-callback %f\n", (double)(ended - began) / BARE_CALLBACKS);
  }
  bench_need(ZIM_Destroy(client), "destroy");
  return events > 0 ? 0 : 1;
}
