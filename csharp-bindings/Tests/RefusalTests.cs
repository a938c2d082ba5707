using System.Collections.Generic;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Requests that are refused at once: told through the callback, later, like every other result.</summary>
    internal static class RefusalTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("every request without login", NotLoggedIn);
            runner.Add("refusals come later, on the client's thread", LaterOnTheThread);
            runner.Add("bad parameters of calls", BadParameters);
            runner.Add("answers to what is no invitation", BadAnswers);
            runner.Add("null callbacks", NullCallbacks);
        }

        private static void NotLoggedIn()
        {
            using (Player player = new Player("nobody"))
            {
                Results results = new Results();
                List<string> others = new List<string> { "other" };
                player.Zim.CallInvite(others, null, (callID, info, error) =>
                {
                    Check.True(callID != null && info != null && info.errorUserList != null, "a refusal with nulls");
                    results.Add(error);
                });
                player.Zim.CallCancel(others, "call", null, (string callID, List<string> errorInvitees, ZIMError error) =>
                {
                    Check.Equal("call", callID, "callID of a refused cancel");
                    Check.Equal(0, errorInvitees.Count, "errorInvitees");
                    results.Add(error);
                });
                player.Zim.CallCancel(others, "call", null, (string callID, List<ZIMErrorUserInfo> errorUserList, ZIMError error) =>
                {
                    Check.Equal(0, errorUserList.Count, "errorUserList");
                    results.Add(error);
                });
                player.Zim.CallAccept("call", null, (callID, error) =>
                {
                    Check.Equal("call", callID, "callID of a refused accept");
                    results.Add(error);
                });
                player.Zim.CallReject("call", null, (callID, error) => results.Add(error));
                player.Zim.RenewToken("token", (token, error) =>
                {
                    Check.Equal("token", token, "token of a refused renewal");
                    results.Add(error);
                });
                player.Zim.UploadLog(results.Add);
                results.Await(7, "refusals");
                results.AllAre(ZIMErrorCode.NetworkModuleUserIsNotLogged, "refusal");
            }
        }

        private static void LaterOnTheThread()
        {
            using (Player player = new Player("later"))
            {
                Results results = new Results();
                bool inside = false;
                bool nested = false;
                player.Zim.CallAccept("call", null, (callID, error) =>
                {
                    inside = true;
                    player.Zim.CallAccept("call", null, (again, second) =>
                    {
                        nested = inside;
                        results.Add(second);
                    });
                    inside = false;
                    results.Add(error);
                });
                results.Await(2, "refusals");
                Check.True(!nested, "a refusal ran inside the call that was refused");
                Check.True(results.LastThread != Thread.CurrentThread, "a refusal ran on the caller's thread");
                Check.Equal("ZIM callbacks", results.LastThread.Name, "thread of a refusal");
            }
        }

        private static void BadParameters()
        {
            using (Player alice = Player.LoggedIn("alice"))
            {
                List<string> bob = new List<string> { "bob" };
                InviteRefused(alice, null, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string>(), null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string> { null }, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string> { "" }, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string> { alice.ID }, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string> { "bob\0" }, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, new List<string> { "bób" }, null, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, bob, new ZIMCallInviteConfig { timeout = 601 }, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, bob, new ZIMCallInviteConfig { mode = (ZIMCallInvitationMode)7 }, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, bob, new ZIMCallInviteConfig { extendedData = new string('x', 2049) }, ZIMErrorCode.CommonModuleParamsInvalid);
                InviteRefused(alice, bob, new ZIMCallInviteConfig { extendedData = "\ud83c" }, ZIMErrorCode.CommonModuleParamsInvalid);
                List<string> many = new List<string>();
                for (int at = 0; at < 10; at++) many.Add("user" + at);
                InviteRefused(alice, many, null, ZIMErrorCode.CallModuleServerError);
            }
        }

        private static void InviteRefused(Player player, List<string> invitees, ZIMCallInviteConfig config, ZIMErrorCode code)
        {
            ZIMException refused = Check.Throws<ZIMException>(
                () => player.Zim.CallInviteAsync(invitees, config).Wait(Player.PatienceMs), "a bad invitation");
            Check.Equal(code, refused.error.code, refused.Message);
            Check.True(refused.error.message != "", "a refusal without words");
        }

        private static void BadAnswers()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            using (Player carol = Player.LoggedIn("carol"))
            {
                AcceptRefused(bob, null, ZIMErrorCode.CommonModuleParamsInvalid);
                AcceptRefused(bob, "", ZIMErrorCode.CommonModuleParamsInvalid);
                AcceptRefused(bob, new string('x', 33), ZIMErrorCode.CommonModuleParamsInvalid);
                AcceptRefused(bob, "no-such-call", ZIMErrorCode.CallModuleDoesNotExist);
                string call = alice.Invite(null, bob);
                bob.Await("Received", call);
                AcceptRefused(carol, call, ZIMErrorCode.CallModuleIsNotInvitee);
                bob.Zim.CallRejectAsync(call, null).WaitOrFail("reject");
                AcceptRefused(bob, call, ZIMErrorCode.CallModuleDoesNotExist);
            }
        }

        private static void AcceptRefused(Player player, string callID, ZIMErrorCode code)
        {
            ZIMException refused = Check.Throws<ZIMException>(
                () => player.Zim.CallAcceptAsync(callID, null).Wait(Player.PatienceMs), "a bad answer");
            Check.Equal(code, refused.error.code, refused.Message);
        }

        private static void NullCallbacks()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                alice.Zim.CallInvite(new List<string> { bob.ID }, null, null);
                string call = bob.Await(told => told.What == "Received", "any invitation").CallID;
                bob.Zim.CallAccept(call, null, null);
                alice.Await("Accepted", call);
                bob.Zim.CallReject(call, null, null);
                alice.Zim.CallCancel(null, call, null, null);
                alice.Zim.RenewToken("token", null);
                alice.Zim.UploadLog(null);
                alice.Zim.CallInvite(null, null, null);
                alice.Zim.Login(null, null);
                Results last = new Results();
                alice.Zim.RenewToken("token", (token, error) => last.Add(error));
                Check.Equal(ZIMErrorCode.Success, last.Await(1, "the request after them").code, "the request after them");
            }
        }
    }
}
