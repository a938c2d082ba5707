using System.Collections.Generic;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Every way a General call can go.</summary>
    internal static class CallTests
    {
        private const string Greeting = "héllo 日本語 🎉 \"quoted\" \\ \n\t\u0001 end";

        internal static void AddTo(Runner runner)
        {
            runner.Add("invite and accept", Accept);
            runner.Add("invite and reject", Reject);
            runner.Add("several invitees, several answers", Several);
            runner.Add("nobody answers in time", Timeout);
            runner.Add("a callee who logs in in time", OfflineCallee);
            runner.Add("the caller logs out", CallerLogsOut);
            runner.Add("the caller destroys the client", CallerDestroys);
            runner.Add("null configs", NullConfigs);
            runner.Add("a push config travels", PushConfig);
            runner.Add("the call on another device is reported", CreatedElsewhere);
            runner.Add("extended data of the greatest length", LongExtendedData);
        }

        private static void Accept()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                ZIMCallInviteResult sent = alice.Zim.CallInviteAsync(new List<string> { bob.ID },
                    new ZIMCallInviteConfig { timeout = 30, extendedData = Greeting }).ResultOrFail("invite");
                Check.Equal(30, sent.info.timeout, "timeout of the result");
                Check.Equal(0, sent.info.errorUserList.Count, "users who were not invited");
                Check.Equal(0, sent.info.errorInvitees.Count, "users who were not invited, older form");
                string call = sent.callID;

                ZIMCallInvitationReceivedInfo info = (ZIMCallInvitationReceivedInfo)bob.Await("Received", call).Info;
                Check.Equal(alice.ID, info.inviter, "inviter");
                Check.Equal(alice.ID, info.caller, "caller");
                Check.Equal(Greeting, info.extendedData, "extendedData");
                Check.Equal(ZIMCallInvitationMode.General, info.mode, "mode");
                Check.True(info.timeout > 20 && info.timeout <= 30, "time left " + info.timeout);
                Check.True(info.createTime > 1500000000000L, "createTime " + info.createTime);
                Check.Equal(2, info.callUserList.Count, "users in the call");
                Check.Equal(ZIMCallUserState.Accepted, Row(info.callUserList, alice).state, "the caller's row");
                Check.Equal(ZIMErrorCode.Success, Row(info.callUserList, alice).reason, "the caller's reason");
                Row(info.callUserList, bob);
                alice.AwaitState(call, bob.ID, ZIMCallUserState.Received);

                bob.Zim.CallAcceptAsync(call, new ZIMCallAcceptConfig { extendedData = "yes " + Greeting }).WaitOrFail("accept");
                ZIMCallInvitationAcceptedInfo accepted = (ZIMCallInvitationAcceptedInfo)alice.Await("Accepted", call).Info;
                Check.Equal(bob.ID, accepted.invitee, "who accepted");
                Check.Equal("yes " + Greeting, accepted.extendedData, "what came with it");
                ZIMCallUserInfo row = alice.AwaitState(call, bob.ID, ZIMCallUserState.Accepted);
                Check.Equal("yes " + Greeting, row.extendedData, "extendedData of the row");
                bob.AwaitState(call, bob.ID, ZIMCallUserState.Accepted);
                Check.Equal(1, alice.Count("Accepted", call), "Accepted events");
                Check.Equal(1, bob.Count("Received", call), "Received events");
            }
        }

        private static void Reject()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob);
                bob.Await("Received", call);
                bob.Zim.CallRejectAsync(call, new ZIMCallRejectConfig { extendedData = "busy" }).WaitOrFail("reject");
                ZIMCallInvitationRejectedInfo rejected = (ZIMCallInvitationRejectedInfo)alice.Await("Rejected", call).Info;
                Check.Equal(bob.ID, rejected.invitee, "who declined");
                Check.Equal("busy", rejected.extendedData, "what came with it");
                ZIMCallUserInfo row = alice.AwaitState(call, bob.ID, ZIMCallUserState.Rejected);
                Check.Equal(ZIMErrorCode.CallReasonDeclined, row.reason, "reason of the row");
            }
        }

        private static void Several()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player carol = Player.LoggedIn("carol"))
            using (Player dave = Player.LoggedIn("dave"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob, carol, dave);
                bob.Await("Received", call);
                carol.Await("Received", call);
                dave.Await("Received", call);
                bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                carol.Zim.CallRejectAsync(call, null).WaitOrFail("reject");
                alice.Zim.CallCancelAsync(new List<string> { dave.ID }, call, null).WaitOrFail("cancel");
                alice.Await("Accepted", call);
                alice.Await("Rejected", call);
                dave.Await("Cancelled", call);
                bob.AwaitState(call, carol.ID, ZIMCallUserState.Rejected);
                bob.AwaitState(call, dave.ID, ZIMCallUserState.BeCancelled);
            }
        }

        private static void Timeout()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player nobody = new Player("nobody"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig { timeout = 1 }, bob, nobody);
                bob.Await("Received", call);
                bob.Await("Timeout", call);
                ZIMCallInvitationTimeoutInfo info = (ZIMCallInvitationTimeoutInfo)bob.Await("TimeoutWithInfo", call).Info;
                Check.Equal(ZIMCallInvitationMode.General, info.mode, "mode");
                List<string> invitees = (List<string>)alice.Await("AnsweredTimeout", call).Info;
                invitees.Sort(string.CompareOrdinal);
                List<string> expected = new List<string> { bob.ID, nobody.ID };
                expected.Sort(string.CompareOrdinal);
                Check.Equal(string.Join(" ", expected), string.Join(" ", invitees), "who has not answered");
                Check.Equal(1, alice.Count("AnsweredTimeout", call), "AnsweredTimeout events");
                Check.Equal(1, bob.Count("Timeout", call), "Timeout events");
                ZIMCallUserInfo rang = alice.AwaitState(call, bob.ID, ZIMCallUserState.Timeout);
                Check.Equal(ZIMErrorCode.CallReasonNoAnswer, rang.reason, "reason where it rang");
                ZIMCallUserInfo missed = alice.AwaitState(call, nobody.ID, ZIMCallUserState.Timeout);
                Check.Equal(ZIMErrorCode.CallReasonNotReached, missed.reason, "reason where it did not ring");
            }
        }

        private static void OfflineCallee()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = new Player("bob"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig { timeout = 60 }, bob);
                bob.LogIn();
                ZIMCallInvitationReceivedInfo info = (ZIMCallInvitationReceivedInfo)bob.Await("Received", call).Info;
                Check.True(info.timeout > 40 && info.timeout <= 60, "time left " + info.timeout);
                bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                alice.Await("Accepted", call);
            }
        }

        private static void CallerLogsOut()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                string call = alice.Invite(new ZIMCallInviteConfig(), bob);
                bob.Await("Received", call);
                alice.Zim.Logout();
                ZIMCallInvitationCancelledInfo info = (ZIMCallInvitationCancelledInfo)bob.Await("Cancelled", call).Info;
                Check.Equal(alice.ID, info.inviter, "who withdrew it");
                Check.Equal(ZIMErrorCode.CallReasonCallerLeft, bob.AwaitState(call, bob.ID, ZIMCallUserState.BeCancelled).reason, "reason");
            }
        }

        private static void CallerDestroys()
        {
            using (Player bob = Player.LoggedIn("bob"))
            {
                string call;
                using (Player alice = Player.LoggedIn("alice"))
                {
                    call = alice.Invite(new ZIMCallInviteConfig(), bob);
                    bob.Await("Received", call);
                }
                bob.Await("Cancelled", call);
            }
        }

        private static void NullConfigs()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                ZIMCallInviteResult sent = alice.Zim.CallInviteAsync(new List<string> { bob.ID }, null).ResultOrFail("invite");
                Check.Equal(90, sent.info.timeout, "timeout");
                ZIMCallInvitationReceivedInfo info = (ZIMCallInvitationReceivedInfo)bob.Await("Received", sent.callID).Info;
                Check.Equal("", info.extendedData, "extendedData");
                alice.Zim.CallCancel(null, sent.callID, null, null);
                bob.Await("Cancelled", sent.callID);
            }
        }

        private static void PushConfig()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                ZIMPushConfig push = new ZIMPushConfig
                {
                    title = "Çall", content = "ring 🎉", payload = "{}", resourcesID = "r", threadID = "t", enableBadge = true,
                    badgeIncrement = 1,
                    voIPConfig = new ZIMVoIPConfig
                    {
                        iOSVoIPHandleType = ZIMCXHandleType.PhoneNumber, iOSVoIPHandleValue = "123", iOSVoIPHasVideo = true,
                    },
                };
                string call = alice.Invite(new ZIMCallInviteConfig { pushConfig = push }, bob);
                bob.Await("Received", call);
                alice.Zim.CallCancelAsync(null, call, new ZIMCallCancelConfig { pushConfig = push }).WaitOrFail("cancel");
                bob.Await("Cancelled", call);
            }
        }

        private static void CreatedElsewhere()
        {
            using (Player bob = Player.LoggedIn("bob"))
            using (Player alice = Player.LoggedIn("alice"))
            using (Player tablet = Player.AnotherDeviceOf(alice))
            {
                string call = alice.Invite(new ZIMCallInviteConfig { timeout = 60, extendedData = "from the phone" }, bob);
                bob.Await("Received", call);
                tablet.LogIn();
                ZIMCallInvitationCreatedInfo info = (ZIMCallInvitationCreatedInfo)tablet.Await("Created", call).Info;
                Check.Equal(alice.ID, info.caller, "caller");
                Check.Equal("from the phone", info.extendedData, "extendedData");
                Check.True(info.timeout > 0 && info.timeout <= 60, "time left " + info.timeout);
                Row(info.callUserList, bob);
                bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                tablet.Await("Accepted", call);
            }
        }

        private static void LongExtendedData()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                string longest = new string('ü', 1024);
                string call = alice.Invite(new ZIMCallInviteConfig { extendedData = longest }, bob);
                ZIMCallInvitationReceivedInfo info = (ZIMCallInvitationReceivedInfo)bob.Await("Received", call).Info;
                Check.Equal(longest, info.extendedData, "extendedData");
            }
        }

        private static ZIMCallUserInfo Row(List<ZIMCallUserInfo> rows, Player player)
        {
            ZIMCallUserInfo row = rows.Find(one => one.userID == player.ID);
            Check.True(row != null, "no row of " + player.ID);
            return row;
        }
    }
}
