using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Destroy: quick, complete, from everywhere.</summary>
    internal static class DestroyTests
    {
        private const int QuickMs = 1000;

        internal static void AddTo(Runner runner)
        {
            runner.Add("pending requests complete once", PendingComplete);
            runner.Add("a server that never answers", SilentServer);
            runner.Add("a server that is not there", NoServer);
            runner.Add("requests after Destroy are refused at once", AfterDestroy);
            runner.Add("destroy twice and side by side", Twice);
            runner.Add("destroy inside an event, own thread", InsideEvent);
            runner.Add("destroy inside an event, manual", InsideEventManual);
            runner.Add("destroy inside an event, context", InsideEventContext);
            runner.Add("destroy inside a result", InsideResult);
            runner.Add("destroy inside a refusal", InsideRefusal);
            runner.Add("destroy beside a stuck callback", StuckCallback);
            runner.Add("destroy waits for a running callback", WaitsForRunning);
            runner.Add("create and destroy, many times", ManyTimes);
        }

        /// <summary>Destroys the client and checks that it took less than a second.</summary>
        private static void DestroyQuickly(Player player)
        {
            Stopwatch time = Stopwatch.StartNew();
            player.Zim.Destroy();
            Check.True(time.ElapsedMilliseconds < QuickMs, "Destroy took " + time.ElapsedMilliseconds + " ms");
        }

        private static void PendingComplete()
        {
            foreach (ZIMDelivery delivery in new[] { ZIMDelivery.Auto, ZIMDelivery.Manual })
            {
                const int Requests = 60;
                Player player = new Player("pending", new ZIMAppConfig { appID = 1, delivery = delivery });
                Results login = new Results();
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, login.Add);
                if (delivery == ZIMDelivery.Auto) login.Await(1, "login");
                int[] runs = new int[Requests];
                for (int at = 0; at < Requests; at++)
                {
                    int request = at;
                    player.Zim.CallAccept("call" + at, null, (callID, error) => Interlocked.Increment(ref runs[request]));
                }
                DestroyQuickly(player);
                for (int at = 0; at < Requests; at++) Check.Equal(1, runs[at], delivery + ": results of request " + at);
                Check.Equal(1, login.Count, delivery + ": results of the login");
            }
        }

        private static void SilentServer()
        {
            TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            try
            {
                int port = ((IPEndPoint)listener.LocalEndpoint).Port;
                Player player = new Player("silent", new ZIMAppConfig { appID = 1, serverUrl = "ws://127.0.0.1:" + port + "/zim" });
                Results login = new Results();
                player.Zim.Login(new ZIMUserInfo { userID = player.ID }, login.Add);
                player.Await("Connecting+ActiveLogin", null);
                DestroyQuickly(player);
                Check.Equal(1, login.Count, "results of the login");
                Check.True(login.Await(1, "login").code != ZIMErrorCode.Success, "the login succeeded");
                Check.True(ReferenceEquals(Thread.CurrentThread, login.LastThread), "the result came on another thread");
            }
            finally { listener.Stop(); }
        }

        private static void NoServer()
        {
            TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            listener.Stop();
            Player player = new Player("alone", new ZIMAppConfig { appID = 1, serverUrl = "ws://127.0.0.1:" + port + "/zim" });
            Results login = new Results();
            player.Zim.Login(new ZIMUserInfo { userID = player.ID }, login.Add);
            player.Await("Connecting+ActiveLogin", null);
            DestroyQuickly(player);
            Check.Equal(1, login.Count, "results of the login");
        }

        private static void AfterDestroy()
        {
            Player player = Player.LoggedIn("late");
            player.Zim.Destroy();
            Results results = new Results();
            player.Zim.Login(new ZIMUserInfo { userID = player.ID }, results.Add);
            player.Zim.RenewToken("token", (token, error) => results.Add(error));
            player.Zim.UploadLog(results.Add);
            player.Zim.CallInvite(new List<string> { "other" }, null, (callID, info, error) => results.Add(error));
            player.Zim.CallCancel(null, "call", null, (callID, errorInvitees, error) => results.Add(error));
            player.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
            player.Zim.CallReject("call", null, (callID, error) => results.Add(error));
            Check.Equal(7, results.Count, "refusals before the methods returned");
            results.AllAre(ZIMErrorCode.CommonModuleNotInit, "refusal");
            Check.True(ReferenceEquals(Thread.CurrentThread, results.LastThread), "a refusal on another thread");
            player.Zim.Logout();
            Check.Equal(ZIMConnectionState.Disconnected, player.Zim.GetConnectionState(), "state");
        }

        private static void Twice()
        {
            for (int round = 0; round < 5; round++)
            {
                Player player = Player.LoggedIn("twice");
                Results results = new Results();
                player.Zim.UploadLog(results.Add);
                Thread[] threads = new Thread[4];
                for (int at = 0; at < threads.Length; at++)
                {
                    threads[at] = new Thread(player.Zim.Destroy);
                    threads[at].Start();
                }
                foreach (Thread thread in threads) Check.True(thread.Join(Player.PatienceMs), "a Destroy did not return");
                player.Zim.Destroy();
                results.Await(1, "upload");
                Check.Equal(1, results.Count, "results of one request");
            }
        }

        private static void InsideEvent()
        {
            Inside(Player.LoggedIn("bob"), null);
        }

        private static void InsideEventContext()
        {
            using (PumpContext pump = new PumpContext())
            {
                Player bob = null;
                pump.Do(() => bob = new Player("bob"));
                bob.LogIn();
                Inside(bob, null);
            }
        }

        private static void InsideEventManual()
        {
            Player bob = new Player("bob", new ZIMAppConfig { appID = 1, delivery = ZIMDelivery.Manual });
            Results login = new Results();
            bob.Zim.Login(new ZIMUserInfo { userID = bob.ID }, login.Add);
            Action pump = () => bob.Zim.RunCallbacks();
            Until(() => login.Count == 1, pump, "login");
            Inside(bob, pump);
        }

        private static void Inside(Player bob, Action pump)
        {
            using (Player alice = Player.LoggedIn("alice"))
            {
                Results pending = new Results();
                int after = 0;
                ManualResetEvent destroyed = new ManualResetEvent(false);
                bob.Zim.onCallInvitationReceived = (zim, info, callID) =>
                {
                    zim.CallAccept(callID, null, (accepted, error) => pending.Add(error));
                    zim.CallAccept("", null, (accepted, error) => pending.Add(error));
                    zim.Destroy();
                    if (pending.Count == 2) destroyed.Set();
                };
                bob.Zim.onCallInvitationReceived += (zim, info, callID) => after++;
                alice.Invite(null, bob);
                if (pump == null) destroyed.WaitOrFail("Destroy inside the event with both results");
                else Until(() => destroyed.WaitOne(0), pump, "Destroy inside the event with both results");
                Check.Equal(2, pending.Count, "results");
                Check.Equal(0, after, "handlers that ran after Destroy");
            }
        }

        private static void Until(Func<bool> done, Action pump, string what)
        {
            Stopwatch time = Stopwatch.StartNew();
            while (!done())
            {
                pump();
                Check.True(time.ElapsedMilliseconds < Player.PatienceMs, what + " never happened");
                Thread.Yield();
            }
        }

        private static void InsideResult()
        {
            Player player = Player.LoggedIn("result");
            Results others = new Results();
            ManualResetEvent destroyed = new ManualResetEvent(false);
            player.Zim.RenewToken("token", (token, error) =>
            {
                player.Zim.UploadLog(others.Add);
                player.Zim.Destroy();
                destroyed.Set();
            });
            destroyed.WaitOrFail("Destroy inside the result");
            Check.Equal(1, others.Count, "results of the other request");
        }

        private static void InsideRefusal()
        {
            Player player = new Player("refusal");
            Results results = new Results();
            player.Zim.CallAccept("call", null, (callID, error) =>
            {
                player.Zim.Destroy();
                results.Add(error);
            });
            player.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
            results.Await(2, "refusals");
            player.Zim.CallAccept("call", null, (callID, error) => results.Add(error));
            Check.Equal(3, results.Count, "refusals");
        }

        private static void StuckCallback()
        {
            Results reports = new Results();
            ZIM.onUnhandledException = exception => reports.Add(((ZIMException)exception).error);
            try
            {
                Player player = Player.LoggedIn("stuck");
                ManualResetEvent inside = new ManualResetEvent(false);
                ManualResetEvent release = new ManualResetEvent(false);
                Results others = new Results();
                player.Zim.RenewToken("token", (token, error) =>
                {
                    inside.Set();
                    release.WaitOrFail("the release");
                });
                inside.WaitOrFail("the stuck callback");
                player.Zim.RenewToken("token", (token, error) => others.Add(error));
                Stopwatch time = Stopwatch.StartNew();
                player.Zim.Destroy();
                long took = time.ElapsedMilliseconds;
                Check.True(took < 1500, "Destroy took " + took + " ms");
                Check.Equal(ZIMErrorCode.SDKModuleCallbackStillRunning, reports.Await(1, "report").code, "report");
                release.Set();
                others.Await(1, "the pending result after the release");
                Check.Equal(1, others.Count, "results");
            }
            finally { ZIM.onUnhandledException = null; }
        }

        /// <summary>A refusal is a callback that the library knows nothing of: Destroy waits for it all the same.</summary>
        private static void WaitsForRunning()
        {
            Player player = new Player("running");
            ManualResetEvent inside = new ManualResetEvent(false);
            bool finished = false;
            player.Zim.CallAccept("call", null, (callID, error) =>
            {
                inside.Set();
                Busy.For(200);
                finished = true;
            });
            inside.WaitOrFail("the callback");
            DestroyQuickly(player);
            Check.True(finished, "Destroy returned while a callback ran");
        }

        private static void ManyTimes()
        {
            for (int round = 0; round < 100; round++)
            {
                using (Player player = new Player("cycle"))
                {
                    if (round % 10 == 0) player.LogIn();
                }
            }
        }
    }
}
