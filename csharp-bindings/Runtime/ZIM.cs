using System;
using ZEGO.Interop;

namespace ZEGO
{
    /// <summary>
    /// One user's connection to the server: log in, ring others, answer.
    /// </summary>
    /// <remarks>
    /// <para>Every method may be called from any thread, also from inside a callback; none blocks, apart from
    /// <see cref="Destroy"/>. Results and events are run one at a time and in order: on the SynchronizationContext
    /// that was current at Create (the main thread in Unity, WPF and Windows Forms), without one on a thread of the
    /// client's own, and with <see cref="ZIMDelivery.Manual"/> inside <see cref="RunCallbacks"/>.</para>
    /// <para>A request that is refused at once is told so through its callback too, at the next such occasion.</para>
    /// </remarks>
    public sealed partial class ZIM
    {
        private static readonly object Gate = new object();
        private static ZIM primary;

        private readonly Delivery delivery;
        private readonly ZIMDelivery mode;
        private readonly IntPtr client;
        private IntPtr number;

        private ZIM(IntPtr client, ZIMDelivery mode)
        {
            this.client = client;
            this.mode = mode;
            delivery = new Delivery(client, mode);
        }

        /// <summary>
        /// Address of the server for clients whose <see cref="ZIMAppConfig.serverUrl"/> is empty. Ours.
        /// </summary>
        public static string DefaultServerUrl;

        /// <summary>
        /// Gets the exceptions that the app's callbacks let out. The other handlers of the same event, and whatever comes
        /// after, run all the same. Without a handler they are printed on standard error, in Unity on its console. Runs
        /// on the thread of the callback. Ours.
        /// </summary>
        public static Action<Exception> onUnhandledException;

        /// <summary>Makes the one client that <see cref="GetInstance"/> returns.</summary>
        /// <param name="appConfig">The app, and how to reach the server.</param>
        /// <returns>
        /// The client; null while one from here lives, and null if the library refuses: then
        /// <see cref="onUnhandledException"/> is told why. <see cref="CreateInstance"/> says it directly.
        /// </returns>
        /// <exception cref="DllNotFoundException">The native library was not found.</exception>
        /// <exception cref="ZIMException">The native library is too old for this binding.</exception>
        public static ZIM Create(ZIMAppConfig appConfig)
        {
            ZIM zim;
            ZIMError error;
            lock (Gate)
            {
                if (primary != null) return null;
                zim = primary = New(appConfig, out error);
            }
            if (zim == null) Unhandled.Report(new ZIMException(error));
            return zim;
        }

        /// <summary>Makes a client; as many as you like may live side by side. Ours.</summary>
        /// <param name="appConfig">The app, and how to reach the server.</param>
        /// <param name="error">Why there is none; Success if there is.</param>
        /// <returns>The client, or null.</returns>
        /// <exception cref="DllNotFoundException">The native library was not found.</exception>
        /// <exception cref="ZIMException">The native library is too old for this binding.</exception>
        public static ZIM CreateInstance(ZIMAppConfig appConfig, out ZIMError error)
        {
            return New(appConfig, out error);
        }

        /// <summary>The client from <see cref="Create"/>; null before it and after its <see cref="Destroy"/>.</summary>
        public static ZIM GetInstance()
        {
            lock (Gate) return primary;
        }

        /// <summary>Version of the native library, as in <c>0.1.0</c>.</summary>
        public static string GetVersion()
        {
            Native.Check();
            return Text.Read(Native.ZIM_GetVersion());
        }

        /// <summary>
        /// Logs out as well as possible, runs the result callbacks that are still due on this thread, and frees
        /// everything. Takes less than 1 s whatever the network does. After it has returned no callback of this client runs.
        /// </summary>
        /// <remarks>
        /// May be called from inside a callback, and again. When another thread is stuck inside a callback it waits at
        /// most 1 s and reports <see cref="ZIMErrorCode.SDKModuleCallbackStillRunning"/> to
        /// <see cref="onUnhandledException"/>; the rest then happens when that callback returns.
        /// </remarks>
        public void Destroy()
        {
            ZIMError error;
            bool first = delivery.Close(out error);
            if (!first) return;
            Tables.Clients.Take(number);
            lock (Gate)
            {
                if (primary == this) primary = null;
            }
            if (error != null) Unhandled.Report(new ZIMException(error));
        }

        /// <summary>
        /// Runs the callbacks that are due, on this thread, and does not block; call it once per frame. Only for clients
        /// with <see cref="ZIMDelivery.Manual"/>. Ours.
        /// </summary>
        /// <returns>How many; 0 from inside a callback, beside another thread that is doing it, and after Destroy.</returns>
        /// <exception cref="InvalidOperationException">The client delivers by itself.</exception>
        public int RunCallbacks()
        {
            if (mode != ZIMDelivery.Manual)
            {
                throw new InvalidOperationException("RunCallbacks needs a client that was created with delivery = ZIMDelivery.Manual");
            }
            return delivery.Drain();
        }

        internal void JoinThread(int milliseconds)
        {
            delivery.Join(milliseconds);
        }

        private static unsafe ZIM New(ZIMAppConfig appConfig, out ZIMError error)
        {
            Native.Check();
            if (appConfig == null)
            {
                error = Errors.Params("appConfig must not be null");
                return null;
            }
            using (OutgoingText text = new OutgoingText())
            {
                NativeAppConfig native = new NativeAppConfig
                {
                    struct_size = (uint)sizeof(NativeAppConfig),
                    app_id = appConfig.appID,
                    app_sign = text.AddUnlessEmpty(appConfig.appSign, "appSign"),
                    server_url = text.AddUnlessEmpty(ServerUrl(appConfig.serverUrl), "serverUrl"),
                    device_id = text.AddUnlessEmpty(appConfig.deviceID, "deviceID"),
                    callback_mode = Native.CallbackModePoll,
                };
                if (text.Fault != null)
                {
                    error = Errors.Params(text.Fault);
                    return null;
                }
                IntPtr client;
                int code = Native.ZIM_Create(&native, &client);
                if (code != (int)ZIMErrorCode.Success)
                {
                    error = Errors.Last(code);
                    return null;
                }
                return Adopt(new ZIM(client, appConfig.delivery), out error);
            }
        }

        private static ZIM Adopt(ZIM zim, out ZIMError error)
        {
            Lifetime.Watch();
            zim.number = Tables.Clients.Add(zim);
            int code = EventThunks.Register(zim.client, zim.number);
            if (code != (int)ZIMErrorCode.Success)
            {
                error = Errors.Last(code);
                zim.Destroy();
                return null;
            }
            zim.delivery.Start();
            error = Errors.Success();
            return zim;
        }

        private static string ServerUrl(string configured)
        {
            if (!string.IsNullOrEmpty(configured)) return configured;
            if (!string.IsNullOrEmpty(DefaultServerUrl)) return DefaultServerUrl;
            string url = null;
            FindServerUrlInProject(ref url);
            return url;
        }

        /// <summary>Where a host has settings of its own, as Unity's Project Settings, it implements this.</summary>
        static partial void FindServerUrlInProject(ref string url);
    }
}
