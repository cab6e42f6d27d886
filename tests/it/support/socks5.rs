//! A SOCKS5 proxy (RFC 1928) that knows where names lead, and remembers what it was asked for.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub struct Socks5Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Socks5Proxy {
    /// Every name leads to this machine, as names that only the proxy knows do.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = Arc::clone(&proxy.asked);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                thread::spawn(move || serve(client, &asked));
            }
        });
        proxy
    }

    /// As `--proxy` wants it.
    pub fn url(&self) -> String {
        format!("socks5://127.0.0.1:{}", self.port)
    }

    /// `host:port` of each connection that was asked for; a name, if it came as one.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    let [_, methods] = read(&mut client)?;
    io::copy(&mut (&mut client).take(methods.into()), &mut io::sink())?;
    client.write_all(&[5, 0])?;
    let [_, _, _, kind] = read(&mut client)?;
    let host = match kind {
        1 => read::<4>(&mut client)?.map(|octet| octet.to_string()).join("."),
        _ => {
            let [length] = read(&mut client)?;
            let mut name = String::new();
            (&mut client).take(length.into()).read_to_string(&mut name)?;
            name
        }
    };
    let port = u16::from_be_bytes(read(&mut client)?);
    asked.lock().unwrap().push(format!("{host}:{port}"));
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else {
        return client.write_all(&[5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    };
    client.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])?;
    let (up, down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    let upwards = thread::spawn(move || carry(up));
    carry(down);
    let _ended = upwards.join();
    Ok(())
}

fn carry((mut from, mut to): (TcpStream, TcpStream)) {
    let _broken = io::copy(&mut from, &mut to);
    let _closed_already = to.shutdown(Shutdown::Write);
}

fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut octets = [0; N];
    stream.read_exact(&mut octets).map(|()| octets)
}
