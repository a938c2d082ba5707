using System;
using System.Runtime.InteropServices;

namespace ZEGO.Interop
{
    /// <summary>
    /// Every function of <c>zim.h</c>, with arguments that need no marshalling. What each means is said there.
    /// </summary>
    internal static unsafe class Native
    {
#if (UNITY_IOS || UNITY_TVOS) && !UNITY_EDITOR
        private const string Library = "__Internal";
#else
        private const string Library = "zim";
#endif

        /// <summary><c>ZIM_ABI_VERSION</c> of the header that this file was written from.</summary>
        internal const uint AbiVersion = 1;

        /// <summary><c>ZIMCallbackMode_Poll</c>: no thread of the library ever enters managed code.</summary>
        internal const int CallbackModePoll = 1;

        private static bool compatible;

        /// <summary>Throws if the library is missing or is older than this binding. Call before anything else.</summary>
        internal static void Check()
        {
            if (compatible) return;
            uint found;
            try { found = ZIM_GetAbiVersion(); }
            catch (DllNotFoundException exception)
            {
                throw new DllNotFoundException("the native library zim (libzim.so, zim.dll or libzim.dylib) could not be loaded: put "
                    + "it beside the assembly or on the system's search path, which is LD_LIBRARY_PATH on Linux; it must be "
                    + "built for this processor", exception);
            }
            if (found < AbiVersion)
            {
                throw new ZIMException(Errors.New(ZIMErrorCode.Failed, "the native library zim is too old: it has version "
                    + Text.Read(ZIM_GetVersion()) + " with ABI " + found + ", this binding needs ABI " + AbiVersion
                    + "; install the library that came with the binding"));
            }
            compatible = true;
        }

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr ZIM_GetVersion();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern uint ZIM_GetAbiVersion();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr ZIM_ErrorName(int code);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr ZIM_GetLastErrorMessage();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_SetLogConfig(NativeLogConfig* config);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_SetLogCallback(IntPtr callback, int min_level, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_SetCacheConfig(NativeCacheConfig* config);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_Create(NativeAppConfig* config, IntPtr* client);

        // Of the whole process, so not what ZIM.GetInstance asks for; here because the lists are kept equal.
        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern IntPtr ZIM_GetInstance();

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_Destroy(IntPtr client);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_SetEventHandler(IntPtr client, NativeEventHandler* handler, IntPtr user_data,
            IntPtr free_user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_PollCallbacks(IntPtr client, uint max, uint* dispatched);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_WaitCallbacks(IntPtr client, uint timeout_ms);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_Login(IntPtr client, NativeUserInfo* user, IntPtr token, IntPtr callback,
            IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_Logout(IntPtr client);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_RenewToken(IntPtr client, IntPtr token, IntPtr callback, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_GetConnectionState(IntPtr client);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_UploadLog(IntPtr client, IntPtr callback, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_CallInvite(IntPtr client, IntPtr invitees, uint invitee_count,
            NativeCallInviteConfig* config, IntPtr callback, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_CallCancel(IntPtr client, IntPtr invitees, uint invitee_count, IntPtr call_id,
            NativeCallCancelConfig* config, IntPtr callback, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_CallAccept(IntPtr client, IntPtr call_id, NativeCallAnswerConfig* config,
            IntPtr callback, IntPtr user_data);

        [DllImport(Library, CallingConvention = CallingConvention.Cdecl)]
        internal static extern int ZIM_CallReject(IntPtr client, IntPtr call_id, NativeCallAnswerConfig* config,
            IntPtr callback, IntPtr user_data);
    }
}
