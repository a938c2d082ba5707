using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace ZEGO.Interop
{
    /// <summary>
    /// Runs one client's callbacks where they belong: on a SynchronizationContext, on a thread of its own, or wherever
    /// the app calls RunCallbacks. One at a time, and none after <see cref="Close"/> has returned.
    /// </summary>
    internal sealed class Delivery
    {
        /// <summary>
        /// How long a managed thread stays inside the library at most, in milliseconds: as long may it hold up the
        /// unloading of a Mono domain.
        /// </summary>
        private const uint SliceMs = 50;

        /// <summary>How long <see cref="Close"/> waits for a callback that another thread is inside of.</summary>
        private const long StuckMs = 1000;

        private static readonly SendOrPostCallback PostedDrain = RunPostedDrain;

        private readonly IntPtr client;
        private readonly ZIMDelivery mode;
        private readonly SynchronizationContext context;
        private readonly object gate = new object();
        // Not a Queue: Mono has that in another assembly than CoreCLR, and an assembly built for one runs on both.
        private readonly LinkedList<Refusal> refusals = new LinkedList<Refusal>();
        private Thread waiter;
        private Thread dispatcher;
        private bool posted;
        private bool closing;

        private struct Refusal
        {
            internal Pending request;
            internal ZIMError error;
        }

        internal Delivery(IntPtr client, ZIMDelivery mode)
        {
            this.client = client;
            this.mode = mode;
            context = mode == ZIMDelivery.Auto ? SynchronizationContext.Current : null;
        }

        internal bool Closing
        {
            get { lock (gate) return closing; }
        }

        internal void Start()
        {
            if (mode == ZIMDelivery.Manual) return;
            waiter = new Thread(context == null ? (ThreadStart)RunOwnThread : RunWaiter);
            waiter.Name = "ZIM callbacks";
            waiter.IsBackground = true;
            waiter.Start();
        }

        /// <summary>
        /// Hands a refusal to its request's callback at the next drain; after Destroy there is none, so at once.
        /// </summary>
        internal void Refuse(Pending request, ZIMError error)
        {
            lock (gate)
            {
                if (!closing)
                {
                    refusals.AddLast(new Refusal { request = request, error = error });
                    request = null;
                }
            }
            if (request != null) request.Refused(error);
            else if (context != null) Post();
        }

        /// <summary>Runs what is due, on this thread; how many callbacks. 0 inside a callback and beside another drain.</summary>
        internal unsafe int Drain()
        {
            lock (gate)
            {
                if (closing || dispatcher != null) return 0;
                dispatcher = Thread.CurrentThread;
            }
            try
            {
                int made = RunRefusals();
                uint dispatched = 0;
                int code = Native.ZIM_PollCallbacks(client, 0, &dispatched);
                return code == (int)ZIMErrorCode.Success ? made + (int)dispatched : made;
            }
            finally
            {
                lock (gate)
                {
                    dispatcher = null;
                    Monitor.PulseAll(gate);
                }
            }
        }

        /// <summary>
        /// Destroys the native client and runs what is pending, on this thread. False if that has been done before.
        /// </summary>
        internal bool Close(out ZIMError error)
        {
            error = null;
            lock (gate)
            {
                if (closing) return false;
                closing = true;
                Monitor.PulseAll(gate);
            }
            Stopwatch time = Stopwatch.StartNew();
            int code = Native.ZIM_Destroy(client);
            if (code != (int)ZIMErrorCode.Success) error = Errors.Last(code);
            AwaitDispatcher(time);
            RunRefusals();
            return true;
        }

        /// <summary>Waits until the client's own thread has ended, so that a domain which unloads need not.</summary>
        internal void Join(int milliseconds)
        {
            if (waiter != null && waiter != Thread.CurrentThread) waiter.Join(milliseconds);
        }

        /// <summary>Another thread may be inside a callback of ours that the library knows nothing of.</summary>
        private void AwaitDispatcher(Stopwatch time)
        {
            lock (gate)
            {
                while (dispatcher != null && dispatcher != Thread.CurrentThread)
                {
                    long left = StuckMs - time.ElapsedMilliseconds;
                    if (left <= 0 || !Monitor.Wait(gate, (int)left)) return;
                }
            }
        }

        private int RunRefusals()
        {
            int made = 0;
            for (;;)
            {
                Refusal next;
                lock (gate)
                {
                    if (refusals.Count == 0) return made;
                    next = refusals.First.Value;
                    refusals.RemoveFirst();
                }
                next.request.Refused(next.error);
                made++;
            }
        }

        private void RunOwnThread()
        {
            try
            {
                while (!Closing)
                {
                    int code = Native.ZIM_WaitCallbacks(client, SliceMs);
                    Drain();
                    if (!Waited(code)) Pause();
                }
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        /// <summary>Waits for work and has the context do it; only one drain is under way at a time.</summary>
        private void RunWaiter()
        {
            try
            {
                while (!Closing)
                {
                    int code = Native.ZIM_WaitCallbacks(client, SliceMs);
                    if (code == (int)ZIMErrorCode.Success) Post();
                    else if (!Waited(code)) Pause();
                    AwaitPostedDrain();
                }
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        private static bool Waited(int code)
        {
            return code == (int)ZIMErrorCode.Success || code == (int)ZIMErrorCode.NetworkModuleRequestTimeout;
        }

        /// <summary>The library refuses to wait, as a broken client does until it is destroyed: don't spin.</summary>
        private void Pause()
        {
            lock (gate)
            {
                if (!closing) Monitor.Wait(gate, (int)SliceMs);
            }
        }

        private void AwaitPostedDrain()
        {
            lock (gate)
            {
                while (posted && !closing) Monitor.Wait(gate);
            }
        }

        private void Post()
        {
            lock (gate)
            {
                if (posted || closing) return;
                posted = true;
            }
            try
            {
                context.Post(PostedDrain, this);
            }
            catch (Exception exception)
            {
                Unhandled.Report(exception);
                lock (gate) posted = false;
                Pause();
            }
        }

        private static void RunPostedDrain(object state)
        {
            Delivery delivery = (Delivery)state;
            delivery.Drain();
            bool again;
            lock (delivery.gate)
            {
                delivery.posted = false;
                again = delivery.refusals.Count > 0;
                Monitor.PulseAll(delivery.gate);
            }
            if (again) delivery.Post();
        }
    }
}
