using System;
using System.Diagnostics;
using System.Threading;

namespace ZEGO.Interop
{
    /// <summary>
    /// Destroys what the app has forgotten to destroy, when its domain is unloaded or the process ends: native code
    /// must not hold functions of a domain that is gone.
    /// </summary>
    internal static class Lifetime
    {
        /// <summary>How long the end may be held up, in milliseconds.</summary>
        private const int EndMs = 700;

        private static readonly object Gate = new object();
        private static bool watching;

        internal static void Watch()
        {
            lock (Gate)
            {
                if (watching) return;
                watching = true;
            }
            AppDomain.CurrentDomain.DomainUnload += OnEnd;
            AppDomain.CurrentDomain.ProcessExit += OnEnd;
        }

        /// <summary>
        /// Destroys every client, side by side: one may wait for the network, another for a callback that does not return.
        /// </summary>
        internal static void DestroyAll()
        {
            ZIM.ForgetLogCallback();
            ZIM[] clients = Tables.Clients.All();
            Stopwatch time = Stopwatch.StartNew();
            Thread[] helpers = new Thread[clients.Length];
            for (int at = 0; at < helpers.Length; at++)
            {
                helpers[at] = new Thread(clients[at].Destroy);
                helpers[at].IsBackground = true;
                helpers[at].Start();
            }
            foreach (Thread helper in helpers) helper.Join(Left(time));
            foreach (ZIM client in clients) client.JoinThread(Left(time));
        }

        private static int Left(Stopwatch time)
        {
            return Math.Max(0, EndMs - (int)time.ElapsedMilliseconds);
        }

        private static void OnEnd(object sender, EventArgs arguments)
        {
            try { DestroyAll(); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }
}
