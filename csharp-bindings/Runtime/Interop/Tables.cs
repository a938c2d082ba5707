using System;
using System.Collections.Generic;

namespace ZEGO.Interop
{
    /// <summary>
    /// Objects that the library knows by a number: nothing managed is ever at an address that native code holds.
    /// </summary>
    internal sealed class NumberedTable<T> where T : class
    {
        private readonly Dictionary<int, T> entries = new Dictionary<int, T>();
        private int last;

        /// <summary>Adds an object; its number, never zero, as the library's <c>user_data</c>.</summary>
        internal IntPtr Add(T entry)
        {
            lock (entries)
            {
                do
                {
                    last = last == int.MaxValue ? 1 : last + 1;
                }
                while (entries.ContainsKey(last));
                entries.Add(last, entry);
                return new IntPtr(last);
            }
        }

        /// <summary>The object of this number, or null.</summary>
        internal T Find(IntPtr number)
        {
            lock (entries)
            {
                T entry;
                return entries.TryGetValue(number.ToInt32(), out entry) ? entry : null;
            }
        }

        /// <summary>The object of this number, removed, or null.</summary>
        internal T Take(IntPtr number)
        {
            lock (entries)
            {
                T entry;
                if (!entries.TryGetValue(number.ToInt32(), out entry)) return null;
                entries.Remove(number.ToInt32());
                return entry;
            }
        }

        internal T[] All()
        {
            lock (entries)
            {
                T[] all = new T[entries.Count];
                entries.Values.CopyTo(all, 0);
                return all;
            }
        }
    }

    internal static class Tables
    {
        /// <summary>Living clients. A client lives until Destroy, whether or not the app still holds it.</summary>
        internal static readonly NumberedTable<ZIM> Clients = new NumberedTable<ZIM>();

        /// <summary>Requests that the library has taken and not yet completed.</summary>
        internal static readonly NumberedTable<Pending> Requests = new NumberedTable<Pending>();
    }
}
