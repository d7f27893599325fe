//! Closed sets of words: an enum whose variants each have one upper-snake name, in the store, the ledger and the
//! rule files alike.

/// Makes an enum with `ALL`, `as_str` and `parse`. The word is the wire name without its type's prefix.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        pub enum $name { $($(#[$item])* #[serde(rename = $word)] $variant),* }

        impl $name {
            /// Every one, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),*];
            /// Its word.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $word),* } }
            /// The one of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

pub(crate) use words;
