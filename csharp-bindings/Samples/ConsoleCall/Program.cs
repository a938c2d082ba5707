// Two users ring each other, in one program: Alice invites, Bob accepts; then Alice invites again and changes her mind.
// In a real app each user sits in a program of their own, and there is one client: ZIM.Create and ZIM.GetInstance.
//
// Needs a server: `zim-server --dev`, or any other whose address is in the environment variable ZIM_SERVER_URL.

using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using ZEGO;

internal static class ConsoleCall
{
    private static int Main()
    {
        try
        {
            RunAsync().Wait();
            return 0;
        }
        catch (AggregateException failure)
        {
            // Every ...Async method throws a ZIMException whose error says what happened and what to do about it.
            Console.Error.WriteLine("failed: " + failure.InnerException.Message);
            return 1;
        }
    }

    private static async Task RunAsync()
    {
        ZIM alice = NewClient();
        ZIM bob = NewClient();
        try
        {
            // Say what should happen before you log in: an invitation may be waiting already.
            TaskCompletionSource<string> accepted = new TaskCompletionSource<string>();
            TaskCompletionSource<string> withdrawn = new TaskCompletionSource<string>();

            alice.onCallInvitationAccepted = (zim, info, callID) =>
            {
                Console.WriteLine("Alice: " + info.invitee + " has accepted and says \"" + info.extendedData + "\"");
                accepted.TrySetResult(callID);
            };
            alice.onCallUserStateChanged = (zim, info, callID) =>
            {
                foreach (ZIMCallUserInfo user in info.callUserList) Console.WriteLine("Alice: " + user.userID + " is now " + user.state);
            };

            int rings = 0;
            TaskCompletionSource<string> secondRing = new TaskCompletionSource<string>();
            bob.onCallInvitationReceived = (zim, info, callID) =>
            {
                Console.WriteLine("Bob:   " + info.inviter + " rings, \"" + info.extendedData + "\", " + info.timeout + " s to answer");
                if (++rings > 1)
                {
                    secondRing.TrySetResult(callID);
                    return;
                }
                ZIMCallAcceptConfig answer = new ZIMCallAcceptConfig { extendedData = "hello Alice" };
                zim.CallAccept(callID, answer, (id, errorInfo) => Console.WriteLine("Bob:   accepting ended with " + errorInfo));
            };
            bob.onCallInvitationCancelled = (zim, info, callID) =>
            {
                Console.WriteLine("Bob:   " + info.inviter + " has hung up");
                withdrawn.TrySetResult(callID);
            };

            await alice.LoginAsync(new ZIMUserInfo { userID = "alice", userName = "Alice" });
            await bob.LoginAsync(new ZIMUserInfo { userID = "bob", userName = "Bob" });

            // Alice rings for up to 30 s. What the call is about travels in extendedData; the format is yours.
            ZIMCallInviteConfig config = new ZIMCallInviteConfig { timeout = 30, extendedData = "video" };
            await alice.CallInviteAsync(new List<string> { "bob" }, config);
            await accepted.Task;

            // Alice rings again, and hangs up before Bob answers.
            ZIMCallInviteResult second = await alice.CallInviteAsync(new List<string> { "bob" }, config);
            await secondRing.Task;
            await alice.CallCancelAsync(new List<string> { "bob" }, second.callID, null);
            await withdrawn.Task;
        }
        finally
        {
            alice.Destroy();
            bob.Destroy();
        }
    }

    private static ZIM NewClient()
    {
        ZIMError error;
        ZIM zim = ZIM.CreateInstance(new ZIMAppConfig { appID = 1 }, out error);
        if (zim == null) throw new ZIMException(error);
        return zim;
    }
}
