using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using ZEGO;

namespace ZIMTests
{
    /// <summary>The same requests as tasks.</summary>
    internal static class AsyncTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("a call written with await", ACall);
            runner.Add("what await throws", Exceptions);
            runner.Add("a continuation may block", ContinuationMayBlock);
            runner.Add("tasks after Destroy", AfterDestroy);
        }

        private static void ACall()
        {
            ACallAsync().WaitOrFail("the call");
        }

        private static async Task ACallAsync()
        {
            using (Player alice = new Player("alice"))
            using (Player bob = new Player("bob"))
            {
                await alice.Zim.LoginAsync(new ZIMUserInfo { userID = alice.ID });
                await bob.Zim.LoginAsync(new ZIMUserInfo { userID = bob.ID }, "token");
                await alice.Zim.RenewTokenAsync("token");

                ZIMCallInviteResult first = await alice.Zim.CallInviteAsync(new List<string> { bob.ID }, null);
                bob.Await("Received", first.callID);
                await bob.Zim.CallAcceptAsync(first.callID, new ZIMCallAcceptConfig());
                alice.Await("Accepted", first.callID);

                ZIMCallInviteResult second = await alice.Zim.CallInviteAsync(new List<string> { bob.ID }, null);
                bob.Await("Received", second.callID);
                await bob.Zim.CallRejectAsync(second.callID, new ZIMCallRejectConfig());
                alice.Await("Rejected", second.callID);

                ZIMCallInviteResult third = await alice.Zim.CallInviteAsync(new List<string> { bob.ID }, null);
                ZIMCallCancelResult cancelled = await alice.Zim.CallCancelAsync(null, third.callID, new ZIMCallCancelConfig());
                Check.Equal(third.callID, cancelled.callID, "callID of the cancellation");
            }
        }

        private static void Exceptions()
        {
            using (Player player = new Player("thrower"))
            {
                ZIMException thrown = Check.Throws<ZIMException>(
                    () => player.Zim.LoginAsync(new ZIMUserInfo { userID = "no/slash" }).Wait(Player.PatienceMs), "a bad login");
                Check.Equal(ZIMErrorCode.CommonModuleParamsInvalid, thrown.error.code, "code");
                Check.Equal(null, thrown.callID, "callID");
                Check.Contains("6000001 CommonModuleParamsInvalid: ", thrown.Message, "message");
                thrown = Check.Throws<ZIMException>(
                    () => player.Zim.CallAcceptAsync("call", null).Wait(Player.PatienceMs), "accept without login");
                Check.Equal(ZIMErrorCode.NetworkModuleUserIsNotLogged, thrown.error.code, "code");
                Check.Equal("call", thrown.callID, "callID");
                thrown = Check.Throws<ZIMException>(
                    () => player.Zim.CallInviteAsync(null, null).Wait(Player.PatienceMs), "invite without login");
                Check.Equal(null, thrown.callID, "callID of an invitation that was refused at once");
                Check.Throws<ZIMException>(() => player.Zim.RenewTokenAsync("t").Wait(Player.PatienceMs), "renewal without login");
                Check.Throws<ZIMException>(() => player.Zim.UploadLogAsync().Wait(Player.PatienceMs), "upload without login");
                Check.Throws<ZIMException>(() => player.Zim.CallRejectAsync("c", null).Wait(Player.PatienceMs), "reject without login");
            }
        }

        /// <summary>Continuations do not run inside the client's callbacks: one that waits holds up nothing.</summary>
        private static void ContinuationMayBlock()
        {
            using (Player player = new Player("blocker"))
            {
                Task<bool> both = player.Zim.LoginAsync(new ZIMUserInfo { userID = player.ID }).ContinueWith(
                    first => player.Zim.RenewTokenAsync("token").Wait(Player.PatienceMs),
                    CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                Check.True(both.ResultOrFail("the continuation"), "the second request was never answered");
            }
        }

        private static void AfterDestroy()
        {
            Player player = Player.LoggedIn("late");
            player.Dispose();
            Task late = player.Zim.CallAcceptAsync("call", null);
            Check.True(late.IsFaulted, "a request after Destroy is not refused at once");
            ZIMException thrown = Check.Throws<ZIMException>(() => late.Wait(), "a request after Destroy");
            Check.Equal(ZIMErrorCode.CommonModuleNotInit, thrown.error.code, "code");
        }
    }
}
