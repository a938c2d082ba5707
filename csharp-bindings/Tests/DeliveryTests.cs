using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>On which thread callbacks run, and when.</summary>
    internal static class DeliveryTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("own thread: one thread for everything", OneThread);
            runner.Add("manual: only inside RunCallbacks", Manual);
            runner.Add("manual: RunCallbacks inside a callback does nothing", NestedRunCallbacks);
            runner.Add("manual: two threads may pump", TwoPumps);
            runner.Add("RunCallbacks without Manual throws", RunCallbacksWithoutManual);
            runner.Add("context: everything on its thread", Context);
            runner.Add("context: one drain at a time is posted", OneDrainAtATime);
            runner.Add("context: nothing runs after Destroy", NothingAfterDestroy);
            runner.Add("context: one that refuses to post", BrokenContext);
        }

        private static void OneThread()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                Results results = new Results();
                alice.Zim.CallInvite(new List<string> { bob.ID }, null, (callID, info, error) => results.Add(error));
                results.Await(1, "invite");
                bob.Await("Received", bob.Await(told => told.What == "Received", "any").CallID);
                foreach (Told told in alice.All())
                {
                    Check.True(ReferenceEquals(results.LastThread, told.Thread), told.What + " came on another thread than the result");
                    Check.Equal("ZIM callbacks", told.Thread.Name, "name of the thread");
                    Check.True(told.Thread.IsBackground, "the thread keeps the process alive");
                }
                Check.True(!ReferenceEquals(results.LastThread, bob.All()[0].Thread), "two clients share a thread");
            }
        }

        private static Player ManualPlayer()
        {
            return new Player("manual", new ZIMAppConfig { appID = 1, delivery = ZIMDelivery.Manual });
        }

        /// <summary>Calls RunCallbacks, as a game does every frame, until it is so.</summary>
        private static void Pump(Player player, Func<bool> until, string what)
        {
            Stopwatch time = Stopwatch.StartNew();
            while (!until())
            {
                player.Zim.RunCallbacks();
                Check.True(time.ElapsedMilliseconds < Player.PatienceMs, what + " never happened");
                Thread.Yield();
            }
        }

        private static void Manual()
        {
            using (Player player = ManualPlayer())
            {
                Results results = new Results();
                player.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, results.Add);
                using (Player other = Player.LoggedIn("meanwhile")) other.Zim.Logout();
                Check.Equal(0, results.Count, "results before RunCallbacks");
                Check.Equal(0, player.All().Count, "events before RunCallbacks");
                Pump(player, () => results.Count == 2, "the results");
                Check.True(ReferenceEquals(Thread.CurrentThread, results.LastThread), "a result on another thread");
                foreach (Told told in player.All())
                {
                    Check.True(ReferenceEquals(Thread.CurrentThread, told.Thread), told.What + " on another thread");
                }
                player.Zim.Destroy();
                Check.Equal(0, player.Zim.RunCallbacks(), "callbacks after Destroy");
            }
        }

        private static void NestedRunCallbacks()
        {
            using (Player player = ManualPlayer())
            {
                int refusals = 0;
                List<int> nested = new List<int>();
                for (int at = 0; at < 3; at++)
                {
                    player.Zim.CallAccept("call", null, (callID, error) =>
                    {
                        nested.Add(player.Zim.RunCallbacks());
                        refusals++;
                    });
                }
                player.Zim.onConnectionStateChanged = (zim, state, cause, data) => nested.Add(zim.RunCallbacks());
                Check.Equal(3, player.Zim.RunCallbacks(), "callbacks made");
                Check.Equal(3, refusals, "refusals");
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, error => refusals++);
                Pump(player, () => refusals == 4 && nested.Count >= 5, "the login and its events");
                foreach (int made in nested) Check.Equal(0, made, "callbacks made by a nested RunCallbacks");
            }
        }

        private static void TwoPumps()
        {
            using (Player player = ManualPlayer())
            {
                const int Requests = 200;
                int inside = 0;
                int overlaps = 0;
                int done = 0;
                Thread[] pumps = new Thread[2];
                for (int at = 0; at < pumps.Length; at++)
                {
                    pumps[at] = new Thread(() => Pump(player, () => Volatile.Read(ref done) == Requests, "the refusals"));
                    pumps[at].Start();
                }
                for (int at = 0; at < Requests; at++)
                {
                    player.Zim.CallAccept("call", null, (callID, error) =>
                    {
                        if (Interlocked.Increment(ref inside) != 1) Interlocked.Increment(ref overlaps);
                        Thread.Yield();
                        Interlocked.Decrement(ref inside);
                        Interlocked.Increment(ref done);
                    });
                }
                foreach (Thread pump in pumps) Check.True(pump.Join(Player.PatienceMs), "a pump did not end");
                Check.Equal(Requests, done, "refusals");
                Check.Equal(0, overlaps, "callbacks that ran at the same time");
            }
        }

        private static void RunCallbacksWithoutManual()
        {
            using (Player player = new Player("auto"))
            {
                Check.Throws<InvalidOperationException>(() => player.Zim.RunCallbacks(), "RunCallbacks");
            }
        }

        private static void Context()
        {
            using (PumpContext pump = new PumpContext())
            {
                Player alice = null;
                pump.Do(() => alice = new Player("alice"));
                using (alice)
                using (Player bob = Player.LoggedIn("bob"))
                {
                    Results results = new Results();
                    alice.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
                    results.Await(1, "refusal");
                    Check.True(ReferenceEquals(pump.Thread, results.LastThread), "a refusal came on another thread");
                    alice.LogIn();
                    string call = alice.Invite(null, bob);
                    bob.Await("Received", call);
                    bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                    alice.Await("Accepted", call);
                    foreach (Told told in alice.All())
                    {
                        Check.True(ReferenceEquals(pump.Thread, told.Thread), told.What + " came on another thread");
                    }
                }
            }
        }

        private static void OneDrainAtATime()
        {
            using (PumpContext pump = new PumpContext())
            {
                Player player = null;
                pump.Do(() => player = new Player("held"));
                using (player)
                {
                    pump.Hold(true);
                    int before = pump.Posts;
                    Results results = new Results();
                    for (int at = 0; at < 50; at++) player.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
                    pump.AwaitHeldPost();
                    Check.Equal(before + 1, pump.Posts, "drains posted for 50 refusals");
                    pump.Hold(false);
                    results.Await(50, "refusals");
                }
            }
        }

        private static void NothingAfterDestroy()
        {
            using (PumpContext pump = new PumpContext())
            {
                Player player = null;
                pump.Do(() => player = new Player("gone"));
                pump.Hold(true);
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, error => { });
                pump.AwaitHeldPost();
                player.Zim.Destroy();
                int told = player.All().Count;
                pump.Hold(false);
                pump.Do(() => { });
                Check.Equal(told, player.All().Count, "events after Destroy");
            }
        }

        private sealed class RefusingContext : SynchronizationContext
        {
            internal bool Refuses = true;

            public override void Post(SendOrPostCallback callback, object state)
            {
                if (Refuses) throw new InvalidOperationException("no more posts");
                base.Post(callback, state);
            }
        }

        private static void BrokenContext()
        {
            RefusingContext context = new RefusingContext();
            Results reports = new Results();
            ZIM.onUnhandledException = exception => reports.Add(null);
            SynchronizationContext former = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(context);
            try
            {
                using (Player player = new Player("broken"))
                {
                    Results results = new Results();
                    player.Zim.Login(new ZIMUserInfo { userID = player.ID }, results.Add);
                    reports.Await(2, "reports of the refused posts");
                    context.Refuses = false;
                    Check.Equal(ZIMErrorCode.Success, results.Await(1, "login").code, "login");
                }
            }
            finally
            {
                SynchronizationContext.SetSynchronizationContext(former);
                ZIM.onUnhandledException = null;
            }
        }
    }
}
