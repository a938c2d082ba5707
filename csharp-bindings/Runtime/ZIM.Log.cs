using System;
using ZEGO.Interop;

namespace ZEGO
{
    /// <summary>How important a log line is. Ours.</summary>
    public enum ZIMLogLevel
    {
        /// <summary>What the library does, step by step.</summary>
        Debug = 0,
        /// <summary>What a user of the app may notice: connected, lost, logged out.</summary>
        Info = 1,
        /// <summary>Something is not as it should be, and the library goes on.</summary>
        Warning = 2,
        /// <summary>Something failed.</summary>
        Error = 3,
    }

    /// <summary>Takes one line of the log: without an end of line, without tokens. Ours.</summary>
    public delegate void ZIMLogCallback(ZIMLogLevel level, string message);

    public sealed partial class ZIM
    {
        private static ZIMLogCallback logCallback;

        /// <summary>Says where the log files of this process go. Works at once, for all clients.</summary>
        /// <param name="config">Folder and size; null means no log files.</param>
        /// <exception cref="ZIMException">The folder cannot be written, or a value is out of range.</exception>
        public static unsafe void SetLogConfig(ZIMLogConfig config)
        {
            Native.Check();
            if (config == null)
            {
                ThrowUnlessDone(Native.ZIM_SetLogConfig(null));
                return;
            }
            using (OutgoingText text = new OutgoingText())
            {
                NativeLogConfig native = new NativeLogConfig
                {
                    struct_size = (uint)sizeof(NativeLogConfig),
                    log_path = text.AddUnlessEmpty(config.logPath, "logPath"),
                    log_size = config.logSize,
                };
                if (text.Fault != null) throw new ZIMException(Errors.Params(text.Fault));
                ThrowUnlessDone(Native.ZIM_SetLogConfig(&native));
            }
        }

        /// <summary>
        /// Says where the library keeps what it wants to find again: the name of this device, for clients that are
        /// created afterwards without one.
        /// </summary>
        /// <param name="config">The folder; null means that nothing is kept.</param>
        /// <exception cref="ZIMException">The folder cannot be written.</exception>
        public static unsafe void SetCacheConfig(ZIMCacheConfig config)
        {
            Native.Check();
            if (config == null)
            {
                ThrowUnlessDone(Native.ZIM_SetCacheConfig(null));
                return;
            }
            using (OutgoingText text = new OutgoingText())
            {
                NativeCacheConfig native = new NativeCacheConfig
                {
                    struct_size = (uint)sizeof(NativeCacheConfig),
                    cache_path = text.AddUnlessEmpty(config.cachePath, "cachePath"),
                };
                if (text.Fault != null) throw new ZIMException(Errors.Params(text.Fault));
                ThrowUnlessDone(Native.ZIM_SetCacheConfig(&native));
            }
        }

        /// <summary>
        /// Hands the log lines of this process over. Lines wait, in a bounded queue, until callbacks of a client are
        /// run, and come on that thread. Ours.
        /// </summary>
        /// <param name="callback">Takes the lines; null: none are handed over any more.</param>
        /// <param name="minLevel">The least important level that is handed over.</param>
        /// <exception cref="ZIMException">There is no such level.</exception>
        public static void SetLogCallback(ZIMLogCallback callback, ZIMLogLevel minLevel)
        {
            Native.Check();
            Lifetime.Watch();
            if (callback == null)
            {
                ForgetLogCallback();
                return;
            }
            ThrowUnlessDone(Native.ZIM_SetLogCallback(Thunks.LogCallback, (int)minLevel, IntPtr.Zero));
            logCallback = callback;
        }

        /// <summary>Takes back what this domain has registered, if anything: the registration is the whole process's.</summary>
        internal static void ForgetLogCallback()
        {
            if (logCallback == null) return;
            logCallback = null;
            Native.ZIM_SetLogCallback(IntPtr.Zero, 0, IntPtr.Zero);
        }

        internal static void HandOverLogLine(ZIMLogLevel level, string message)
        {
            ZIMLogCallback callback = logCallback;
            if (callback == null) return;
            foreach (ZIMLogCallback one in callback.GetInvocationList())
            {
                try { one(level, message); }
                catch (Exception exception) { Unhandled.Report(exception); }
            }
        }

        private static void ThrowUnlessDone(int code)
        {
            if (code != (int)ZIMErrorCode.Success) throw new ZIMException(Errors.Last(code));
        }
    }
}
