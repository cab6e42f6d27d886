//! What the desktop says of itself: whether it is light or dark, and whether it can ask for a file; and files dragged onto it.
//!
//! On Linux the desktop's portal knows (`org.freedesktop.portal.Settings`, namespace `org.freedesktop.appearance`, key
//! `color-scheme`); elsewhere the windowing library tells by itself.

#[cfg(target_os = "linux")]
pub mod drag;

/// Where nothing can be dragged out of the window.
#[cfg(not(target_os = "linux"))]
pub mod drag {
    use std::path::Path;

    /// Cannot be made.
    pub enum Drag {}

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Stage {
        Refused,
        Taken,
        Over,
    }

    pub fn is_possible<W>(_window: &W) -> bool {
        false
    }

    impl Drag {
        /// # Errors
        /// Always.
        pub fn start(_file: &Path, _wake: impl Fn() + Send + 'static) -> std::io::Result<Self> {
            Err(std::io::ErrorKind::Unsupported.into())
        }

        pub fn stage(&self) -> Stage {
            match *self {}
        }
    }
}

/// Tells whether the desktop is dark, now and whenever that changes, from a thread of its own. Where nobody knows, nothing is
/// told.
#[cfg(target_os = "linux")]
pub fn follow_color_scheme(tell: impl Fn(bool) + Send + 'static) {
    // Without the thread the window is as it would be on a desktop without a portal.
    let _looks_as_it_did = std::thread::Builder::new().name("color-scheme".into()).spawn(move || {
        // No bus, no portal, or one that went away: the last word stands.
        let _gone = futures::executor::block_on(portal::follow(tell));
    });
}

/// Tells nothing.
#[cfg(not(target_os = "linux"))]
pub fn follow_color_scheme(_tell: impl Fn(bool) + Send + 'static) {}

/// Whether there is anything that shows a person the dialogs in which files are chosen: the desktop's portal
/// (`org.freedesktop.portal.FileChooser`) or zenity. Asks the session bus and waits for its answer: for a thread of its own.
#[cfg(target_os = "linux")]
pub fn has_file_dialogs() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    futures::executor::block_on(portal::has_file_chooser()).unwrap_or_default()
        || std::env::split_paths(&path).any(|folder| !folder.as_os_str().is_empty() && folder.join("zenity").is_file())
}

/// Every other system has its own.
#[cfg(not(target_os = "linux"))]
pub fn has_file_dialogs() -> bool {
    true
}

#[cfg(target_os = "linux")]
mod portal {
    use futures::StreamExt;
    use zbus::connection::Builder;
    use zbus::proxy::CacheProperties;
    use zbus::zvariant::{OwnedValue, Value};
    use zbus::{Proxy, Result};

    const NAMESPACE: &str = "org.freedesktop.appearance";
    const KEY: &str = "color-scheme";

    async fn interface(name: &'static str) -> Result<Proxy<'static>> {
        let bus = Builder::session()?.build().await?;
        zbus::proxy::Builder::new(&bus)
            .destination("org.freedesktop.portal.Desktop")?
            .path("/org/freedesktop/portal/desktop")?
            .interface(name)?
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// A portal that has nobody to show the dialog does not have the interface.
    pub async fn has_file_chooser() -> Result<bool> {
        let version: u32 = interface("org.freedesktop.portal.FileChooser").await?.get_property("version").await?;
        Ok(version > 0)
    }

    pub async fn follow(tell: impl Fn(bool)) -> Result<()> {
        let proxy = interface("org.freedesktop.portal.Settings").await?;
        // Listened to before it is asked, so that no change falls between the two.
        let mut changes = proxy.receive_signal("SettingChanged").await?;
        // `ReadOne` has come with the second version of the interface; `Read`, before it, wraps the value twice.
        let now: Result<OwnedValue> = match proxy.call("ReadOne", &(NAMESPACE, KEY)).await {
            Ok(value) => Ok(value),
            Err(_) => proxy.call("Read", &(NAMESPACE, KEY)).await,
        };
        if let Some(dark) = now.ok().and_then(|value| is_dark(&value)) {
            tell(dark);
        }
        while let Some(change) = changes.next().await {
            let body = change.body();
            let Ok((namespace, key, value)) = body.deserialize::<(&str, &str, Value<'_>)>() else { continue };
            if (namespace, key) == (NAMESPACE, KEY)
                && let Some(dark) = is_dark(&value)
            {
                tell(dark);
            }
        }
        Ok(())
    }

    /// 1 prefers dark, 2 prefers light; anything else has no preference, which is what a desktop says that was turned from dark
    /// back to its usual colours. None: no number.
    fn is_dark(value: &Value<'_>) -> Option<bool> {
        match value {
            Value::U32(scheme) => Some(*scheme == 1),
            Value::Value(inner) => is_dark(inner),
            _ => None,
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_preference_is_understood_however_often_it_is_wrapped() {
            let wrapped = |number: u32| Value::Value(Box::new(Value::U32(number)));
            for (number, dark) in [(0, Some(false)), (1, Some(true)), (2, Some(false)), (3, Some(false))] {
                assert_eq!(is_dark(&Value::U32(number)), dark, "{number}");
                assert_eq!(is_dark(&wrapped(number)), dark, "{number}, wrapped");
            }
            assert_eq!(is_dark(&Value::from("dark")), None);
        }
    }
}
