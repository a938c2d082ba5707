using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using ZEGO;

namespace ZIMTests
{
    /// <summary>One thing that a client was told, with the thread it was told on.</summary>
    internal sealed class Told
    {
        internal string What;
        internal string CallID;
        internal object Info;
        internal Thread Thread;

        public override string ToString() { return What; }
    }

    /// <summary>A client that writes down everything it is told, and can wait for it.</summary>
    internal sealed class Player : IDisposable
    {
        internal const int PatienceMs = 20000;

        private static readonly string Run = Guid.NewGuid().ToString("N").Substring(0, 8);
        private static int last;

        private readonly object gate = new object();
        private readonly List<Told> told = new List<Told>();

        internal readonly string ID;
        internal readonly ZIM Zim;

        internal Player(string name) : this(name, new ZIMAppConfig { appID = 1 }) { }

        internal Player(string name, ZIMAppConfig config) : this(config, NewID(name)) { }

        private Player(ZIMAppConfig config, string id)
        {
            ID = id;
            ZIMError error;
            Zim = ZIM.CreateInstance(config, out error);
            Check.True(Zim != null, "CreateInstance: " + error);
            Check.Equal(ZIMErrorCode.Success, error.code, "CreateInstance's error");
            Watch();
        }

        /// <summary>Another device of the same user.</summary>
        internal static Player AnotherDeviceOf(Player player)
        {
            return new Player(new ZIMAppConfig { appID = 1 }, player.ID);
        }

        internal static Player LoggedIn(string name)
        {
            Player player = new Player(name);
            player.LogIn();
            return player;
        }

        /// <summary>A user ID that no other test and no other run uses.</summary>
        internal static string NewID(string name)
        {
            return name + "-" + Run + "-" + Interlocked.Increment(ref last);
        }

        internal void LogIn()
        {
            Zim.LoginAsync(new ZIMUserInfo { userID = ID, userName = ID }, "").WaitOrFail("login of " + ID);
        }

        /// <summary>Rings these users and waits for the result; the call.</summary>
        internal string Invite(ZIMCallInviteConfig config, params Player[] others)
        {
            List<string> ids = new List<string>();
            foreach (Player other in others) ids.Add(other.ID);
            return Zim.CallInviteAsync(ids, config).ResultOrFail("invite by " + ID).callID;
        }

        /// <summary>Waits until it was told this about the call, and returns it.</summary>
        internal Told Await(string what, string callID)
        {
            return Await(entry => entry.What == what && (callID == null || entry.CallID == callID), what + " of call " + callID);
        }

        /// <summary>Waits until a row of the call was reported in this state.</summary>
        internal ZIMCallUserInfo AwaitState(string callID, string userID, ZIMCallUserState state)
        {
            Told entry = Await(one => one.CallID == callID && Row(one, userID, state) != null,
                userID + " " + state + " in call " + callID);
            return Row(entry, userID, state);
        }

        internal Told Await(Predicate<Told> wanted, string description)
        {
            DateTime end = DateTime.UtcNow.AddMilliseconds(PatienceMs);
            lock (gate)
            {
                for (;;)
                {
                    Told found = told.Find(wanted);
                    if (found != null) return found;
                    TimeSpan left = end - DateTime.UtcNow;
                    if (left <= TimeSpan.Zero || !Monitor.Wait(gate, left))
                    {
                        throw new CheckFailed(ID + " was never told: " + description + "; it was told: " + Summary());
                    }
                }
            }
        }

        internal int Count(string what, string callID)
        {
            lock (gate) return told.FindAll(entry => entry.What == what && entry.CallID == callID).Count;
        }

        internal List<Told> All()
        {
            lock (gate) return new List<Told>(told);
        }

        public void Dispose() { Zim.Destroy(); }

        private static ZIMCallUserInfo Row(Told entry, string userID, ZIMCallUserState state)
        {
            ZIMCallUserStateChangeInfo info = entry.Info as ZIMCallUserStateChangeInfo;
            return info == null ? null : info.callUserList.Find(row => row.userID == userID && row.state == state);
        }

        private void Watch()
        {
            Zim.onError = (zim, error) => Add(zim, "Error", null, error);
            Zim.onConnectionStateChanged = (zim, state, cause, data) => Add(zim, state + "+" + cause, null, data);
            Zim.onTokenWillExpire = (zim, second) => Add(zim, "TokenWillExpire", null, second);
            Zim.onCallInvitationReceived = (zim, info, callID) => Add(zim, "Received", callID, info);
            Zim.onCallInvitationCreated = (zim, info, callID) => Add(zim, "Created", callID, info);
            Zim.onCallInvitationCancelled = (zim, info, callID) => Add(zim, "Cancelled", callID, info);
            Zim.onCallInvitationAccepted = (zim, info, callID) => Add(zim, "Accepted", callID, info);
            Zim.onCallInvitationRejected = (zim, info, callID) => Add(zim, "Rejected", callID, info);
            Zim.onCallInvitationTimeout = (zim, callID) => Add(zim, "Timeout", callID, null);
            Zim.onCallInvitationTimeoutWithInfo = (zim, info, callID) => Add(zim, "TimeoutWithInfo", callID, info);
            Zim.onCallInviteesAnsweredTimeout = (zim, invitees, callID) => Add(zim, "AnsweredTimeout", callID, invitees);
            Zim.onCallInvitationEnded = (zim, info, callID) => Add(zim, "Ended", callID, info);
            Zim.onCallUserStateChanged = (zim, info, callID) => Add(zim, "StateChanged", callID, info);
        }

        private void Add(ZIM zim, string what, string callID, object info)
        {
            lock (gate)
            {
                if (!ReferenceEquals(zim, Zim)) what = "WrongClient:" + what;
                told.Add(new Told { What = what, CallID = callID, Info = info, Thread = Thread.CurrentThread });
                Monitor.PulseAll(gate);
            }
        }

        private string Summary()
        {
            StringBuilder text = new StringBuilder();
            foreach (Told entry in told) text.Append(entry.What).Append('(').Append(entry.CallID).Append(") ");
            return text.ToString();
        }
    }

    /// <summary>Result callbacks that a test waits for and counts.</summary>
    internal sealed class Results
    {
        private readonly object gate = new object();
        private readonly List<ZIMError> errors = new List<ZIMError>();

        internal Thread LastThread;

        internal void Add(ZIMError error)
        {
            lock (gate)
            {
                errors.Add(error);
                LastThread = Thread.CurrentThread;
                Monitor.PulseAll(gate);
            }
        }

        internal int Count { get { lock (gate) return errors.Count; } }

        internal ZIMError Await(int count, string what)
        {
            DateTime end = DateTime.UtcNow.AddMilliseconds(Player.PatienceMs);
            lock (gate)
            {
                while (errors.Count < count)
                {
                    TimeSpan left = end - DateTime.UtcNow;
                    if (left <= TimeSpan.Zero || !Monitor.Wait(gate, left))
                    {
                        throw new CheckFailed(what + ": " + errors.Count + " of " + count + " results");
                    }
                }
                return errors[count - 1];
            }
        }

        internal void AllAre(ZIMErrorCode code, string what)
        {
            lock (gate)
            {
                foreach (ZIMError error in errors) Check.Equal(code, error.code, what + " (" + error.message + ")");
            }
        }
    }

    /// <summary>A callback that takes long.</summary>
    internal static class Busy
    {
        internal static void For(int milliseconds)
        {
            System.Diagnostics.Stopwatch time = System.Diagnostics.Stopwatch.StartNew();
            while (time.ElapsedMilliseconds < milliseconds) Thread.Yield();
        }
    }

    internal static class Waiting
    {
        internal static void WaitOrFail(this System.Threading.Tasks.Task task, string what)
        {
            Check.True(task.Wait(Player.PatienceMs), what + " did not finish");
        }

        internal static T ResultOrFail<T>(this System.Threading.Tasks.Task<T> task, string what)
        {
            Check.True(task.Wait(Player.PatienceMs), what + " did not finish");
            return task.Result;
        }

        internal static void WaitOrFail(this WaitHandle handle, string what)
        {
            Check.True(handle.WaitOne(Player.PatienceMs), what + " did not happen");
        }
    }
}
