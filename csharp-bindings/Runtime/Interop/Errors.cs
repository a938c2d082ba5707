using System;

namespace ZEGO.Interop
{
    internal static class Errors
    {
        internal static ZIMError New(ZIMErrorCode code, string message)
        {
            return new ZIMError { code = code, message = message };
        }

        internal static ZIMError Success()
        {
            return New(ZIMErrorCode.Success, "");
        }

        internal static ZIMError Params(string message)
        {
            return New(ZIMErrorCode.CommonModuleParamsInvalid, message);
        }

        /// <summary>The error of this thread's last call into the library, which has returned this code.</summary>
        internal static ZIMError Last(int code)
        {
            return New((ZIMErrorCode)code, Text.Read(Native.ZIM_GetLastErrorMessage()));
        }

        internal static unsafe ZIMError Read(IntPtr error)
        {
            NativeError* native = (NativeError*)error;
            return New((ZIMErrorCode)native->code, Text.Read(native->message));
        }
    }

    internal static class ErrorNames
    {
        /// <summary>The one name that C and the documentation use; the enum has further spellings.</summary>
        internal static string Of(ZIMErrorCode code)
        {
            try { return Text.Read(Native.ZIM_ErrorName((int)code)); }
            catch (DllNotFoundException) { return code.ToString(); }
            catch (EntryPointNotFoundException) { return code.ToString(); }
        }
    }
}
