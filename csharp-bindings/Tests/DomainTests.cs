using System;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>
    /// Mono, and with it Unity's editor, unloads a domain together with everything in it. CoreCLR has one domain only.
    /// </summary>
    internal static class DomainTests
    {
        private const int QuickMs = 1000;

        /// <summary>Destroy waits up to a second for a stuck callback; then Mono ends its thread.</summary>
        private const int StuckMs = 3000;

        internal static readonly bool OnMono = Type.GetType("Mono.Runtime") != null;

        internal static void AddTo(Runner runner)
        {
            if (!OnMono) return;
            foreach (string way in new[] { "own thread", "manual", "context", "inside a callback", "stuck in a callback", "many that wait" })
            {
                string one = way;
                runner.Add("a domain with a forgotten client unloads: " + way, () => Unload(one, 3));
            }
            runner.Add("domains come and go while a client lives", WhileAClientLives);
        }

        private static void Unload(string way, int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                AppDomain domain = AppDomain.CreateDomain("guest");
                Guest guest = (Guest)domain.CreateInstanceAndUnwrap(typeof(Guest).Assembly.FullName, typeof(Guest).FullName);
                int callbacks = guest.Ring(way);
                Check.True(callbacks > 3, "the guest got " + callbacks + " callbacks");
                Stopwatch time = Stopwatch.StartNew();
                AppDomain.Unload(domain);
                long took = time.ElapsedMilliseconds;
                Console.WriteLine("      unloaded in " + took + " ms (" + way + ", " + callbacks + " callbacks)");
                Check.True(took < (way == "stuck in a callback" ? StuckMs : QuickMs), "unloading took " + took + " ms");
            }
        }

        private static void WhileAClientLives()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                Unload("own thread", 2);
                string call = alice.Invite(null, bob);
                bob.Await("Received", call);
                bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                alice.Await("Accepted", call);
            }
        }

        /// <summary>Lives in the domain that is unloaded.</summary>
        public sealed class Guest : MarshalByRefObject
        {
            /// <summary>Has one user ring another, and leaves the clients alive; how many callbacks they got.</summary>
            public int Ring(string way)
            {
                Player alice = way == "context" ? OnAContext() : new Player("alice");
                Player bob = Player.LoggedIn("bob");
                alice.LogIn();
                if (way == "manual") Manual();
                string call = alice.Invite(null, bob);
                bob.Await("Received", call);
                alice.AwaitState(call, bob.ID, ZIMCallUserState.Received);
                if (way == "inside a callback") StayInside(bob, 200);
                if (way == "stuck in a callback") StayInside(bob, 10000);
                if (way == "many that wait") WaitForASilentServer(6);
                return alice.All().Count + bob.All().Count;
            }

            private static Player OnAContext()
            {
                Player player = null;
                new PumpContext().Do(() => player = new Player("alice"));
                return player;
            }

            private static void Manual()
            {
                Player manual = new Player("manual", new ZIMAppConfig { appID = 1, delivery = ZIMDelivery.Manual });
                Results results = new Results();
                manual.Zim.Login(new ZIMUserInfo { userID = manual.ID }, results.Add);
                while (results.Count == 0)
                {
                    manual.Zim.RunCallbacks();
                    Thread.Yield();
                }
                manual.Zim.UploadLog(results.Add);
            }

            /// <summary>Clients whose login is under way, and whose server takes the connection and says nothing.</summary>
            private static void WaitForASilentServer(int clients)
            {
                TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                string url = "ws://127.0.0.1:" + ((IPEndPoint)listener.LocalEndpoint).Port + "/zim";
                for (int at = 0; at < clients; at++)
                {
                    Player player = new Player("waiting", new ZIMAppConfig { appID = 1, serverUrl = url });
                    player.Zim.Login(new ZIMUserInfo { userID = player.ID }, error => { });
                    player.Await("Connecting+ActiveLogin", null);
                }
            }

            /// <summary>A callback is under way when the domain goes.</summary>
            private static void StayInside(Player player, int milliseconds)
            {
                ManualResetEvent inside = new ManualResetEvent(false);
                player.Zim.RenewToken("token", (token, error) =>
                {
                    inside.Set();
                    Busy.For(milliseconds);
                });
                inside.WaitOrFail("the callback");
            }
        }
    }
}
