/*
 * Invite -> received, through the server. Two clients in this process, each with its own connection and its own
 * callback thread. For each round: the host's thread notes the time and calls ZIM_CallInvite; the callee's
 * on_call_invitation_received notes the time; the callee rejects, and the round ends when the caller knows.
 *
 * latency URL COUNT PER_SECOND        prints one latency in ns a line
 */
#include <pthread.h>

#include "bench.h"

#define WARM_UP 50

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* Of the round that runs; guarded by the lock. */
static struct {
  int logged_in;
  int invited, received, answered, rejected;
  uint64_t received_at;
  char sent_id[64], received_id[64], rejected_id[64];
} now;

static void on_logged_in(ZIMClient *client, const ZIMError *error, void *user_data) {
  (void)client;
  (void)user_data;
  bench_need(error->code, "login");
  pthread_mutex_lock(&lock);
  now.logged_in += 1;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void on_received(ZIMClient *client, const ZIMCallInvitationReceivedInfo *info, const char *call_id,
                        void *user_data) {
  uint64_t at = bench_now();
  (void)client;
  (void)info;
  (void)user_data;
  pthread_mutex_lock(&lock);
  now.received_at = at;
  now.received += 1;
  snprintf(now.received_id, sizeof now.received_id, "%s", call_id);
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void on_rejected(ZIMClient *client, const ZIMCallInvitationRejectedInfo *info, const char *call_id,
                        void *user_data) {
  (void)client;
  (void)info;
  (void)user_data;
  pthread_mutex_lock(&lock);
  now.rejected += 1;
  snprintf(now.rejected_id, sizeof now.rejected_id, "%s", call_id);
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void on_invited(ZIMClient *client, const char *call_id, const ZIMCallInvitationSentInfo *info,
                       const ZIMError *error, void *user_data) {
  (void)client;
  (void)info;
  (void)user_data;
  bench_need(error->code, "invite");
  pthread_mutex_lock(&lock);
  now.invited += 1;
  snprintf(now.sent_id, sizeof now.sent_id, "%s", call_id);
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

static void on_answered(ZIMClient *client, const char *call_id, const ZIMError *error, void *user_data) {
  (void)client;
  (void)call_id;
  (void)user_data;
  bench_need(error->code, "reject");
  pthread_mutex_lock(&lock);
  now.answered += 1;
  pthread_cond_signal(&changed);
  pthread_mutex_unlock(&lock);
}

/* Waits until the counter has reached the goal. */
static void await(const int *counter, int goal, const char *what) {
  struct timespec limit;
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += 10;
  pthread_mutex_lock(&lock);
  while (*counter < goal) {
    bench_check(pthread_cond_timedwait(&changed, &lock, &limit) == 0, what);
  }
  pthread_mutex_unlock(&lock);
}

static ZIMClient *start(const char *url, const char *user_id, const ZIMEventHandler *handler) {
  ZIMAppConfig config = ZIM_APP_CONFIG_INIT;
  ZIMUserInfo user = ZIM_USER_INFO_INIT;
  ZIMClient *client = NULL;
  config.app_id = 1;
  config.server_url = url;
  bench_need(ZIM_Create(&config, &client), "create");
  bench_need(ZIM_SetEventHandler(client, handler, NULL, NULL), "handler");
  user.user_id = user_id;
  bench_need(ZIM_Login(client, &user, "", on_logged_in, NULL), "login");
  return client;
}

int main(int argc, char **argv) {
  ZIMEventHandler caller_events = ZIM_EVENT_HANDLER_INIT;
  ZIMEventHandler callee_events = ZIM_EVENT_HANDLER_INIT;
  ZIMCallInviteConfig config = ZIM_CALL_INVITE_CONFIG_INIT;
  const char *invitees[] = {"bench-callee"};
  ZIMClient *caller, *callee;
  uint64_t began, interval, *latencies;
  int rounds, round;

  bench_check(argc == 4, "usage: latency URL COUNT PER_SECOND");
  rounds = atoi(argv[2]) + WARM_UP;
  interval = 1000000000u / (uint64_t)atoi(argv[3]);
  latencies = calloc((size_t)rounds, sizeof *latencies);
  bench_check(latencies != NULL, "no memory");

  caller_events.on_call_invitation_rejected = on_rejected;
  callee_events.on_call_invitation_received = on_received;
  callee = start(argv[1], invitees[0], &callee_events);
  caller = start(argv[1], "bench-caller", &caller_events);
  await(&now.logged_in, 2, "the logins did not end in time");

  config.extended_data = "bench";
  began = bench_now();
  for (round = 0; round < rounds; round++) {
    uint64_t sent;
    bench_until(began + (uint64_t)round * interval);
    sent = bench_now();
    bench_need(ZIM_CallInvite(caller, invitees, 1, &config, on_invited, NULL), "invite");
    await(&now.received, round + 1, "an invitation did not arrive in time");
    await(&now.invited, round + 1, "an invitation was not answered in time");
    latencies[round] = now.received_at - sent;
    bench_check(strcmp(now.sent_id, now.received_id) == 0, "another invitation arrived than was sent");
    bench_need(ZIM_CallReject(callee, now.received_id, NULL, on_answered, NULL), "reject");
    await(&now.rejected, round + 1, "a rejection did not arrive in time");
    await(&now.answered, round + 1, "a rejection was not answered in time");
    bench_check(strcmp(now.sent_id, now.rejected_id) == 0, "another invitation was rejected than was sent");
  }
  bench_need(ZIM_Destroy(caller), "destroy");
  bench_need(ZIM_Destroy(callee), "destroy");
  for (round = WARM_UP; round < rounds; round++) {
    printf("%" PRIu64 "\n", latencies[round]);
  }
  free(latencies);
  return 0;
}
