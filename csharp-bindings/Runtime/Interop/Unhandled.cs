using System;
using System.Threading;

namespace ZEGO.Interop
{
    /// <summary>Exceptions that the app's callbacks let out: reported, and never let into native code.</summary>
    internal static class Unhandled
    {
        internal static void Report(Exception exception)
        {
            // Mono ends the threads of a domain that unloads: nobody's mistake, and nothing that could be caught for good.
            if (exception is ThreadAbortException) return;
            try
            {
                Action<Exception> handlers = ZIM.onUnhandledException;
                if (handlers != null) handlers(exception);
                else Print(exception);
            }
            catch (Exception second)
            {
                Print(exception);
                Print(second);
            }
        }

        private static void Print(Exception exception)
        {
#if UNITY_5_3_OR_NEWER
            UnityEngine.Debug.LogException(exception);
#else
            try
            {
                Console.Error.WriteLine("ZIM: a callback threw: " + exception);
            }
            catch (Exception)
            {
                // Standard error is closed: there is nobody left to tell.
            }
#endif
        }
    }
}
