namespace ZEGO
{
    /// <summary>The push that invitees get who are not online.</summary>
    public class ZIMPushConfig
    {
        /// <summary>Title; at most 256 bytes of UTF-8.</summary>
        public string title;
        /// <summary>Text; at most 1,024 bytes of UTF-8.</summary>
        public string content;
        /// <summary>What the app gets with it; at most 2,048 bytes of UTF-8.</summary>
        public string payload;
        /// <summary>Which of the server's push templates to use; at most 256 bytes of UTF-8.</summary>
        public string resourcesID;
        /// <summary>Under which heading the phone groups it; at most 256 bytes of UTF-8.</summary>
        public string threadID;
        /// <summary>Whether the number on the app's icon changes.</summary>
        public bool enableBadge;
        /// <summary>By how much.</summary>
        public int badgeIncrement;
        /// <summary>For Apple's VoIP pushes; null for none.</summary>
        public ZIMVoIPConfig voIPConfig;
    }

    /// <summary>How Apple's CallKit shows the call.</summary>
    public class ZIMVoIPConfig
    {
        /// <summary>What the handle is.</summary>
        public ZIMCXHandleType iOSVoIPHandleType = ZIMCXHandleType.Generic;
        /// <summary>The handle; at most 256 bytes of UTF-8.</summary>
        public string iOSVoIPHandleValue;
        /// <summary>Whether the call has video.</summary>
        public bool iOSVoIPHasVideo;
    }
}
