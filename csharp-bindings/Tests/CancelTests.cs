using System.Collections.Generic;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Withdrawing invitations, in the older and the newer form.</summary>
    internal static class CancelTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("cancel, older form", OlderForm);
            runner.Add("cancel, newer form", NewerForm);
            runner.Add("cancel everybody", Everybody);
            runner.Add("cancel after the answer", AfterTheAnswer);
            runner.Add("cancel what is not yours", NotYours);
        }

        private static void OlderForm()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player carol = Player.LoggedIn("carol"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob, carol);
                bob.Await("Received", call);
                carol.Await("Received", call);
                carol.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                Results results = new Results();
                List<string> left = null;
                string answered = null;
                alice.Zim.CallCancel(new List<string> { bob.ID, carol.ID }, call,
                    new ZIMCallCancelConfig { extendedData = "never mind" }, (callID, errorInvitees, errorInfo) =>
                    {
                        answered = callID;
                        left = errorInvitees;
                        results.Add(errorInfo);
                    });
                ZIMError result = results.Await(1, "cancel");
                Check.Equal(ZIMErrorCode.Success, result.code, result.message);
                Check.Equal(call, answered, "callID");
                Check.Equal(carol.ID, string.Join(" ", left), "who could not be cancelled");
                ZIMCallInvitationCancelledInfo info = (ZIMCallInvitationCancelledInfo)bob.Await("Cancelled", call).Info;
                Check.Equal(alice.ID, info.inviter, "who withdrew it");
                Check.Equal("never mind", info.extendedData, "what came with it");
                Check.Equal(ZIMCallInvitationMode.General, info.mode, "mode");
                ZIMCallUserInfo row = bob.AwaitState(call, bob.ID, ZIMCallUserState.BeCancelled);
                Check.Equal(ZIMErrorCode.CallReasonCancelledByInviter, row.reason, "reason");
                Check.Equal(0, carol.Count("Cancelled", call), "Cancelled events of who had accepted");
            }
        }

        private static void NewerForm()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player carol = Player.LoggedIn("carol"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob, carol);
                carol.Await("Received", call);
                carol.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                Results results = new Results();
                List<ZIMErrorUserInfo> left = null;
                alice.Zim.CallCancel(new List<string> { bob.ID, carol.ID }, call, null,
                    (string callID, List<ZIMErrorUserInfo> errorUserList, ZIMError errorInfo) =>
                    {
                        left = errorUserList;
                        results.Add(errorInfo);
                    });
                Check.Equal(ZIMErrorCode.Success, results.Await(1, "cancel").code, "cancel");
                Check.Equal(1, left.Count, "who could not be cancelled");
                Check.Equal(carol.ID, left[0].userID, "who could not be cancelled");
                Check.Equal((uint)ZIMErrorCode.CallModuleCancelError, left[0].reason, "why not");
            }
        }

        private static void Everybody()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player carol = Player.LoggedIn("carol"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob, carol);
                bob.Await("Received", call);
                carol.Await("Received", call);
                ZIMCallCancelResult result = alice.Zim.CallCancelAsync(new List<string>(), call, null).ResultOrFail("cancel");
                Check.Equal(0, result.errorUserList.Count, "who could not be cancelled");
                bob.Await("Cancelled", call);
                carol.Await("Cancelled", call);
                alice.AwaitState(call, alice.ID, ZIMCallUserState.Cancelled);
            }
        }

        private static void AfterTheAnswer()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob);
                bob.Await("Received", call);
                bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                ZIMException refused = Check.Throws<ZIMException>(
                    () => alice.Zim.CallCancelAsync(new List<string> { bob.ID }, call, null).Wait(Player.PatienceMs), "cancel");
                Check.Equal(ZIMErrorCode.CallModuleCancelError, refused.error.code, refused.Message);
                Check.Equal(call, refused.callID, "callID of the exception");
            }
        }

        private static void NotYours()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob);
                bob.Await("Received", call);
                ZIMException refused = Check.Throws<ZIMException>(
                    () => bob.Zim.CallCancelAsync(null, call, null).Wait(Player.PatienceMs), "cancel by the invitee");
                Check.Equal(ZIMErrorCode.CallModuleIsNotInvitor, refused.error.code, refused.Message);
                refused = Check.Throws<ZIMException>(
                    () => alice.Zim.CallCancelAsync(null, "no-such-call", null).Wait(Player.PatienceMs), "cancel of nothing");
                Check.Equal(ZIMErrorCode.CallModuleDoesNotExist, refused.error.code, refused.Message);
            }
        }
    }
}
