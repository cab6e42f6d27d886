//! System calls that drawing a page never needs, and that somebody who has taken over the process that does would: with them
//! gone he can read and draw, and nothing of that leads out of the process but the pixels.

/// Takes them away from this thread and those that it starts. Where the system cannot do that, the process has its limits still.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn enter() {
    // Refused by an error, not by ending the process: fontconfig tries to write its cache, and lives without.
    let refusal = SeccompAction::Errno(libc::EACCES.unsigned_abs());
    let Ok(arch) = std::env::consts::ARCH.try_into() else { return };
    let filter = SeccompFilter::new(rules().collect(), SeccompAction::Allow, refusal, arch);
    if let Some(program) = filter.ok().and_then(|filter| BpfProgram::try_from(filter).ok()) {
        let _ = seccompiler::apply_filter(&program);
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
pub fn enter() {}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
use linux::*;

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod linux {
    pub use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
    use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

    /// The network, other programs and processes, and whatever changes a file. What goes round this filter goes, too.
    const REFUSED: [libc::c_long; 43] = [
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_sendmmsg,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_recvmmsg,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_getfd,
        libc::SYS_io_uring_setup,
        libc::SYS_bpf,
        libc::SYS_mount,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_openat2,
        libc::SYS_unlinkat,
        libc::SYS_renameat,
        libc::SYS_renameat2,
        libc::SYS_mkdirat,
        libc::SYS_mknodat,
        libc::SYS_linkat,
        libc::SYS_symlinkat,
        libc::SYS_truncate,
        libc::SYS_ftruncate,
        libc::SYS_fallocate,
        libc::SYS_fchmod,
        libc::SYS_fchmodat,
        libc::SYS_fchown,
        libc::SYS_fchownat,
        libc::SYS_utimensat,
        libc::SYS_setxattr,
        libc::SYS_keyctl,
        libc::SYS_add_key,
    ];

    /// The same by their older names, which newer processors do not have.
    #[cfg(target_arch = "x86_64")]
    const REFUSED_OLD: [libc::c_long; 12] = [
        libc::SYS_creat,
        libc::SYS_unlink,
        libc::SYS_rename,
        libc::SYS_mkdir,
        libc::SYS_rmdir,
        libc::SYS_mknod,
        libc::SYS_link,
        libc::SYS_symlink,
        libc::SYS_chmod,
        libc::SYS_chown,
        libc::SYS_fork,
        libc::SYS_vfork,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    const REFUSED_OLD: [libc::c_long; 0] = [];

    pub fn rules() -> impl Iterator<Item = (libc::c_long, Vec<SeccompRule>)> {
        #[cfg(target_arch = "x86_64")]
        let open = [(libc::SYS_openat, 2), (libc::SYS_open, 1)];
        #[cfg(not(target_arch = "x86_64"))]
        let open = [(libc::SYS_openat, 2)];
        let always = REFUSED.into_iter().chain(REFUSED_OLD).map(|call| (call, Vec::new()));
        always.chain(open.into_iter().map(|(call, flags)| (call, for_writing(flags))))
    }

    /// Opening in any way but for reading; `flags` is the argument's place.
    fn for_writing(flags: u8) -> Vec<SeccompRule> {
        let bits = |mask: libc::c_int, value: libc::c_int| {
            let (mask, value) = (u64::from(mask.unsigned_abs()), u64::from(value.unsigned_abs()));
            SeccompCondition::new(flags, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(mask), value)
        };
        let ways = [
            (libc::O_ACCMODE, libc::O_WRONLY),
            (libc::O_ACCMODE, libc::O_RDWR),
            (libc::O_CREAT, libc::O_CREAT),
            (libc::O_TRUNC, libc::O_TRUNC),
        ];
        ways.into_iter().filter_map(|(mask, value)| SeccompRule::new(vec![bits(mask, value).ok()?]).ok()).collect()
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use std::fs::{self, File};
    use std::process::Command;
    use std::thread;

    use super::*;

    #[test]
    fn files_can_be_read_and_nothing_else_reached() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "as it was").unwrap();
        let path = file.clone();
        // The filter is the thread's own, and goes with it.
        let inside = thread::spawn(move || {
            enter();
            assert_eq!(fs::read_to_string(&path).unwrap(), "as it was");
            assert!(thread::spawn(|| 7).join().is_ok_and(|seven| seven == 7), "threads are started");
            let refused = [
                ("a socket", std::net::UdpSocket::bind("127.0.0.1:0").is_err()),
                ("a connection", std::net::TcpStream::connect("127.0.0.1:9").is_err()),
                ("a local socket", std::os::unix::net::UnixStream::pair().is_err()),
                ("a program", Command::new("/bin/true").status().is_err()),
                ("writing", File::options().write(true).open(&path).is_err()),
                ("appending", File::options().append(true).open(&path).is_err()),
                ("a new file", File::create(path.with_extension("new")).is_err()),
                ("removing", fs::remove_file(&path).is_err()),
                ("renaming", fs::rename(&path, path.with_extension("old")).is_err()),
                ("a folder", fs::create_dir(path.with_extension("folder")).is_err()),
            ];
            refused.into_iter().filter(|(_, is_refused)| !is_refused).map(|(what, _)| what).collect::<Vec<_>>()
        });
        assert_eq!(inside.join().unwrap(), Vec::<&str>::new());
        assert_eq!(fs::read_to_string(&file).unwrap(), "as it was");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
