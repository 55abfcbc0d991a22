//! Closed lists with the number the contract and the database both use.

/// Declares an enum whose variants carry their contract number.
macro_rules! coded {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The number in the contract and in the database.
            pub const fn code(self) -> i32 {
                match self { $($name::$variant => $code,)* }
            }

            /// The value of a number; `None` for unspecified and unknown ones.
            pub fn from_code(code: i32) -> Option<$name> {
                $name::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

pub(crate) use coded;
