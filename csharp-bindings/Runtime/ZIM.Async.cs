using System.Collections.Generic;
using System.Threading.Tasks;
using ZEGO.Interop;

namespace ZEGO
{
    /// <summary>What <see cref="ZIM.CallInviteAsync"/> returns. Ours.</summary>
    public class ZIMCallInviteResult
    {
        /// <summary>The call that was made.</summary>
        public string callID;
        /// <summary>How it was sent.</summary>
        public ZIMCallInvitationSentInfo info;
    }

    /// <summary>What <see cref="ZIM.CallCancelAsync"/> returns. Ours.</summary>
    public class ZIMCallCancelResult
    {
        /// <summary>The call.</summary>
        public string callID;
        /// <summary>Users whose invitation could not be withdrawn, and why.</summary>
        public List<ZIMErrorUserInfo> errorUserList;
    }

    // The same requests as tasks. What follows an await runs where C# always runs it: on the SynchronizationContext of
    // the method that awaits, without one on the thread pool, never inside the client's callbacks.
    public sealed partial class ZIM
    {
        /// <summary><see cref="Login(ZIMUserInfo, string, ZIMLoggedInCallback)"/> as a task.</summary>
        /// <exception cref="ZIMException">The login was refused or failed.</exception>
        public Task LoginAsync(ZIMUserInfo userInfo, string token)
        {
            TaskCompletionSource<bool> done = NewSource<bool>();
            Login(userInfo, token, errorInfo => Finish(done, true, null, errorInfo));
            return done.Task;
        }

        /// <summary><see cref="Login(ZIMUserInfo, ZIMLoggedInCallback)"/> as a task.</summary>
        /// <exception cref="ZIMException">The login was refused or failed.</exception>
        public Task LoginAsync(ZIMUserInfo userInfo)
        {
            return LoginAsync(userInfo, null);
        }

        /// <summary><see cref="RenewToken"/> as a task.</summary>
        /// <exception cref="ZIMException">The token was refused, or the request failed.</exception>
        public Task RenewTokenAsync(string token)
        {
            TaskCompletionSource<bool> done = NewSource<bool>();
            RenewToken(token, (renewed, errorInfo) => Finish(done, true, null, errorInfo));
            return done.Task;
        }

        /// <summary><see cref="UploadLog"/> as a task.</summary>
        /// <exception cref="ZIMException">The server takes no logs, or the request failed.</exception>
        public Task UploadLogAsync()
        {
            TaskCompletionSource<bool> done = NewSource<bool>();
            UploadLog(errorInfo => Finish(done, true, null, errorInfo));
            return done.Task;
        }

        /// <summary><see cref="CallInvite"/> as a task.</summary>
        /// <exception cref="ZIMException">Nobody was invited; it has the callID, if the request was taken.</exception>
        public Task<ZIMCallInviteResult> CallInviteAsync(List<string> invitees, ZIMCallInviteConfig config)
        {
            TaskCompletionSource<ZIMCallInviteResult> done = NewSource<ZIMCallInviteResult>();
            CallInvite(invitees, config, (callID, info, errorInfo) =>
                Finish(done, new ZIMCallInviteResult { callID = callID, info = info }, callID, errorInfo));
            return done.Task;
        }

        /// <summary><see cref="CallCancel"/> as a task.</summary>
        /// <exception cref="ZIMException">Nothing was withdrawn.</exception>
        public Task<ZIMCallCancelResult> CallCancelAsync(List<string> invitees, string callID, ZIMCallCancelConfig config)
        {
            TaskCompletionSource<ZIMCallCancelResult> done = NewSource<ZIMCallCancelResult>();
            ZIMCallCancelSentFullInfoCallback finish = (call, errorUserList, errorInfo) =>
                Finish(done, new ZIMCallCancelResult { callID = call, errorUserList = errorUserList }, call, errorInfo);
            Cancel(invitees, callID, config, new PendingCancel(callID, null, finish));
            return done.Task;
        }

        /// <summary><see cref="CallAccept"/> as a task.</summary>
        /// <exception cref="ZIMException">The invitation is over, or the request failed.</exception>
        public Task CallAcceptAsync(string callID, ZIMCallAcceptConfig config)
        {
            TaskCompletionSource<bool> done = NewSource<bool>();
            CallAccept(callID, config, (call, errorInfo) => Finish(done, true, call, errorInfo));
            return done.Task;
        }

        /// <summary><see cref="CallReject"/> as a task.</summary>
        /// <exception cref="ZIMException">The invitation is over, or the request failed.</exception>
        public Task CallRejectAsync(string callID, ZIMCallRejectConfig config)
        {
            TaskCompletionSource<bool> done = NewSource<bool>();
            CallReject(callID, config, (call, errorInfo) => Finish(done, true, call, errorInfo));
            return done.Task;
        }

        private static TaskCompletionSource<T> NewSource<T>()
        {
            return new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        private static void Finish<T>(TaskCompletionSource<T> done, T result, string callID, ZIMError errorInfo)
        {
            if (errorInfo.code == ZIMErrorCode.Success) done.TrySetResult(result);
            else done.TrySetException(new ZIMException(errorInfo, string.IsNullOrEmpty(callID) ? null : callID));
        }
    }
}
