using System;
using System.Collections.Generic;
using ZEGO.Interop;

namespace ZEGO
{
    public sealed partial class ZIM
    {
        private static readonly Delegate[] NoHandlers = new Delegate[0];

        // Fields, not C# events: apps write both zim.onX = handler and zim.onX += handler.

        /// <summary>Something went wrong that belongs to no request.</summary>
        public OnError onError;

        /// <summary>The connection changed.</summary>
        public OnConnectionStateChanged onConnectionStateChanged;

        /// <summary>The token expires in this many seconds; renew it with <see cref="RenewToken"/>.</summary>
        public OnTokenWillExpire onTokenWillExpire;

        /// <summary>
        /// This user is invited: ring. The ring ends with the own answer, with <see cref="onCallInvitationCancelled"/>,
        /// <see cref="onCallInvitationTimeout"/>, or with an <see cref="onCallUserStateChanged"/> that shows this user's
        /// row answered on another device.
        /// </summary>
        public OnCallInvitationReceived onCallInvitationReceived;

        /// <summary>This user has made a call on another device, or before this login.</summary>
        public OnCallInvitationCreated onCallInvitationCreated;

        /// <summary>To an invitee: the invitation was withdrawn; stop ringing.</summary>
        public OnCallInvitationCancelled onCallInvitationCancelled;

        /// <summary>To the caller: an invitee has accepted.</summary>
        public OnCallInvitationAccepted onCallInvitationAccepted;

        /// <summary>To the caller: an invitee has declined.</summary>
        public OnCallInvitationRejected onCallInvitationRejected;

        /// <summary>To an invitee: the time is up; stop ringing.</summary>
        public OnCallInvitationTimeout onCallInvitationTimeout;

        /// <summary>The same as <see cref="onCallInvitationTimeout"/>, with more about the call; runs after it. Ours.</summary>
        public OnCallInvitationTimeoutWithInfo onCallInvitationTimeoutWithInfo;

        /// <summary>To the caller: these invitees have not answered in time; all of one moment in one event.</summary>
        public OnCallInviteesAnsweredTimeout onCallInviteesAnsweredTimeout;

        /// <summary>An Advanced call was ended.</summary>
        public OnCallInvitationEnded onCallInvitationEnded;

        /// <summary>Users of a call have changed their state: once per change, to everybody in the call.</summary>
        public OnCallUserStateChanged onCallUserStateChanged;

        internal void RaiseError(ZIMError error)
        {
            foreach (OnError one in HandlersOf(onError))
            {
                if (delivery.Closing) return;
                try { one(this, error); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseConnectionStateChanged(ZIMConnectionState state, ZIMConnectionEvent connectionEvent,
            Dictionary<string, string> extendedData)
        {
            foreach (OnConnectionStateChanged one in HandlersOf(onConnectionStateChanged))
            {
                if (delivery.Closing) return;
                try { one(this, state, connectionEvent, extendedData); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseTokenWillExpire(uint second)
        {
            foreach (OnTokenWillExpire one in HandlersOf(onTokenWillExpire))
            {
                if (delivery.Closing) return;
                try { one(this, second); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseReceived(ZIMCallInvitationReceivedInfo info, string callID)
        {
            foreach (OnCallInvitationReceived one in HandlersOf(onCallInvitationReceived))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseCreated(ZIMCallInvitationCreatedInfo info, string callID)
        {
            foreach (OnCallInvitationCreated one in HandlersOf(onCallInvitationCreated))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseCancelled(ZIMCallInvitationCancelledInfo info, string callID)
        {
            foreach (OnCallInvitationCancelled one in HandlersOf(onCallInvitationCancelled))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseAccepted(ZIMCallInvitationAcceptedInfo info, string callID)
        {
            foreach (OnCallInvitationAccepted one in HandlersOf(onCallInvitationAccepted))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseRejected(ZIMCallInvitationRejectedInfo info, string callID)
        {
            foreach (OnCallInvitationRejected one in HandlersOf(onCallInvitationRejected))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseTimeout(ZIMCallInvitationTimeoutInfo info, string callID)
        {
            foreach (OnCallInvitationTimeout one in HandlersOf(onCallInvitationTimeout))
            {
                if (delivery.Closing) return;
                try { one(this, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
            foreach (OnCallInvitationTimeoutWithInfo one in HandlersOf(onCallInvitationTimeoutWithInfo))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseInviteesAnsweredTimeout(List<string> invitees, string callID)
        {
            foreach (OnCallInviteesAnsweredTimeout one in HandlersOf(onCallInviteesAnsweredTimeout))
            {
                if (delivery.Closing) return;
                try { one(this, invitees, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseEnded(ZIMCallInvitationEndedInfo info, string callID)
        {
            foreach (OnCallInvitationEnded one in HandlersOf(onCallInvitationEnded))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        internal void RaiseUserStateChanged(ZIMCallUserStateChangeInfo info, string callID)
        {
            foreach (OnCallUserStateChanged one in HandlersOf(onCallUserStateChanged))
            {
                if (delivery.Closing) return;
                try { one(this, info, callID); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        private static Delegate[] HandlersOf(Delegate handlers)
        {
            return handlers == null ? NoHandlers : handlers.GetInvocationList();
        }
    }
}
