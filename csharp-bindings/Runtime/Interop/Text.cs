using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace ZEGO.Interop
{
    /// <summary>UTF-8 of the library, read into strings.</summary>
    internal static unsafe class Text
    {
        /// <summary>The string at this address; empty for NULL.</summary>
        internal static string Read(IntPtr utf8)
        {
            byte* start = (byte*)utf8;
            if (start == null) return "";
            byte* end = start;
            while (*end != 0) end++;
            return end == start ? "" : Encoding.UTF8.GetString(start, (int)(end - start));
        }

        /// <summary>The strings of an array of C strings.</summary>
        internal static List<string> ReadList(IntPtr strings, uint count)
        {
            List<string> list = new List<string>((int)count);
            IntPtr* next = (IntPtr*)strings;
            for (uint at = 0; at < count; at++) list.Add(Read(next[at]));
            return list;
        }
    }

    /// <summary>
    /// Strings on their way into the library: NUL-terminated UTF-8 in unmanaged memory, for the length of one call.
    /// What C could not tell (a NUL inside, half a surrogate pair) is noticed here.
    /// </summary>
    internal sealed unsafe class OutgoingText : IDisposable
    {
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        private IntPtr[] blocks = new IntPtr[4];
        private int used;

        /// <summary>Why the call cannot be made; null if it can.</summary>
        internal string Fault { get; private set; }

        /// <summary>Address of a copy of <paramref name="text"/>; NULL for null.</summary>
        internal IntPtr Add(string text, string name)
        {
            if (text == null) return IntPtr.Zero;
            if (text.IndexOf('\0') >= 0)
            {
                Fault = Fault ?? name + " must not have a NUL character inside";
                return IntPtr.Zero;
            }
            try
            {
                int length = Strict.GetByteCount(text);
                byte* block = (byte*)Allocate(length + 1);
                fixed (char* characters = text) Strict.GetBytes(characters, text.Length, block, length);
                block[length] = 0;
                return (IntPtr)block;
            }
            catch (EncoderFallbackException)
            {
                Fault = Fault ?? name + " has half a surrogate pair at character " + LoneSurrogate(text)
                    + ": it cannot be written as UTF-8";
                return IntPtr.Zero;
            }
        }

        /// <summary>The same; an empty text counts as none.</summary>
        internal IntPtr AddUnlessEmpty(string text, string name)
        {
            return Add(text == "" ? null : text, name);
        }

        /// <summary>Address of an array of copies; NULL for null and for an empty list.</summary>
        internal IntPtr AddList(List<string> texts, string name, out uint count)
        {
            int length = texts == null ? 0 : texts.Count;
            count = (uint)length;
            if (length == 0) return IntPtr.Zero;
            IntPtr* entries = (IntPtr*)Allocate(length * IntPtr.Size);
            for (int at = 0; at < length; at++) entries[at] = Add(texts[at], name + "[" + at + "]");
            return (IntPtr)entries;
        }

        public void Dispose()
        {
            while (used > 0) Marshal.FreeHGlobal(blocks[--used]);
        }

        private IntPtr Allocate(int size)
        {
            if (used == blocks.Length) Array.Resize(ref blocks, used * 2);
            IntPtr block = Marshal.AllocHGlobal(size);
            blocks[used++] = block;
            return block;
        }

        private static int LoneSurrogate(string text)
        {
            for (int at = 0; at < text.Length; at++)
            {
                if (!char.IsSurrogate(text[at])) continue;
                if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return at;
                at++;
            }
            return -1;
        }
    }
}
