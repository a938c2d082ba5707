using System;
using System.Collections.Generic;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Handlers that throw, change, and are many.</summary>
    internal static class HandlerTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("an exception in a handler stops no other", ExceptionInHandler);
            runner.Add("an exception in a result callback", ExceptionInResult);
            runner.Add("an exception in onUnhandledException", ExceptionInReport);
            runner.Add("handlers come and go", HandlersComeAndGo);
            runner.Add("requests from inside a handler", RequestsFromInside);
        }

        private static void ExceptionInHandler()
        {
            Results reports = new Results();
            List<Exception> reported = new List<Exception>();
            ZIM.onUnhandledException = exception =>
            {
                reported.Add(exception);
                reports.Add(null);
            };
            try
            {
                using (Player alice = Player.LoggedIn("alice"))
                using (Player bob = Player.LoggedIn("bob"))
                {
                    OnCallInvitationReceived recording = bob.Zim.onCallInvitationReceived;
                    bob.Zim.onCallInvitationReceived = (zim, info, callID) => { throw new InvalidOperationException("first"); };
                    bob.Zim.onCallInvitationReceived += (zim, info, callID) => { throw new InvalidOperationException("second"); };
                    bob.Zim.onCallInvitationReceived += recording;
                    string call = alice.Invite(null, bob);
                    bob.Await("Received", call);
                    reports.Await(2, "reports");
                    Check.Equal("first", reported[0].Message, "first report");
                    Check.Equal("second", reported[1].Message, "second report");
                    bob.Zim.CallAcceptAsync(call, null).WaitOrFail("accept");
                    alice.Await("Accepted", call);
                }
            }
            finally { ZIM.onUnhandledException = null; }
            Check.Equal(2, reports.Count, "reports");
        }

        private static void ExceptionInResult()
        {
            Results reports = new Results();
            ZIM.onUnhandledException = exception => reports.Add(null);
            try
            {
                using (Player player = Player.LoggedIn("thrower"))
                {
                    player.Zim.RenewToken("token", (token, error) => { throw new InvalidOperationException("taken"); });
                    player.Zim.CallAccept("", null, (callID, error) => { throw new InvalidOperationException("refused"); });
                    reports.Await(2, "reports");
                    player.Zim.RenewTokenAsync("token").WaitOrFail("the request after them");
                }
            }
            finally { ZIM.onUnhandledException = null; }
        }

        private static void ExceptionInReport()
        {
            Results reports = new Results();
            System.IO.TextWriter former = Console.Error;
            System.IO.StringWriter printed = new System.IO.StringWriter();
            Console.SetError(printed);
            ZIM.onUnhandledException = exception =>
            {
                reports.Add(null);
                throw new InvalidOperationException("in the report");
            };
            try
            {
                using (Player player = Player.LoggedIn("worse"))
                {
                    player.Zim.RenewToken("token", (token, error) => { throw new InvalidOperationException("in the callback"); });
                    reports.Await(1, "reports");
                    player.Zim.RenewTokenAsync("token").WaitOrFail("the request after it");
                }
            }
            finally
            {
                ZIM.onUnhandledException = null;
                Console.SetError(former);
            }
            Check.Contains("in the callback", printed.ToString(), "standard error");
            Check.Contains("in the report", printed.ToString(), "standard error");
        }

        private static void HandlersComeAndGo()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                int first = 0;
                int second = 0;
                OnCallInvitationReceived counting = (zim, info, callID) => second++;
                OnCallInvitationReceived recording = bob.Zim.onCallInvitationReceived;
                bob.Zim.onCallInvitationReceived = (zim, info, callID) =>
                {
                    first++;
                    zim.onCallInvitationReceived -= counting;
                };
                bob.Zim.onCallInvitationReceived += counting;
                bob.Zim.onCallInvitationReceived += recording;
                bob.Await("Received", alice.Invite(null, bob));
                bob.Await("Received", alice.Invite(null, bob));
                Check.Equal(2, first, "events of the first handler");
                Check.Equal(1, second, "events of the handler that was taken out");
                bob.Zim.onCallInvitationReceived = null;
                alice.AwaitState(alice.Invite(null, bob), bob.ID, ZIMCallUserState.Received);
                Check.Equal(2, first, "events after all handlers were taken out");
            }
        }

        private static void RequestsFromInside()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                Results answers = new Results();
                bob.Zim.onCallInvitationReceived += (zim, info, callID) =>
                    zim.CallAccept(callID, null, (accepted, error) => answers.Add(error));
                string call = alice.Invite(null, bob);
                Check.Equal(ZIMErrorCode.Success, answers.Await(1, "accept").code, "accept");
                alice.Await("Accepted", call);
            }
        }
    }
}
