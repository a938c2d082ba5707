using System;
using System.Collections.Generic;
using ZEGO.Interop;

namespace ZEGO
{
    /// <summary>What <see cref="ZIM.Create"/> needs to know.</summary>
    public class ZIMAppConfig
    {
        /// <summary>The app, as the server knows it. A development server takes any number.</summary>
        public uint appID;
        /// <summary>Secret of the app, 64 hex characters; null or empty for none: users log in with a token.</summary>
        public string appSign;
        /// <summary>
        /// Address of the server, <c>ws://host:port/path</c> or <c>wss://host:port/path</c>, at most 2,048 bytes. Null or
        /// empty: <see cref="ZIM.DefaultServerUrl"/>, then the environment variable <c>ZIM_SERVER_URL</c>, then
        /// <c>ws://127.0.0.1:8790/zim</c>. Ours.
        /// </summary>
        public string serverUrl;
        /// <summary>
        /// Name of this device, 1 to 64 visible ASCII characters, the same whenever the app runs on it. Null or empty:
        /// made once and kept in the folder of <see cref="ZIM.SetCacheConfig"/>; without such a folder random for each
        /// client. Ours.
        /// </summary>
        public string deviceID;
        /// <summary>Who runs the callbacks; Auto unless set. Ours.</summary>
        public ZIMDelivery delivery = ZIMDelivery.Auto;
    }

    /// <summary>Where the library writes its log.</summary>
    public class ZIMLogConfig
    {
        /// <summary>
        /// Folder of the log files, at most 4,096 bytes of UTF-8; made if missing. Null or empty: no log files.
        /// </summary>
        public string logPath;
        /// <summary>
        /// How many bytes the log files may take together: at least 65,536; 0 means 5 MiB. The older half is dropped
        /// when it is used up.
        /// </summary>
        public ulong logSize;
    }

    /// <summary>Where the library keeps what it must remember.</summary>
    public class ZIMCacheConfig
    {
        /// <summary>The folder, at most 4,096 bytes of UTF-8; made if missing. Null or empty: nothing is kept.</summary>
        public string cachePath;
    }

    /// <summary>How a request ended, or what went wrong.</summary>
    public class ZIMError
    {
        /// <summary>0 is success.</summary>
        public ZIMErrorCode code;
        /// <summary>What happened and what to do about it; empty on success, never null.</summary>
        public string message;

        /// <summary>Code, its name, and the message.</summary>
        public override string ToString()
        {
            string text = (int)code + " " + ErrorNames.Of(code);
            return string.IsNullOrEmpty(message) ? text : text + ": " + message;
        }
    }

    /// <summary>A user whom a request did not reach, and why.</summary>
    public class ZIMErrorUserInfo
    {
        /// <summary>The user.</summary>
        public string userID;
        /// <summary>A number of <see cref="ZIMErrorCode"/>: 6000011 unknown user, 6000271 has answered already.</summary>
        public uint reason;
    }

    /// <summary>The user who logs in.</summary>
    public class ZIMUserInfo
    {
        /// <summary>
        /// 1 to 32 bytes of ASCII letters, digits, blank and <c>! # $ % &amp; ( ) + - : ; &lt; = . &gt; ? @ [ ] ^ _ { } | ~</c>
        /// </summary>
        public string userID;
        /// <summary>Name to show; at most 256 bytes of UTF-8.</summary>
        public string userName;
        /// <summary>Address of a picture; at most 2,048 bytes of UTF-8.</summary>
        public string userAvatarUrl;
        /// <summary>Whatever the app wants to keep with the user; at most 2,048 bytes of UTF-8.</summary>
        public string userExtendedData;
    }

    /// <summary>A refused or failed request; what the <c>...Async</c> methods throw. Ours.</summary>
    public class ZIMException : Exception
    {
        /// <summary>Wraps an error.</summary>
        /// <param name="error">What went wrong.</param>
        public ZIMException(ZIMError error) : this(error, null) { }

        /// <summary>Wraps an error of a request about a call.</summary>
        /// <param name="error">What went wrong.</param>
        /// <param name="callID">The call; null where there is none.</param>
        public ZIMException(ZIMError error, string callID) : base(error.ToString())
        {
            this.error = error;
            this.callID = callID;
        }

        /// <summary>What went wrong.</summary>
        public readonly ZIMError error;
        /// <summary>
        /// The call that the request was about; null where there is none. A failed invitation has one too, if the
        /// request was taken.
        /// </summary>
        public readonly string callID;
    }
}
