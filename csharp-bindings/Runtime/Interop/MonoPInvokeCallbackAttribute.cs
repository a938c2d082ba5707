#if !UNITY_5_3_OR_NEWER
using System;

namespace ZEGO.Interop
{
    /// <summary>
    /// Tells ahead-of-time compilers that native code calls this method. In Unity its own attribute of this name is used.
    /// </summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        internal MonoPInvokeCallbackAttribute(Type delegateType) { DelegateType = delegateType; }

        internal Type DelegateType { get; private set; }
    }
}
#endif
