using System;
using System.Runtime.InteropServices;
#if UNITY_5_3_OR_NEWER
using AOT;
#endif

namespace ZEGO.Interop
{
    /// <summary>
    /// The functions that the library calls for events: static, held for ever, and none lets an exception out. The
    /// number in <c>user_data</c> says which client it is.
    /// </summary>
    internal static unsafe class EventThunks
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void Error(IntPtr client, IntPtr error, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void ConnectionStateChanged(IntPtr client, int state, int connectionEvent, IntPtr extendedData,
            IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void TokenWillExpire(IntPtr client, uint seconds, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void CallEvent(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void InviteesAnsweredTimeout(IntPtr client, IntPtr invitees, uint inviteeCount, IntPtr callID,
            IntPtr userData);

        private static readonly Error ErrorThunk = OnError;
        private static readonly ConnectionStateChanged ConnectionStateChangedThunk = OnConnectionStateChanged;
        private static readonly TokenWillExpire TokenWillExpireThunk = OnTokenWillExpire;
        private static readonly CallEvent ReceivedThunk = OnReceived;
        private static readonly CallEvent CreatedThunk = OnCreated;
        private static readonly CallEvent CancelledThunk = OnCancelled;
        private static readonly CallEvent AcceptedThunk = OnAccepted;
        private static readonly CallEvent RejectedThunk = OnRejected;
        private static readonly CallEvent TimeoutThunk = OnTimeout;
        private static readonly InviteesAnsweredTimeout InviteesAnsweredTimeoutThunk = OnInviteesAnsweredTimeout;
        private static readonly CallEvent EndedThunk = OnEnded;
        private static readonly CallEvent UserStateChangedThunk = OnUserStateChanged;

        private static readonly NativeEventHandler Handler = new NativeEventHandler
        {
            struct_size = (uint)sizeof(NativeEventHandler),
            on_error = Marshal.GetFunctionPointerForDelegate(ErrorThunk),
            on_connection_state_changed = Marshal.GetFunctionPointerForDelegate(ConnectionStateChangedThunk),
            on_token_will_expire = Marshal.GetFunctionPointerForDelegate(TokenWillExpireThunk),
            on_call_invitation_received = Marshal.GetFunctionPointerForDelegate(ReceivedThunk),
            on_call_invitation_created = Marshal.GetFunctionPointerForDelegate(CreatedThunk),
            on_call_invitation_cancelled = Marshal.GetFunctionPointerForDelegate(CancelledThunk),
            on_call_invitation_accepted = Marshal.GetFunctionPointerForDelegate(AcceptedThunk),
            on_call_invitation_rejected = Marshal.GetFunctionPointerForDelegate(RejectedThunk),
            on_call_invitation_timeout = Marshal.GetFunctionPointerForDelegate(TimeoutThunk),
            on_call_invitees_answered_timeout = Marshal.GetFunctionPointerForDelegate(InviteesAnsweredTimeoutThunk),
            on_call_invitation_ended = Marshal.GetFunctionPointerForDelegate(EndedThunk),
            on_call_user_state_changed = Marshal.GetFunctionPointerForDelegate(UserStateChangedThunk),
        };

        /// <summary>Registers the functions; the library's code.</summary>
        internal static int Register(IntPtr client, IntPtr number)
        {
            NativeEventHandler handler = Handler;
            return Native.ZIM_SetEventHandler(client, &handler, number, IntPtr.Zero);
        }

        [MonoPInvokeCallback(typeof(Error))]
        private static void OnError(IntPtr client, IntPtr error, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseError(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(ConnectionStateChanged))]
        private static void OnConnectionStateChanged(IntPtr client, int state, int connectionEvent, IntPtr extendedData,
            IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim == null) return;
                zim.RaiseConnectionStateChanged((ZIMConnectionState)state, (ZIMConnectionEvent)connectionEvent,
                    ExtendedData.Read(Text.Read(extendedData)));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(TokenWillExpire))]
        private static void OnTokenWillExpire(IntPtr client, uint seconds, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseTokenWillExpire(seconds);
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnReceived(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseReceived(Infos.Received(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnCreated(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseCreated(Infos.Created(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnCancelled(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseCancelled(Infos.Cancelled(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnAccepted(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseAccepted(Infos.Accepted(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnRejected(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseRejected(Infos.Rejected(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnTimeout(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseTimeout(Infos.TimedOut(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(InviteesAnsweredTimeout))]
        private static void OnInviteesAnsweredTimeout(IntPtr client, IntPtr invitees, uint inviteeCount, IntPtr callID,
            IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseInviteesAnsweredTimeout(Text.ReadList(invitees, inviteeCount), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnEnded(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseEnded(Infos.Ended(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CallEvent))]
        private static void OnUserStateChanged(IntPtr client, IntPtr info, IntPtr callID, IntPtr userData)
        {
            try
            {
                ZIM zim = Tables.Clients.Find(userData);
                if (zim != null) zim.RaiseUserStateChanged(Infos.StateChange(info), Text.Read(callID));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }
}
