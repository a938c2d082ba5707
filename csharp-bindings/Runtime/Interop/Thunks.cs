using System;
using System.Runtime.InteropServices;
#if UNITY_5_3_OR_NEWER
using AOT;
#endif

namespace ZEGO.Interop
{
    /// <summary>
    /// The functions that the library calls for results and log lines: static, held for ever, and none lets an exception out. The
    /// number in <c>user_data</c> says which request it is.
    /// </summary>
    internal static unsafe class Thunks
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void Done(IntPtr client, IntPtr error, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void DoneWithText(IntPtr client, IntPtr text, IntPtr error, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void InvitationSent(IntPtr client, IntPtr callID, IntPtr info, IntPtr error, IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void CancelSent(IntPtr client, IntPtr callID, IntPtr errorUsers, uint errorUserCount, IntPtr error,
            IntPtr userData);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate void LogLine(int level, IntPtr message, IntPtr userData);

        private static readonly Done LoggedInThunk = OnLoggedIn;
        private static readonly DoneWithText TokenRenewedThunk = OnTokenRenewed;
        private static readonly Done LogUploadedThunk = OnLogUploaded;
        private static readonly InvitationSent InvitationSentThunk = OnInvitationSent;
        private static readonly CancelSent CancelSentThunk = OnCancelSent;
        private static readonly DoneWithText AcceptanceSentThunk = OnAcceptanceSent;
        private static readonly DoneWithText RejectionSentThunk = OnRejectionSent;
        private static readonly LogLine LogThunk = OnLogLine;

        internal static readonly IntPtr LoggedInCallback = Marshal.GetFunctionPointerForDelegate(LoggedInThunk);
        internal static readonly IntPtr TokenRenewedCallback = Marshal.GetFunctionPointerForDelegate(TokenRenewedThunk);
        internal static readonly IntPtr LogUploadedCallback = Marshal.GetFunctionPointerForDelegate(LogUploadedThunk);
        internal static readonly IntPtr InvitationSentCallback = Marshal.GetFunctionPointerForDelegate(InvitationSentThunk);
        internal static readonly IntPtr CancelSentCallback = Marshal.GetFunctionPointerForDelegate(CancelSentThunk);
        internal static readonly IntPtr AcceptanceSentCallback = Marshal.GetFunctionPointerForDelegate(AcceptanceSentThunk);
        internal static readonly IntPtr RejectionSentCallback = Marshal.GetFunctionPointerForDelegate(RejectionSentThunk);
        internal static readonly IntPtr LogCallback = Marshal.GetFunctionPointerForDelegate(LogThunk);

        [MonoPInvokeCallback(typeof(Done))]
        private static void OnLoggedIn(IntPtr client, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingLogin request = Tables.Requests.Take(userData) as PendingLogin;
                if (request != null) request.Complete(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(DoneWithText))]
        private static void OnTokenRenewed(IntPtr client, IntPtr token, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingRenewal request = Tables.Requests.Take(userData) as PendingRenewal;
                if (request != null) request.Complete(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(Done))]
        private static void OnLogUploaded(IntPtr client, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingUpload request = Tables.Requests.Take(userData) as PendingUpload;
                if (request != null) request.Complete(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(InvitationSent))]
        private static void OnInvitationSent(IntPtr client, IntPtr callID, IntPtr info, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingInvite request = Tables.Requests.Take(userData) as PendingInvite;
                if (request != null) request.Complete(Text.Read(callID), Infos.Sent(info), Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(CancelSent))]
        private static void OnCancelSent(IntPtr client, IntPtr callID, IntPtr errorUsers, uint errorUserCount, IntPtr error,
            IntPtr userData)
        {
            try
            {
                PendingCancel request = Tables.Requests.Take(userData) as PendingCancel;
                if (request != null) request.Complete(Infos.ErrorUsers(errorUsers, errorUserCount), Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(DoneWithText))]
        private static void OnAcceptanceSent(IntPtr client, IntPtr callID, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingAcceptance request = Tables.Requests.Take(userData) as PendingAcceptance;
                if (request != null) request.Complete(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(DoneWithText))]
        private static void OnRejectionSent(IntPtr client, IntPtr callID, IntPtr error, IntPtr userData)
        {
            try
            {
                PendingRejection request = Tables.Requests.Take(userData) as PendingRejection;
                if (request != null) request.Complete(Errors.Read(error));
            }
            catch (Exception exception) { Unhandled.Report(exception); }
        }

        [MonoPInvokeCallback(typeof(LogLine))]
        private static void OnLogLine(int level, IntPtr message, IntPtr userData)
        {
            try { ZIM.HandOverLogLine((ZIMLogLevel)level, Text.Read(message)); }
            catch (Exception exception) { Unhandled.Report(exception); }
        }
    }
}
