// What one CallInvite costs the calling thread in C#, and what one callback costs the thread that runs them; beside
// them the bare minimum of each: two texts passed to an empty native function, a native call of an empty delegate.
//
// Cost.exe URL ROUNDS        prints "NAME NANOSECONDS" lines, one of each name a round
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Threading;
using ZEGO;

internal static class Cost
{
    private const int Calls = 256;
    private const uint BareCalls = 200000;

    private delegate void BareCallback(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData);

    // Held for ever: native code has its address.
    private static readonly BareCallback Nothing = OnBare;

    [DllImport("bare", CallingConvention = CallingConvention.Cdecl)]
    private static extern ulong bare_take(string text, string data);

    [DllImport("bare", CallingConvention = CallingConvention.Cdecl)]
    private static extern void bare_call_back(BareCallback callback, uint count);

    private static int completed;
    private static int events;

    private static void OnBare(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData) { }

    private static void Need(ZIMError error, string what)
    {
        if (error != null && error.code != ZIMErrorCode.Success)
        {
            throw new InvalidOperationException(what + ": " + error.code + " " + error.message);
        }
    }

    private static void Print(string name, long ticks, double count)
    {
        double nanoseconds = ticks * (1e9 / Stopwatch.Frequency) / count;
        Console.WriteLine(name + " " + nanoseconds.ToString("F3", CultureInfo.InvariantCulture));
    }

    private static void Drain(ZIM zim, Func<bool> done)
    {
        Stopwatch patience = Stopwatch.StartNew();
        while (!done())
        {
            if (patience.ElapsedMilliseconds > 10000) throw new TimeoutException("no answer in time");
            zim.RunCallbacks();
            Thread.Yield();
        }
    }

    private static int Main(string[] args)
    {
        int rounds = int.Parse(args[1], CultureInfo.InvariantCulture);
        ZIMError refused;
        ZIM zim = ZIM.CreateInstance(
            new ZIMAppConfig { appID = 1, serverUrl = args[0], delivery = ZIMDelivery.Manual }, out refused);
        Need(refused, "create");
        bool loggedIn = false;
        zim.onCallUserStateChanged = (z, info, callID) => events++;
        zim.Login(new ZIMUserInfo { userID = "bench-cost-cs" }, "", error =>
        {
            Need(error, "login");
            loggedIn = true;
        });
        Drain(zim, () => loggedIn);

        List<string> invitees = new List<string> { "bench-offline-cs" };
        ZIMCallInviteConfig config = new ZIMCallInviteConfig { extendedData = "bench" };
        ZIMCallInvitationSentCallback sent = (callID, info, error) =>
        {
            Need(error, "invite");
            completed++;
        };
        // The first round warms up the compiler and does not count.
        for (int round = 0; round <= rounds; round++)
        {
            Stopwatch watch = Stopwatch.StartNew();
            for (int number = 0; number < Calls; number++) zim.CallInvite(invitees, config, sent);
            long invite = watch.ElapsedTicks;

            // Results and events come in meanwhile, unseen: only RunCallbacks looks.
            Thread.Sleep(500);
            int before = completed + events;
            watch = Stopwatch.StartNew();
            zim.RunCallbacks();
            long callback = watch.ElapsedTicks;
            int count = completed + events - before;
            if (count < Calls) throw new InvalidOperationException("too few callbacks were ready to be measured");
            int goal = (round + 1) * Calls;
            Drain(zim, () => completed >= goal);

            watch = Stopwatch.StartNew();
            for (uint number = 0; number < BareCalls; number++) bare_take("bench-offline-cs", "bench");
            long bareInvite = watch.ElapsedTicks;
            watch = Stopwatch.StartNew();
            bare_call_back(Nothing, BareCalls);
            long bareCallback = watch.ElapsedTicks;

            if (round == 0) continue;
            Print("invite", invite, Calls);
            Print("callback", callback, count);
            Print("bare-call", bareInvite, BareCalls);
            Print("bare-callback", bareCallback, BareCalls);
        }
        zim.Destroy();
        return 0;
    }
}
