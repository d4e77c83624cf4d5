//! [`called!`]: a call that counts as tested, by the name of what is called.

use std::future::Future;

/// The future of a call, which any task may have. The list of what was tested is read from these lines: the method is the
/// one that is named, of the type that is named.
macro_rules! called {
    ($a_trait:ident for $of:ident$(<$parameter:ty>)?: $receiver:ident.$method:ident($($argument:expr),*)) => {{
        let _: &$of$(<$parameter>)? = &$receiver;
        $crate::called::any_task_may_have($receiver.$method($($argument),*))
    }};
    // Of whatever implements it.
    (trait $a_trait:ident: $receiver:ident.$method:ident($($argument:expr),*)) => {
        $crate::called::any_task_may_have($a_trait::$method(&$receiver, $($argument),*))
    };
    ($of:ident$(<$parameter:ty>)?: $receiver:ident.$method:ident($($argument:expr),*)) => {{
        $crate::called::is_of::<$of$(<$parameter>)?>(&$receiver);
        $crate::called::any_task_may_have($receiver.$method($($argument),*))
    }};
    // A function of a module or a type.
    (fn $of:ident::$function:ident($($argument:expr),*)) => {
        $crate::called::any_task_may_have($of::$function($($argument),*))
    };
    (fn $function:ident($($argument:expr),*)) => {
        $crate::called::any_task_may_have($function($($argument),*))
    };
}

pub(crate) use called;

pub(crate) fn is_of<T>(_: &T) {}

pub(crate) fn any_task_may_have<F: Future + Send>(call: F) -> F {
    call
}
