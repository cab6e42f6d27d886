//! What a desktop knows of its network: a NetworkManager and a portal that say what a test wants, on a bus of their own.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::block_on;
use tempfile::TempDir;
use zbus::connection::Builder;

use super::malote::Malote;
use super::secret_service::Bus;

/// Where the program looks for each of them.
const SYSTEM: &str = "DBUS_SYSTEM_BUS_ADDRESS";
const SESSION: &str = "DBUS_SESSION_BUS_ADDRESS";

/// What NetworkManager never says of a line: the test's word for one that does not answer.
pub const SILENCE: u32 = u32::MAX;

struct NetworkManager(Arc<AtomicU32>);

#[zbus::interface(name = "org.freedesktop.NetworkManager")]
impl NetworkManager {
    #[zbus(property)]
    async fn metered(&self) -> u32 {
        match self.0.load(Ordering::Relaxed) {
            SILENCE => std::future::pending().await,
            number => number,
        }
    }
}

struct Portal(bool);

#[zbus::interface(name = "org.freedesktop.portal.NetworkMonitor")]
impl Portal {
    async fn get_metered(&self) -> bool {
        self.0
    }
}

/// A bus with one service on it.
pub struct Network {
    bus: Bus,
    variable: &'static str,
    metered: Arc<AtomicU32>,
    _service: zbus::Connection,
}

impl Network {
    /// NetworkManager, which says this number of the line.
    pub fn manager(number: u32) -> Self {
        let (bus, metered) = (Bus::start(), Arc::new(AtomicU32::new(number)));
        let manager = NetworkManager(Arc::clone(&metered));
        let service = builder(&bus).serve_at("/org/freedesktop/NetworkManager", manager).unwrap();
        let service = block_on(service.name("org.freedesktop.NetworkManager").unwrap().build()).unwrap();
        Self { bus, variable: SYSTEM, metered, _service: service }
    }

    /// The desktop's portal.
    pub fn portal(metered: bool) -> Self {
        let bus = Bus::start();
        let service = builder(&bus).serve_at("/org/freedesktop/portal/desktop", Portal(metered)).unwrap();
        let service = block_on(service.name("org.freedesktop.portal.Desktop").unwrap().build()).unwrap();
        Self { bus, variable: SESSION, metered: Arc::default(), _service: service }
    }

    /// From now on NetworkManager says this.
    pub fn says(&self, number: u32) {
        self.metered.store(number, Ordering::Relaxed);
    }

    pub fn offer_to(&self, malote: &mut Malote) {
        malote.set(self.variable, self.bus.address());
    }
}

fn builder(bus: &Bus) -> Builder<'static> {
    Builder::address(bus.address().to_owned().as_str()).unwrap()
}

/// A system bus that takes connections and never says a word.
pub struct DeadBus {
    folder: TempDir,
    _listener: UnixListener,
}

impl DeadBus {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("bus")).unwrap();
        Self { folder, _listener: listener }
    }

    pub fn offer_to(&self, malote: &mut Malote) {
        malote.set(SYSTEM, &format!("unix:path={}", self.folder.path().join("bus").display()));
    }
}
