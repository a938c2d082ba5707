using System.Collections.Generic;

namespace ZEGO
{
    /// <summary>How to invite.</summary>
    public class ZIMCallInviteConfig
    {
        /// <summary>How long it rings, in seconds: 1 to 600; 0 means 90.</summary>
        public uint timeout = 90;
        /// <summary>Whatever the invitees should get with it; at most 2,048 bytes of UTF-8.</summary>
        public string extendedData;
        /// <summary>Push for invitees who are not online; null for none.</summary>
        public ZIMPushConfig pushConfig;
        /// <summary>Only <see cref="ZIMCallInvitationMode.General"/> is offered by this version.</summary>
        public ZIMCallInvitationMode mode = ZIMCallInvitationMode.General;
        /// <summary>
        /// Whether an invitee whose devices have not confirmed after 5 s is reported as
        /// <see cref="ZIMCallUserState.NotYetReceived"/>.
        /// </summary>
        public bool enableNotReceivedCheck;
    }

    /// <summary>How to cancel.</summary>
    public class ZIMCallCancelConfig
    {
        /// <summary>Whatever the invitees should get with it; at most 2,048 bytes of UTF-8.</summary>
        public string extendedData;
        /// <summary>Push for invitees who are not online; null for none.</summary>
        public ZIMPushConfig pushConfig;
    }

    /// <summary>How to accept.</summary>
    public class ZIMCallAcceptConfig
    {
        /// <summary>Whatever the others should get with it; at most 2,048 bytes of UTF-8.</summary>
        public string extendedData;
    }

    /// <summary>How to reject.</summary>
    public class ZIMCallRejectConfig
    {
        /// <summary>Whatever the others should get with it; at most 2,048 bytes of UTF-8.</summary>
        public string extendedData;
    }

    /// <summary>One user's entry in a call's user list.</summary>
    public class ZIMCallUserInfo
    {
        /// <summary>The user.</summary>
        public string userID;
        /// <summary>Where the user stands.</summary>
        public ZIMCallUserState state;
        /// <summary>What the user sent last with an answer; empty if nothing.</summary>
        public string extendedData;
        /// <summary>
        /// Why the state is what it is: one of the <c>CallReason...</c> codes, <see cref="ZIMErrorCode.Success"/> where
        /// there is nothing to tell. Ours.
        /// </summary>
        public ZIMErrorCode reason;
    }

    /// <summary>An invitation that was sent.</summary>
    public class ZIMCallInvitationSentInfo
    {
        /// <summary>How long it rings, in seconds.</summary>
        public int timeout;
        /// <summary>Users who were not invited, and why.</summary>
        public List<ZIMErrorUserInfo> errorUserList = new List<ZIMErrorUserInfo>();
        /// <summary>The same users in the older form.</summary>
        public List<ZIMCallUserInfo> errorInvitees = new List<ZIMCallUserInfo>();
    }

    /// <summary>An invitation that rings here.</summary>
    public class ZIMCallInvitationReceivedInfo
    {
        /// <summary>How many seconds are left to answer; already reduced by the time it took to get here.</summary>
        public int timeout;
        /// <summary>Who invited this user.</summary>
        public string inviter;
        /// <summary>Who made the call.</summary>
        public string caller;
        /// <summary>What the inviter sent with it; empty if nothing.</summary>
        public string extendedData;
        /// <summary>The kind of call.</summary>
        public ZIMCallInvitationMode mode;
        /// <summary>When the call was made, in Unix milliseconds of the server's clock.</summary>
        public long createTime;
        /// <summary>Everybody in the call, the caller included.</summary>
        public List<ZIMCallUserInfo> callUserList = new List<ZIMCallUserInfo>();
    }

    /// <summary>A call that this user has made on another device, or in an earlier run of the app.</summary>
    public class ZIMCallInvitationCreatedInfo
    {
        /// <summary>How many seconds it rings on.</summary>
        public int timeout;
        /// <summary>Who made the call.</summary>
        public string caller;
        /// <summary>What was sent with the invitation; empty if nothing.</summary>
        public string extendedData;
        /// <summary>The kind of call.</summary>
        public ZIMCallInvitationMode mode;
        /// <summary>When the call was made, in Unix milliseconds of the server's clock.</summary>
        public long createTime;
        /// <summary>Everybody in the call, the caller included.</summary>
        public List<ZIMCallUserInfo> callUserList = new List<ZIMCallUserInfo>();
    }

    /// <summary>An invitation that was withdrawn.</summary>
    public class ZIMCallInvitationCancelledInfo
    {
        /// <summary>Who withdrew it.</summary>
        public string inviter;
        /// <summary>What they sent with it; empty if nothing.</summary>
        public string extendedData;
        /// <summary>The kind of call.</summary>
        public ZIMCallInvitationMode mode;
    }

    /// <summary>An invitation that was accepted.</summary>
    public class ZIMCallInvitationAcceptedInfo
    {
        /// <summary>Who accepted.</summary>
        public string invitee;
        /// <summary>What they sent with it; empty if nothing.</summary>
        public string extendedData;
    }

    /// <summary>An invitation that was declined.</summary>
    public class ZIMCallInvitationRejectedInfo
    {
        /// <summary>Who declined.</summary>
        public string invitee;
        /// <summary>What they sent with it; empty if nothing.</summary>
        public string extendedData;
    }

    /// <summary>An invitation that was not answered here in time.</summary>
    public class ZIMCallInvitationTimeoutInfo
    {
        /// <summary>The kind of call.</summary>
        public ZIMCallInvitationMode mode;
    }

    /// <summary>An Advanced call that was ended.</summary>
    public class ZIMCallInvitationEndedInfo
    {
        /// <summary>Who made the call.</summary>
        public string caller;
        /// <summary>Who ended it.</summary>
        public string operatedUserID;
        /// <summary>What they sent with it; empty if nothing.</summary>
        public string extendedData;
        /// <summary>The kind of call.</summary>
        public ZIMCallInvitationMode mode;
        /// <summary>When it ended, in Unix milliseconds of the server's clock.</summary>
        public long endTime;
    }

    /// <summary>Users of a call whose state has changed.</summary>
    public class ZIMCallUserStateChangeInfo
    {
        /// <summary>Only the users who have changed.</summary>
        public List<ZIMCallUserInfo> callUserList = new List<ZIMCallUserInfo>();
    }
}
