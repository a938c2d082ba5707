using System.Collections.Generic;

namespace ZEGO
{
    // Result callbacks: each runs exactly once, where the client delivers (see ZIMDelivery); errorInfo is never null.

    /// <summary>How a login ended.</summary>
    public delegate void ZIMLoggedInCallback(ZIMError errorInfo);

    /// <summary>How a renewal of the token ended.</summary>
    public delegate void ZIMTokenRenewedCallback(string token, ZIMError errorInfo);

    /// <summary>How sending the log ended.</summary>
    public delegate void ZIMLogUploadedCallback(ZIMError errorInfo);

    /// <summary>How an invitation was sent. A failed one carries its callID too, unless it was refused at once.</summary>
    public delegate void ZIMCallInvitationSentCallback(string callID, ZIMCallInvitationSentInfo info, ZIMError errorInfo);

    /// <summary>How a cancellation ended; <c>errorInvitees</c> are those who could not be cancelled.</summary>
    public delegate void ZIMCallCancelSentCallback(string callID, List<string> errorInvitees, ZIMError errorInfo);

    /// <summary>How a cancellation ended; <c>errorUserList</c> are those who could not be cancelled, and why.</summary>
    public delegate void ZIMCallCancelSentFullInfoCallback(string callID, List<ZIMErrorUserInfo> errorUserList, ZIMError errorInfo);

    /// <summary>How an acceptance ended.</summary>
    public delegate void ZIMCallAcceptanceSentCallback(string callID, ZIMError errorInfo);

    /// <summary>How a rejection ended.</summary>
    public delegate void ZIMCallRejectionSentCallback(string callID, ZIMError errorInfo);

    // Events: they come where the client delivers (see ZIMDelivery), one at a time and in order.

    /// <summary>Something went wrong that no result callback reports.</summary>
    public delegate void OnError(ZIM zim, ZIMError errorInfo);

    /// <summary>The connection has changed; <c>extendedData</c> is never null.</summary>
    public delegate void OnConnectionStateChanged(ZIM zim, ZIMConnectionState state, ZIMConnectionEvent connectionEvent,
        Dictionary<string, string> extendedData);

    /// <summary>The token expires in <c>second</c> seconds.</summary>
    public delegate void OnTokenWillExpire(ZIM zim, uint second);

    /// <summary>Somebody invites this user.</summary>
    public delegate void OnCallInvitationReceived(ZIM zim, ZIMCallInvitationReceivedInfo info, string callID);

    /// <summary>This user has made a call on another device.</summary>
    public delegate void OnCallInvitationCreated(ZIM zim, ZIMCallInvitationCreatedInfo info, string callID);

    /// <summary>The invitation that rings here was withdrawn.</summary>
    public delegate void OnCallInvitationCancelled(ZIM zim, ZIMCallInvitationCancelledInfo info, string callID);

    /// <summary>An invitee has accepted this user's call.</summary>
    public delegate void OnCallInvitationAccepted(ZIM zim, ZIMCallInvitationAcceptedInfo info, string callID);

    /// <summary>An invitee has declined this user's call.</summary>
    public delegate void OnCallInvitationRejected(ZIM zim, ZIMCallInvitationRejectedInfo info, string callID);

    /// <summary>The invitation that rings here was not answered in time.</summary>
    public delegate void OnCallInvitationTimeout(ZIM zim, string callID);

    /// <summary>The same, with more about the call.</summary>
    public delegate void OnCallInvitationTimeoutWithInfo(ZIM zim, ZIMCallInvitationTimeoutInfo info, string callID);

    /// <summary>These invitees of this user's call have not answered in time.</summary>
    public delegate void OnCallInviteesAnsweredTimeout(ZIM zim, List<string> invitees, string callID);

    /// <summary>An Advanced call was ended.</summary>
    public delegate void OnCallInvitationEnded(ZIM zim, ZIMCallInvitationEndedInfo info, string callID);

    /// <summary>Users of a call have changed their state.</summary>
    public delegate void OnCallUserStateChanged(ZIM zim, ZIMCallUserStateChangeInfo info, string callID);
}
