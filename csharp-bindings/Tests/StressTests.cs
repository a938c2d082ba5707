using System;
using System.Collections.Generic;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>Many calls while the garbage collector runs all the time.</summary>
    internal static class StressTests
    {
        internal static void AddTo(Runner runner)
        {
            runner.Add("calls while garbage is collected", GarbageCollector);
            runner.Add("requests from many threads", ManyThreads);
        }

        private static void GarbageCollector()
        {
            bool stop = false;
            Thread collector = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    Thread.Yield();
                }
            });
            collector.IsBackground = true;
            collector.Start();
            try
            {
                using (Player alice = Player.LoggedIn("alice"))
                using (Player bob = Player.LoggedIn("bob"))
                {
                    const int Calls = 60;
                    Results answers = new Results();
                    bob.Zim.onCallInvitationReceived += (zim, info, callID) =>
                    {
                        string data = info.extendedData + " " + callID;
                        if (data.Length % 2 == 0)
                        {
                            zim.CallAccept(callID, new ZIMCallAcceptConfig { extendedData = data }, (id, error) => answers.Add(error));
                        }
                        else
                        {
                            zim.CallReject(callID, new ZIMCallRejectConfig { extendedData = data }, (id, error) => answers.Add(error));
                        }
                    };
                    Dictionary<string, string> sent = new Dictionary<string, string>();
                    for (int at = 0; at < Calls; at++)
                    {
                        string data = "🎉" + new string('d', at);
                        sent.Add(alice.Invite(new ZIMCallInviteConfig { extendedData = data }, bob), data);
                    }
                    answers.Await(Calls, "answers");
                    answers.AllAre(ZIMErrorCode.Success, "answer");
                    foreach (KeyValuePair<string, string> call in sent)
                    {
                        string expected = call.Value + " " + call.Key;
                        Told told = alice.Await(one => one.CallID == call.Key && (one.What == "Accepted" || one.What == "Rejected"), "answer");
                        ZIMCallInvitationAcceptedInfo accepted = told.Info as ZIMCallInvitationAcceptedInfo;
                        ZIMCallInvitationRejectedInfo rejected = told.Info as ZIMCallInvitationRejectedInfo;
                        Check.Equal(expected, accepted != null ? accepted.extendedData : rejected.extendedData, "what came with it");
                        Check.Equal(expected.Length % 2 == 0, accepted != null, "which answer");
                    }
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
                collector.Join();
            }
        }

        private static void ManyThreads()
        {
            using (Player alice = Player.LoggedIn("alice"))
            using (Player bob = Player.LoggedIn("bob"))
            {
                const int Threads = 8;
                const int CallsEach = 10;
                Results results = new Results();
                HashSet<string> calls = new HashSet<string>();
                Thread[] threads = new Thread[Threads];
                for (int at = 0; at < Threads; at++)
                {
                    threads[at] = new Thread(() =>
                    {
                        for (int call = 0; call < CallsEach; call++)
                        {
                            alice.Zim.CallInvite(new List<string> { bob.ID }, null, (callID, info, error) =>
                            {
                                lock (calls) calls.Add(callID);
                                results.Add(error);
                            });
                            alice.Zim.CallAccept("", null, (callID, error) => results.Add(null));
                        }
                    });
                    threads[at].Start();
                }
                foreach (Thread thread in threads) thread.Join();
                results.Await(2 * Threads * CallsEach, "results");
                Check.Equal(Threads * CallsEach, calls.Count, "different calls");
                foreach (string call in calls) bob.Await("Received", call);
                Check.Equal(2 * Threads * CallsEach, results.Count, "results in the end");
            }
        }
    }
}
