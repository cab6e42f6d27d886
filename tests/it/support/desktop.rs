//! A desktop that prefers dark or light, and whose person chooses files: a portal that says what a test wants, on a session bus
//! of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use zbus::connection::Builder;
use zbus::fdo;
use zbus::message::Header;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};

use super::malote::Malote;
use super::secret_service::Bus;

const PATH: &str = "/org/freedesktop/portal/desktop";
const NAMESPACE: &str = "org.freedesktop.appearance";
const KEY: &str = "color-scheme";

/// What a portal says of dark, light, and the usual colours of a desktop that is not dark.
pub const USUAL: u32 = 0;
pub const DARK: u32 = 1;
pub const LIGHT: u32 = 2;

struct Settings {
    scheme: Arc<AtomicU32>,
    /// The second version of the interface has `ReadOne`.
    version: u32,
}

impl Settings {
    fn value(&self, namespace: &str, key: &str) -> fdo::Result<Value<'static>> {
        if (namespace, key) == (NAMESPACE, KEY) {
            return Ok(Value::U32(self.scheme.load(Ordering::Relaxed)));
        }
        Err(fdo::Error::Failed(format!("no such setting: {namespace} {key}")))
    }
}

#[zbus::interface(name = "org.freedesktop.portal.Settings")]
impl Settings {
    async fn read_one(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
        if self.version < 2 {
            return Err(fdo::Error::UnknownMethod("ReadOne".into()));
        }
        Ok(self.value(namespace, key)?.try_into().unwrap())
    }

    async fn read(&self, namespace: &str, key: &str) -> fdo::Result<OwnedValue> {
        Ok(Value::Value(Box::new(self.value(namespace, key)?)).try_into().unwrap())
    }

    async fn read_all(&self, _namespaces: Vec<String>) -> HashMap<String, HashMap<String, OwnedValue>> {
        HashMap::new()
    }

    #[zbus(signal)]
    async fn setting_changed(
        emitter: &SignalEmitter<'_>,
        namespace: &str,
        key: &str,
        value: Value<'_>,
    ) -> zbus::Result<()>;
}

/// Shows no dialog: the person has chosen before it is asked.
struct FileChooser {
    chosen: String,
    proposed: Arc<Mutex<Vec<String>>>,
}

#[zbus::interface(name = "org.freedesktop.portal.FileChooser")]
impl FileChooser {
    #[zbus(property, name = "version")]
    fn version(&self) -> u32 {
        3
    }

    async fn save_file(
        &self,
        _parent: &str,
        _title: &str,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &zbus::Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let option = |name: &str| String::try_from(options.get(name).unwrap().try_clone().unwrap()).unwrap();
        self.proposed.lock().unwrap().push(option("current_name"));
        let sender = header.sender().unwrap();
        let asker = sender.as_str().trim_start_matches(':').replace('.', "_");
        let request = format!("{PATH}/request/{asker}/{}", option("handle_token"));
        let (path, chosen) = (request.clone(), self.chosen.clone());
        let (connection, asker) = (connection.clone(), sender.to_string());
        // A person takes a moment.
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(300));
            let answer = (0_u32, HashMap::from([("uris", Value::from(vec![chosen]))]));
            let interface = "org.freedesktop.portal.Request";
            let told = connection.emit_signal(Some(asker.as_str()), path.as_str(), interface, "Response", &answer);
            block_on(told).unwrap();
        });
        Ok(OwnedObjectPath::try_from(request).unwrap())
    }
}

pub struct Desktop {
    bus: Bus,
    scheme: Arc<AtomicU32>,
    service: zbus::Connection,
}

impl Desktop {
    /// A portal of this version, which prefers this.
    pub fn preferring(scheme: u32, version: u32) -> Self {
        let (bus, scheme) = (Bus::start(), Arc::new(AtomicU32::new(scheme)));
        let settings = Settings { scheme: Arc::clone(&scheme), version };
        let service = Builder::address(bus.address().to_owned().as_str()).unwrap().serve_at(PATH, settings).unwrap();
        let service = block_on(service.name("org.freedesktop.portal.Desktop").unwrap().build()).unwrap();
        Self { bus, scheme, service }
    }

    /// Who is asked for a file to save chooses this one; the names that are proposed to them.
    pub fn saves_as(&self, file: &Path) -> Arc<Mutex<Vec<String>>> {
        let proposed = Arc::default();
        let chosen = url::Url::from_file_path(file).unwrap().to_string();
        let chooser = FileChooser { chosen, proposed: Arc::clone(&proposed) };
        assert!(block_on(self.service.object_server().at(PATH, chooser)).unwrap());
        proposed
    }

    /// From now on the desktop prefers this, and says so.
    pub fn turns(&self, scheme: u32) {
        self.scheme.store(scheme, Ordering::Relaxed);
        block_on(async {
            let settings = self.service.object_server().interface::<_, Settings>(PATH).await.unwrap();
            let emitter = settings.signal_emitter();
            Settings::setting_changed(emitter, NAMESPACE, "contrast", Value::U32(0)).await.unwrap();
            Settings::setting_changed(emitter, NAMESPACE, KEY, Value::U32(scheme)).await.unwrap();
        });
    }

    pub fn offer_to(&self, malote: &mut Malote) {
        self.bus.offer_to(malote);
    }
}
