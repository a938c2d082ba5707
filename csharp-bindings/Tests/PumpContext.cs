using System;
using System.Collections.Generic;
using System.Threading;

namespace ZIMTests
{
    /// <summary>A SynchronizationContext with one thread that runs what is posted, as a user interface has.</summary>
    internal sealed class PumpContext : SynchronizationContext, IDisposable
    {
        private readonly LinkedList<KeyValuePair<SendOrPostCallback, object>> posted =
            new LinkedList<KeyValuePair<SendOrPostCallback, object>>();
        private bool ended;
        private bool held;

        internal readonly Thread Thread;
        internal int Posts;

        internal PumpContext()
        {
            Thread = new Thread(Run);
            Thread.IsBackground = true;
            Thread.Start();
        }

        public override void Post(SendOrPostCallback callback, object state)
        {
            lock (posted)
            {
                posted.AddLast(new KeyValuePair<SendOrPostCallback, object>(callback, state));
                Posts++;
                Monitor.PulseAll(posted);
            }
        }

        /// <summary>Runs it on the thread and returns when it has run.</summary>
        internal void Do(Action action)
        {
            Exception failure = null;
            using (ManualResetEvent done = new ManualResetEvent(false))
            {
                Post(state =>
                {
                    try { action(); }
                    catch (Exception exception) { failure = exception; }
                    done.Set();
                }, null);
                done.WaitOrFail("what was posted");
            }
            if (failure != null) throw new CheckFailed("on the context: " + failure);
        }

        /// <summary>Stops running what is posted, until the next call with false.</summary>
        internal void Hold(bool hold)
        {
            lock (posted)
            {
                held = hold;
                Monitor.PulseAll(posted);
            }
        }

        /// <summary>Waits until something is posted that does not run because it is held.</summary>
        internal void AwaitHeldPost()
        {
            lock (posted)
            {
                while (posted.Count == 0) Check.True(Monitor.Wait(posted, Player.PatienceMs), "nothing was posted");
            }
        }

        public void Dispose()
        {
            lock (posted)
            {
                ended = true;
                Monitor.PulseAll(posted);
            }
        }

        private void Run()
        {
            SetSynchronizationContext(this);
            for (;;)
            {
                KeyValuePair<SendOrPostCallback, object> next;
                lock (posted)
                {
                    while ((posted.Count == 0 || held) && !ended) Monitor.Wait(posted);
                    if (ended) return;
                    next = posted.First.Value;
                    posted.RemoveFirst();
                }
                next.Key(next.Value);
            }
        }
    }
}
