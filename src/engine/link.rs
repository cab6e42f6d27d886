//! Whether the line is metered, as the system knows it: NetworkManager on the system bus, or else the desktop's portal on the
//! session bus.

use std::time::Duration;

/// How long anybody is waited for; who has not answered by then knows nothing.
const LIMIT: Duration = Duration::from_millis(500);

/// What the system says of the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    Metered,
    /// NetworkManager takes it for metered, by what the network says of itself.
    ProbablyMetered,
    Unmetered,
    /// Nobody here knows: it counts as not metered.
    #[default]
    Unknown,
}

impl Link {
    pub fn is_metered(self) -> bool {
        matches!(self, Self::Metered | Self::ProbablyMetered)
    }

    /// NetworkManager's `NMMetered`.
    #[cfg(target_os = "linux")]
    fn of_network_manager(number: u32) -> Self {
        match number {
            1 => Self::Metered,
            2 | 4 => Self::Unmetered,
            3 => Self::ProbablyMetered,
            _ => Self::Unknown,
        }
    }
}

/// Asks the system. An error, or silence, is no answer.
pub(super) async fn ask() -> Link {
    // Finding a bus may touch the disk; and whoever waits here shall not make the visits of other accounts wait.
    async_std::task::spawn_blocking(|| {
        async_std::task::block_on(async { async_std::future::timeout(LIMIT, asked()).await.unwrap_or_default() })
    })
    .await
}

#[cfg(target_os = "linux")]
async fn asked() -> Link {
    match bus::network_manager().await {
        Ok(number) => Link::of_network_manager(number),
        Err(_) => match bus::portal().await {
            Ok(true) => Link::Metered,
            Ok(false) => Link::Unmetered,
            Err(_) => Link::Unknown,
        },
    }
}

#[cfg(not(target_os = "linux"))]
async fn asked() -> Link {
    Link::Unknown
}

#[cfg(target_os = "linux")]
mod bus {
    use zbus::connection::Builder;
    use zbus::names::BusName;
    use zbus::proxy::{CacheProperties, MethodFlags};
    use zbus::zvariant::OwnedValue;
    use zbus::{Proxy, Result};

    pub async fn network_manager() -> Result<u32> {
        const NAME: &str = "org.freedesktop.NetworkManager";
        let bus = Builder::system()?.build().await?;
        let path = "/org/freedesktop/NetworkManager";
        let proxy = proxy(&bus, NAME, path, "org.freedesktop.DBus.Properties").await?;
        // Where it is installed and switched off it stays so: reading mail starts no services.
        let flags = MethodFlags::NoAutoStart.into();
        let value: Option<OwnedValue> = proxy.call_with_flags("Get", flags, &(NAME, "Metered")).await?;
        Ok(value.ok_or(zbus::Error::InvalidReply)?.try_into()?)
    }

    pub async fn portal() -> Result<bool> {
        let bus = Builder::session()?.build().await?;
        let name = "org.freedesktop.portal.Desktop";
        let path = "/org/freedesktop/portal/desktop";
        proxy(&bus, name, path, "org.freedesktop.portal.NetworkMonitor").await?.call("GetMetered", &()).await
    }

    async fn proxy<'a>(bus: &zbus::Connection, name: &'a str, path: &'a str, interface: &'a str) -> Result<Proxy<'a>> {
        let name = BusName::try_from(name)?;
        let builder = zbus::proxy::Builder::new(bus).destination(name)?.path(path)?.interface(interface)?;
        builder.cache_properties(CacheProperties::No).build().await
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_network_manager_says_is_understood() {
        for (number, link, is_metered) in [
            (0, Link::Unknown, false),
            (1, Link::Metered, true),
            (2, Link::Unmetered, false),
            (3, Link::ProbablyMetered, true),
            (4, Link::Unmetered, false),
            (5, Link::Unknown, false),
        ] {
            assert_eq!(Link::of_network_manager(number), link, "{number}");
            assert_eq!(link.is_metered(), is_metered, "{link:?}");
        }
    }
}
