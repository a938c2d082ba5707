namespace ZEGO
{
    /// <summary>State of the connection to the server.</summary>
    public enum ZIMConnectionState
    {
        /// <summary>Not logged in.</summary>
        Disconnected = 0,
        /// <summary>Logging in.</summary>
        Connecting = 1,
        /// <summary>Logged in and connected.</summary>
        Connected = 2,
        /// <summary>
        /// Logged in; the connection was lost and is being made again, for as long as it takes. Requests may be made:
        /// they wait for the connection.
        /// </summary>
        Reconnecting = 3,
    }

    /// <summary>Why the state of the connection changed.</summary>
    public enum ZIMConnectionEvent
    {
        /// <summary>It worked: connected, or logged out as asked.</summary>
        Success = 0,
        /// <summary><see cref="ZIM.Login(ZIMUserInfo, string, ZIMLoggedInCallback)"/> was called.</summary>
        ActiveLogin = 1,
        /// <summary>The login did not finish in time.</summary>
        LoginTimeout = 2,
        /// <summary>The login was refused, or the connection was lost.</summary>
        LoginInterrupted = 3,
        /// <summary>The same user has logged in elsewhere. The client does not reconnect.</summary>
        KickedOut = 4,
        /// <summary>The token has expired. The client does not reconnect.</summary>
        TokenExpired = 5,
        /// <summary>The server no longer knows the app or the user. The client does not reconnect.</summary>
        Unregistered = 6,
    }

    /// <summary>What kind of call an invitation belongs to.</summary>
    public enum ZIMCallInvitationMode
    {
        /// <summary>A mode that this version does not know.</summary>
        Unknown = -1,
        /// <summary>The call ends by itself as soon as no invitee is pending.</summary>
        General = 0,
        /// <summary>The call lives until it is ended. Not offered by this version.</summary>
        Advanced = 1,
    }

    /// <summary>State of a whole call.</summary>
    public enum ZIMCallState
    {
        /// <summary>A state that this version does not know.</summary>
        Unknown = -1,
        /// <summary>Somebody may still answer, or is in the call.</summary>
        Started = 1,
        /// <summary>Over, for ever.</summary>
        Ended = 2,
    }

    /// <summary>State of one user in a call.</summary>
    public enum ZIMCallUserState
    {
        /// <summary>A state that this version does not know.</summary>
        Unknown = -1,
        /// <summary>Invited; no device has confirmed that it rings.</summary>
        Inviting = 0,
        /// <summary>In the call. The caller is, from the start.</summary>
        Accepted = 1,
        /// <summary>Declined.</summary>
        Rejected = 2,
        /// <summary>The caller, who cancelled a call that nobody had accepted.</summary>
        Cancelled = 3,
        /// <summary>Never sent: an offline user is Inviting until the invitation's time is up.</summary>
        Offline = 4,
        /// <summary>A device of the user rings.</summary>
        Received = 5,
        /// <summary>Did not answer in time.</summary>
        Timeout = 6,
        /// <summary>Has left an Advanced call.</summary>
        Quit = 7,
        /// <summary>Has ended an Advanced call.</summary>
        Ended = 8,
        /// <summary>No device has confirmed within 5 s (only with <see cref="ZIMCallInviteConfig.enableNotReceivedCheck"/>).</summary>
        NotYetReceived = 9,
        /// <summary>The invitation was withdrawn.</summary>
        BeCancelled = 10,
    }

    /// <summary>How Apple's CallKit shows the other side.</summary>
    public enum ZIMCXHandleType
    {
        /// <summary>Any text.</summary>
        Generic = 1,
        /// <summary>A phone number.</summary>
        PhoneNumber = 2,
        /// <summary>An e-mail address.</summary>
        EmailAddress = 3,
    }

    /// <summary>Who runs the callbacks of a <see cref="ZIM"/>. Ours.</summary>
    public enum ZIMDelivery
    {
        /// <summary>
        /// The <see cref="System.Threading.SynchronizationContext"/> that was current at Create, which is the main thread
        /// in Unity, WPF and Windows Forms; where there is none, one thread that belongs to the client.
        /// </summary>
        Auto = 0,
        /// <summary>Whoever calls <see cref="ZIM.RunCallbacks"/>.</summary>
        Manual = 1,
    }
}
