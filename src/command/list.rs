//! The list of all commands that a line can be read as.

/// Hands the list to a macro, as `Variant(Type)`, whose types are named where that macro is.
///
/// A line is held against all commands of its name, in this order. Where it is none of them, the last says what is
/// wrong with it.
macro_rules! with_commands {
    ($then:ident) => {
        $then! {
            Pid(Pid),
            Version(Version),
            AnnounceVersion(AnnounceVersion),
            Help(Help),
            Net(Net),
            NetworkChange(NetworkChange),
            Signal(Signal),
            Verb(Verb),
            SetVerb(SetVerb),
            Mute(Mute),
            SetMute(SetMute),
            Test(Test),
            Quit(Quit),
            Status(Status),
            LoadStats(LoadStats),
            Nclients(Nclients),
            Hold(Hold),
            SetHold(SetHold),
            HoldRelease(HoldRelease),
            State(State),
            Notifications(Notifications),
            StateHistory(HistoryOf<events::State>),
            LogHistory(HistoryOf<events::LogLine>),
            EchoHistory(HistoryOf<events::Echo>),
            Bytecount(Bytecount),
            ClientAuth(ClientAuth),
            ClientAuthNt(ClientAuthNt),
            ClientDeny(ClientDeny),
            ClientKill(ClientKill),
            ClientPendingAuth(ClientPendingAuth),
            ClientPf(ClientPf),
            EnvFilter(EnvFilter),
            PushUpdate(PushUpdate),
            Kill(KillTarget),
            Username(Username),
            Password(Password),
            NeedOk(NeedOk),
            NeedStr(NeedStr),
            CrResponse(CrResponse),
            ForgetPasswords(ForgetPasswords),
            AuthRetry(AuthRetry),
            SetAuthRetry(SetAuthRetry),
            PkSig(PkSig),
            RsaSig(RsaSig),
            Certificate(Certificate),
            Pkcs11IdCount(Pkcs11IdCount),
            Pkcs11IdGet(Pkcs11IdGet),
            RemoteEntryCount(RemoteEntryCount),
            RemoteEntryGet(RemoteEntryGet),
            Remote(RemoteAction),
            Proxy(ProxyAction),
        }
    };
}

pub(crate) use with_commands;
