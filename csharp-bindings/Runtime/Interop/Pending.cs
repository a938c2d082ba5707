using System;
using System.Collections.Generic;

namespace ZEGO.Interop
{
    /// <summary>A request whose result callback has not run. Whoever takes it from its table runs it, once.</summary>
    internal abstract class Pending
    {
        /// <summary>The request was refused at once: there is an error and nothing else to tell.</summary>
        internal abstract void Refused(ZIMError error);
    }

    internal sealed class PendingLogin : Pending
    {
        private readonly ZIMLoggedInCallback callback;

        internal PendingLogin(ZIMLoggedInCallback callback) { this.callback = callback; }

        internal override void Refused(ZIMError error) { Complete(error); }

        internal void Complete(ZIMError error)
        {
            if (callback == null) return;
            try { callback(error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    internal sealed class PendingRenewal : Pending
    {
        private readonly string token;
        private readonly ZIMTokenRenewedCallback callback;

        internal PendingRenewal(string token, ZIMTokenRenewedCallback callback)
        {
            this.token = token;
            this.callback = callback;
        }

        internal override void Refused(ZIMError error) { Complete(error); }

        internal void Complete(ZIMError error)
        {
            if (callback == null) return;
            try { callback(token, error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    internal sealed class PendingUpload : Pending
    {
        private readonly ZIMLogUploadedCallback callback;

        internal PendingUpload(ZIMLogUploadedCallback callback) { this.callback = callback; }

        internal override void Refused(ZIMError error) { Complete(error); }

        internal void Complete(ZIMError error)
        {
            if (callback == null) return;
            try { callback(error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    internal sealed class PendingInvite : Pending
    {
        private readonly ZIMCallInvitationSentCallback callback;

        internal PendingInvite(ZIMCallInvitationSentCallback callback) { this.callback = callback; }

        internal override void Refused(ZIMError error) { Complete("", new ZIMCallInvitationSentInfo(), error); }

        internal void Complete(string callID, ZIMCallInvitationSentInfo info, ZIMError error)
        {
            if (callback == null) return;
            try { callback(callID, info, error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    /// <summary>A cancellation, in the older or the newer form.</summary>
    internal sealed class PendingCancel : Pending
    {
        private readonly string callID;
        private readonly ZIMCallCancelSentCallback older;
        private readonly ZIMCallCancelSentFullInfoCallback newer;

        internal PendingCancel(string callID, ZIMCallCancelSentCallback older, ZIMCallCancelSentFullInfoCallback newer)
        {
            this.callID = callID;
            this.older = older;
            this.newer = newer;
        }

        internal override void Refused(ZIMError error) { Complete(new List<ZIMErrorUserInfo>(), error); }

        internal void Complete(List<ZIMErrorUserInfo> errorUsers, ZIMError error)
        {
            try
            {
                if (newer != null) newer(callID, errorUsers, error);
                if (older != null) older(callID, UserIDs(errorUsers), error);
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        private static List<string> UserIDs(List<ZIMErrorUserInfo> users)
        {
            List<string> ids = new List<string>(users.Count);
            foreach (ZIMErrorUserInfo user in users) ids.Add(user.userID);
            return ids;
        }
    }

    internal sealed class PendingAcceptance : Pending
    {
        private readonly string callID;
        private readonly ZIMCallAcceptanceSentCallback callback;

        internal PendingAcceptance(string callID, ZIMCallAcceptanceSentCallback callback)
        {
            this.callID = callID;
            this.callback = callback;
        }

        internal override void Refused(ZIMError error) { Complete(error); }

        internal void Complete(ZIMError error)
        {
            if (callback == null) return;
            try { callback(callID, error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    internal sealed class PendingRejection : Pending
    {
        private readonly string callID;
        private readonly ZIMCallRejectionSentCallback callback;

        internal PendingRejection(string callID, ZIMCallRejectionSentCallback callback)
        {
            this.callID = callID;
            this.callback = callback;
        }

        internal override void Refused(ZIMError error) { Complete(error); }

        internal void Complete(ZIMError error)
        {
            if (callback == null) return;
            try { callback(callID, error); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }

    /// <summary>Something refused that has no result callback: it goes to <see cref="ZIM.onError"/>.</summary>
    internal sealed class PendingReport : Pending
    {
        private readonly ZIM zim;

        internal PendingReport(ZIM zim) { this.zim = zim; }

        internal override void Refused(ZIMError error) { zim.RaiseError(error); }
    }
}
