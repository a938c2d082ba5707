using System;
using System.Collections.Generic;
using ZEGO.Interop;

namespace ZEGO
{
    public sealed partial class ZIM
    {
        /// <summary>
        /// Rings other users. They get <see cref="onCallInvitationReceived"/>; this user gets
        /// <see cref="onCallInvitationAccepted"/>, <see cref="onCallInvitationRejected"/> or
        /// <see cref="onCallInviteesAnsweredTimeout"/>, and <see cref="onCallUserStateChanged"/> at every step.
        /// </summary>
        /// <param name="invitees">1 to 9 users; repetitions and this user are left out.</param>
        /// <param name="config">How; null means all defaults: 90 s, no data.</param>
        /// <param name="callback">Told once how it was sent; may be null.</param>
        public unsafe void CallInvite(List<string> invitees, ZIMCallInviteConfig config, ZIMCallInvitationSentCallback callback)
        {
            PendingInvite request = new PendingInvite(callback);
            using (OutgoingText text = new OutgoingText())
            {
                uint count;
                IntPtr list = text.AddList(invitees, "invitees", out count);
                NativeVoIPConfig voip;
                NativePushConfig push;
                NativeCallInviteConfig native;
                if (config != null)
                {
                    native = new NativeCallInviteConfig
                    {
                        struct_size = (uint)sizeof(NativeCallInviteConfig),
                        timeout = config.timeout,
                        extended_data = text.Add(config.extendedData, "extendedData"),
                        push_config = Push(config.pushConfig, text, &push, &voip),
                        mode = (int)config.mode,
                        enable_not_received_check = config.enableNotReceivedCheck ? 1 : 0,
                    };
                }
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                int code = Native.ZIM_CallInvite(client, list, count, config == null ? null : &native,
                    Thunks.InvitationSentCallback, ticket);
                Taken(code, ticket);
            }
        }

        /// <summary>
        /// Withdraws invitations that nobody has answered yet. The callback's newer form, with the reasons, is the
        /// extension method of the same name.
        /// </summary>
        /// <param name="invitees">Whose; null or empty means all who have not answered.</param>
        /// <param name="callID">The call.</param>
        /// <param name="config">How; null means all defaults.</param>
        /// <param name="callback">Told once how it ended; may be null.</param>
        public void CallCancel(List<string> invitees, string callID, ZIMCallCancelConfig config, ZIMCallCancelSentCallback callback)
        {
            Cancel(invitees, callID, config, new PendingCancel(callID, callback, null));
        }

        /// <summary>Accepts an invitation; others get this user's <see cref="ZIMCallUserState.Accepted"/>.</summary>
        /// <param name="callID">The call, from <see cref="onCallInvitationReceived"/>.</param>
        /// <param name="config">How; null means all defaults.</param>
        /// <param name="callback">
        /// Told once how it ended: <see cref="ZIMErrorCode.CallModuleDoesNotExist"/> when the invitation is over. May be null.
        /// </param>
        public unsafe void CallAccept(string callID, ZIMCallAcceptConfig config, ZIMCallAcceptanceSentCallback callback)
        {
            PendingAcceptance request = new PendingAcceptance(callID, callback);
            using (OutgoingText text = new OutgoingText())
            {
                IntPtr nativeCallID = text.Add(callID, "callID");
                NativeCallAnswerConfig native = Answer(config == null ? null : config.extendedData, text);
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                Taken(Native.ZIM_CallAccept(client, nativeCallID, &native, Thunks.AcceptanceSentCallback, ticket), ticket);
            }
        }

        /// <summary>Declines an invitation; others get this user's <see cref="ZIMCallUserState.Rejected"/>.</summary>
        /// <param name="callID">The call, from <see cref="onCallInvitationReceived"/>.</param>
        /// <param name="config">How; null means all defaults.</param>
        /// <param name="callback">
        /// Told once how it ended: <see cref="ZIMErrorCode.CallModuleDoesNotExist"/> when the invitation is over. May be null.
        /// </param>
        public unsafe void CallReject(string callID, ZIMCallRejectConfig config, ZIMCallRejectionSentCallback callback)
        {
            PendingRejection request = new PendingRejection(callID, callback);
            using (OutgoingText text = new OutgoingText())
            {
                IntPtr nativeCallID = text.Add(callID, "callID");
                NativeCallAnswerConfig native = Answer(config == null ? null : config.extendedData, text);
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                Taken(Native.ZIM_CallReject(client, nativeCallID, &native, Thunks.RejectionSentCallback, ticket), ticket);
            }
        }

        internal unsafe void Cancel(List<string> invitees, string callID, ZIMCallCancelConfig config, PendingCancel request)
        {
            using (OutgoingText text = new OutgoingText())
            {
                uint count;
                IntPtr list = text.AddList(invitees, "invitees", out count);
                IntPtr nativeCallID = text.Add(callID, "callID");
                NativeVoIPConfig voip;
                NativePushConfig push;
                NativeCallCancelConfig native;
                if (config != null)
                {
                    native = new NativeCallCancelConfig
                    {
                        struct_size = (uint)sizeof(NativeCallCancelConfig),
                        extended_data = text.Add(config.extendedData, "extendedData"),
                        push_config = Push(config.pushConfig, text, &push, &voip),
                    };
                }
                if (IsRefused(text, request)) return;
                IntPtr ticket = Tables.Requests.Add(request);
                int code = Native.ZIM_CallCancel(client, list, count, nativeCallID, config == null ? null : &native,
                    Thunks.CancelSentCallback, ticket);
                Taken(code, ticket);
            }
        }

        private static unsafe NativeCallAnswerConfig Answer(string extendedData, OutgoingText text)
        {
            return new NativeCallAnswerConfig
            {
                struct_size = (uint)sizeof(NativeCallAnswerConfig),
                extended_data = text.Add(extendedData, "extendedData"),
            };
        }

        /// <summary>Fills the caller's structs; the address of the push, NULL for none.</summary>
        private static unsafe IntPtr Push(ZIMPushConfig config, OutgoingText text, NativePushConfig* push, NativeVoIPConfig* voip)
        {
            if (config == null) return IntPtr.Zero;
            *push = new NativePushConfig
            {
                struct_size = (uint)sizeof(NativePushConfig),
                title = text.Add(config.title, "pushConfig.title"),
                content = text.Add(config.content, "pushConfig.content"),
                payload = text.Add(config.payload, "pushConfig.payload"),
                resources_id = text.Add(config.resourcesID, "pushConfig.resourcesID"),
                thread_id = text.Add(config.threadID, "pushConfig.threadID"),
                enable_badge = config.enableBadge ? 1 : 0,
                badge_increment = config.badgeIncrement,
            };
            if (config.voIPConfig != null)
            {
                *voip = new NativeVoIPConfig
                {
                    struct_size = (uint)sizeof(NativeVoIPConfig),
                    ios_voip_handle_type = (int)config.voIPConfig.iOSVoIPHandleType,
                    ios_voip_has_video = config.voIPConfig.iOSVoIPHasVideo ? 1 : 0,
                    ios_voip_handle_value = text.Add(config.voIPConfig.iOSVoIPHandleValue, "voIPConfig.iOSVoIPHandleValue"),
                };
                push->voip_config = (IntPtr)voip;
            }
            return (IntPtr)push;
        }
    }

    /// <summary>Newer forms of methods whose older form is the instance method.</summary>
    public static class ZIMExtensions
    {
        /// <summary>
        /// Withdraws invitations that nobody has answered yet, and says of each one that could not be withdrawn why.
        /// </summary>
        /// <param name="zim">The client.</param>
        /// <param name="invitees">Whose; null or empty means all who have not answered.</param>
        /// <param name="callID">The call.</param>
        /// <param name="config">How; null means all defaults.</param>
        /// <param name="callback">Told once how it ended; may be null.</param>
        public static void CallCancel(this ZIM zim, List<string> invitees, string callID, ZIMCallCancelConfig config,
            ZIMCallCancelSentFullInfoCallback callback)
        {
            if (zim == null) throw new ArgumentNullException("zim");
            zim.Cancel(invitees, callID, config, new PendingCancel(callID, null, callback));
        }
    }
}
