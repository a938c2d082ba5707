using System;
using ZEGO.Interop;

namespace ZEGO
{
    public sealed partial class ZIM
    {
        /// <summary>
        /// Logs a user in and connects; goes on trying for up to 10 s. From then on the client keeps the connection by itself, and
        /// makes it again whenever it is lost.
        /// </summary>
        /// <param name="userInfo">Who logs in.</param>
        /// <param name="token">The user's token, at most 8,192 bytes; null or empty for none.</param>
        /// <param name="callback">Told once how it ended; may be null.</param>
        public unsafe void Login(ZIMUserInfo userInfo, string token, ZIMLoggedInCallback callback)
        {
            PendingLogin request = new PendingLogin(callback);
            if (userInfo == null)
            {
                delivery.Refuse(request, Errors.Params("userInfo must not be null"));
                return;
            }
            using (OutgoingText text = new OutgoingText())
            {
                NativeUserInfo native = new NativeUserInfo
                {
                    struct_size = (uint)sizeof(NativeUserInfo),
                    user_id = text.Add(userInfo.userID, "userID"),
                    user_name = text.Add(userInfo.userName, "userName"),
                    user_avatar_url = text.Add(userInfo.userAvatarUrl, "userAvatarUrl"),
                    user_extended_data = text.Add(userInfo.userExtendedData, "userExtendedData"),
                };
                IntPtr nativeToken = text.Add(token, "token");
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                Taken(Native.ZIM_Login(client, &native, nativeToken, Thunks.LoggedInCallback, ticket), ticket);
            }
        }

        /// <summary>Logs a user in without a token, as an app does that uses <see cref="ZIMAppConfig.appSign"/>.</summary>
        /// <param name="userInfo">Who logs in.</param>
        /// <param name="callback">Told once how it ended; may be null.</param>
        public void Login(ZIMUserInfo userInfo, ZIMLoggedInCallback callback)
        {
            Login(userInfo, null, callback);
        }

        /// <summary>
        /// Logs out: at once for the app, as well as possible for the server. Pending requests complete with an error,
        /// and <see cref="onConnectionStateChanged"/> reports it. Does nothing when nobody is logged in.
        /// </summary>
        public void Logout()
        {
            int code = Native.ZIM_Logout(client);
            bool loggedOut = code == (int)ZIMErrorCode.Success || code == (int)ZIMErrorCode.NetworkModuleUserIsNotLogged;
            if (!loggedOut && !delivery.Closing) delivery.Refuse(new PendingReport(this), Errors.Last(code));
        }

        /// <summary>Replaces the token of the session, before it expires.</summary>
        /// <param name="token">The new token, at most 8,192 bytes.</param>
        /// <param name="callback">Told once how it ended; may be null.</param>
        public void RenewToken(string token, ZIMTokenRenewedCallback callback)
        {
            PendingRenewal request = new PendingRenewal(token, callback);
            using (OutgoingText text = new OutgoingText())
            {
                IntPtr nativeToken = text.Add(token, "token");
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                Taken(Native.ZIM_RenewToken(client, nativeToken, Thunks.TokenRenewedCallback, ticket), ticket);
            }
        }

        /// <summary>Sends the log of this process to the server, if the server takes logs.</summary>
        /// <param name="callback">
        /// Told once how it ended: <see cref="ZIMErrorCode.CommonModuleUploadLogError"/> if the server refused it. May be null.
        /// </param>
        public void UploadLog(ZIMLogUploadedCallback callback)
        {
            IntPtr ticket = Tables.Requests.Add(new PendingUpload(callback));
            Taken(Native.ZIM_UploadLog(client, Thunks.LogUploadedCallback, ticket), ticket);
        }

        /// <summary>The state of the connection right now; Disconnected after <see cref="Destroy"/>. Ours.</summary>
        public ZIMConnectionState GetConnectionState()
        {
            int state = Native.ZIM_GetConnectionState(client);
            return state > (int)ZIMConnectionState.Reconnecting ? ZIMConnectionState.Disconnected : (ZIMConnectionState)state;
        }

        /// <summary>Refuses the request if its texts cannot be handed over.</summary>
        private bool IsRefused(OutgoingText text, Pending request)
        {
            if (text.Fault == null) return false;
            delivery.Refuse(request, Errors.Params(text.Fault));
            return true;
        }

        /// <summary>If the library has not taken the request, it is refused here: the library will not call back.</summary>
        private void Taken(int code, IntPtr ticket)
        {
            if (code == (int)ZIMErrorCode.Success) return;
            ZIMError error = Errors.Last(code);
            Pending request = Tables.Requests.Take(ticket);
            if (request != null) delivery.Refuse(request, error);
        }
    }
}
