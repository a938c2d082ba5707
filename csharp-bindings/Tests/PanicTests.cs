using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>
    /// An error inside the library reaches C# as an error code. Needs a library built with the feature test-hooks.
    /// </summary>
    internal static class PanicTests
    {
        [DllImport("zim", CallingConvention = CallingConvention.Cdecl)]
        private static extern int ZIM_TestPanicInCall(IntPtr client);

        [DllImport("zim", CallingConvention = CallingConvention.Cdecl)]
        private static extern int ZIM_TestPanicWithoutClient();

        [DllImport("zim", CallingConvention = CallingConvention.Cdecl)]
        private static extern int ZIM_TestPanicInNextEvent(IntPtr client);

        [DllImport("zim", CallingConvention = CallingConvention.Cdecl)]
        private static extern int ZIM_TestPanicInCompletion(IntPtr client);

        internal static void AddTo(Runner runner)
        {
            runner.Add("a panic without a client", WithoutClient);
            runner.Add("a panic in a call", InCall);
            runner.Add("a panic in an event", () => Inside(ZIM_TestPanicInNextEvent));
            runner.Add("a panic in a completion", () => Inside(ZIM_TestPanicInCompletion));
        }

        private static void WithoutClient()
        {
            Check.Equal((int)ZIMErrorCode.SDKModuleInternalError, ZIM_TestPanicWithoutClient(), "code");
            using (Player player = Player.LoggedIn("unharmed")) player.Zim.RenewTokenAsync("token").WaitOrFail("a request");
        }

        private static void InCall()
        {
            using (Player other = Player.LoggedIn("other"))
            {
                Player player = Player.LoggedIn("poisoned");
                Results pending = new Results();
                player.Zim.UploadLog(pending.Add);
                Check.Equal((int)ZIMErrorCode.SDKModuleInternalError, ZIM_TestPanicInCall(Handle(player)), "code");
                RefusesAll(player);
                player.Zim.Destroy();
                Check.Equal(1, pending.Count, "results of the request that was pending");
                other.Zim.RenewTokenAsync("token").WaitOrFail("a request of another client");
            }
        }

        private static void Inside(Func<IntPtr, int> panic)
        {
            Player alice = Player.LoggedIn("alice");
            Player bob = Player.LoggedIn("bob");
            Results taken = new Results();
            try
            {
                Check.Equal((int)ZIMErrorCode.Success, panic(Handle(bob)), "code");
                alice.Invite(null, bob);
                bob.Zim.RenewToken("token", (token, error) => taken.Add(error));
                Stopwatch time = Stopwatch.StartNew();
                while (bob.Zim.GetConnectionState() != ZIMConnectionState.Disconnected)
                {
                    Check.True(time.ElapsedMilliseconds < Player.PatienceMs, "the client that panicked is still in use");
                    Thread.Yield();
                }
                RefusesAll(bob);
            }
            finally
            {
                bob.Zim.Destroy();
                alice.Zim.Destroy();
            }
            // Taken or refused, before the panic or after it: it has one result by now.
            Check.Equal(1, taken.Count, "results of the request made beside the panic");
        }

        private static void RefusesAll(Player player)
        {
            Results refusals = new Results();
            player.Zim.CallInvite(new List<string> { "other" }, null, (callID, info, error) => refusals.Add(error));
            player.Zim.CallAccept("call", null, (callID, error) => refusals.Add(error));
            player.Zim.RenewToken("token", (token, error) => refusals.Add(error));
            refusals.Await(3, "refusals");
            refusals.AllAre(ZIMErrorCode.SDKModuleClientPoisoned, "refusal");
        }

        private static IntPtr Handle(Player player)
        {
            FieldInfo field = typeof(ZIM).GetField("client", BindingFlags.Instance | BindingFlags.NonPublic);
            return (IntPtr)field.GetValue(player.Zim);
        }
    }
}
