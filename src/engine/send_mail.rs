//! One submission session: everything that waits in an account's Outbox.
//!
//! A message's state is on the disk before its first octet leaves. If the connection is lost between the final dot and the
//! answer nobody knows whether it was taken: it is never sent again without the person's word.

use std::sync::Arc;

use async_channel::Receiver;
use futures::FutureExt;

use super::certificate;
use super::endpoint::{endpoint, outgoing_trust};
use super::event::{Event, Offer, Problem};
use super::hub::{Hub, now};
use super::problem::{self, Task, said};
use crate::account::{Account, Security, Server};
use crate::net::{self, Connection, DriveError, Trust};
use crate::protocol::pop3::Credentials;
use crate::protocol::smtp::{self, Mail, Reply, Submission};
use crate::secret::Password;
use crate::store::Outgoing;
use crate::store::types::OutboxState;

/// How the submission of an account's Outbox went.
#[derive(Debug, Default)]
pub(super) struct Submitted {
    pub accepted: u32,
    pub problems: Vec<Problem>,
}

/// Submits what waits. Never fails: what went wrong stands in the problems.
pub(super) async fn flush(hub: &Arc<Hub>, account: &Account, stop: &Receiver<()>) -> Submitted {
    let mut submitted = Submitted::default();
    let waiting = match hub.store.outgoing(Some(account.id)).await {
        Ok(outgoing) => outgoing.into_iter().filter(|mail| mail.state == OutboxState::Waiting).collect::<Vec<_>>(),
        Err(error) => {
            submitted.problems.push(problem::store(Task::SendMail, account, &error));
            return submitted;
        }
    };
    if waiting.is_empty() {
        return submitted;
    }
    let Some(server) = &account.outgoing else {
        submitted.problems.push(*problem::no_outgoing(account));
        return submitted;
    };
    let mut sender = Sender { hub, account, waiting: waiting.into_iter(), current: None, submitted, password: None };
    let ended = {
        let mut conversation = Box::pin(sender.converse(server).fuse());
        let mut stopped = Box::pin(stop.recv().fuse());
        futures::select_biased! {
            ended = conversation => ended,
            _ = stopped => Ok(()),
        }
    };
    sender.settle(ended.err()).await;
    hub.tell(None, Event::MailChanged).await;
    sender.submitted
}

/// Signs in to the outgoing server and out again; what it said, or the problem.
pub(super) async fn test(account: &Account, server: &Server, credentials: Credentials) -> Result<String, Box<Problem>> {
    let task = Task::TestOutgoing;
    let trust = outgoing_trust(account);
    let mut line = match Connection::open(endpoint(account, server, trust)).await {
        Ok(line) => line,
        Err(error) => return Err(broken(task, account, server, DriveError::Net(error)).await),
    };
    let mut session = Submission::new(credentials, server.security == Security::StartTls);
    loop {
        match line.next(&mut session).await {
            Ok(Some(smtp::Event::Ready)) => session.quit(),
            Ok(Some(_)) => {}
            Ok(None) => return Ok(format!("{} accepts mail from you", server.host)),
            Err(error) => return Err(broken(task, account, server, error).await),
        }
    }
}

/// The account's credentials for submission.
pub(super) fn credentials(account: &Account, password: &str) -> Credentials {
    let user = account.outgoing_user.clone().filter(|user| !user.is_empty()).unwrap_or_else(|| account.user.clone());
    Credentials { user, password: password.to_owned().into() }
}

struct Sender<'a> {
    hub: &'a Arc<Hub>,
    account: &'a Account,
    waiting: std::vec::IntoIter<Outgoing>,
    /// The message under way; true: its octets may have left.
    current: Option<(Outgoing, bool)>,
    submitted: Submitted,
    password: Option<Password>,
}

impl Sender<'_> {
    async fn converse(&mut self, server: &Server) -> Result<(), Box<Problem>> {
        let task = Task::SendMail;
        let password =
            self.hub.password(self.account).await.map_err(|error| problem::secret(task, self.account, &error))?;
        self.password = Some(password.clone());
        let opened = Connection::open(endpoint(self.account, server, outgoing_trust(self.account))).await;
        let mut line = match opened {
            Ok(line) => line,
            Err(error) => return Err(broken(task, self.account, server, DriveError::Net(error)).await),
        };
        let credentials = credentials(self.account, password.reveal());
        let mut session = Submission::new(credentials, server.security == Security::StartTls);
        loop {
            match line.next(&mut session).await {
                Ok(Some(event)) => self.handle(event, &mut session).await.map_err(Box::new)?,
                Ok(None) => return Ok(()),
                Err(error) => {
                    if let Some((_, left)) = &mut self.current {
                        // Lost before the server asked for the octets: nothing of it has left, it simply waits.
                        *left &= session.is_uncertain();
                    }
                    return Err(broken(task, self.account, server, error).await);
                }
            }
        }
    }

    async fn handle(&mut self, event: smtp::Event, session: &mut Submission) -> Result<(), Problem> {
        let (account, store) = (self.account, &self.hub.store);
        let failed = |error: crate::store::Error| problem::store(Task::SendMail, account, &error);
        match event {
            smtp::Event::Ready => self.next(session).await?,
            smtp::Event::Recipients => {
                if let Some((mail, left)) = &mut self.current {
                    store.outgoing_sending(mail.key).await.map_err(failed)?;
                    *left = true;
                }
                session.proceed();
            }
            smtp::Event::Accepted(_) => {
                if let Some((mail, _)) = self.current.take() {
                    store.outgoing_sent(mail.key, now()).await.map_err(failed)?;
                    self.submitted.accepted += 1;
                    self.hub.tell(None, Event::OutboxProgress { key: mail.key, state: None }).await;
                }
                self.next(session).await?;
            }
            smtp::Event::Refused { recipient, reply } => {
                self.refused(recipient, &reply).await?;
                self.next(session).await?;
            }
        }
        Ok(())
    }

    async fn next(&mut self, session: &mut Submission) -> Result<(), Problem> {
        let failed = |error: crate::store::Error| problem::store(Task::SendMail, self.account, &error);
        let Some(mail) = self.waiting.next() else {
            session.quit();
            return Ok(());
        };
        let octets = self.hub.store.raw(mail.key).await.map_err(failed)?;
        let from = self.account.identity.address.trim().to_owned();
        session.submit(Mail { from, recipients: mail.recipients.clone(), octets });
        self.current = Some((mail, false));
        Ok(())
    }

    /// A lasting refusal keeps the message in the Outbox until the person acts; a passing one is tried again next time.
    async fn refused(&mut self, recipient: Option<String>, reply: &Reply) -> Result<(), Problem> {
        let Some((mail, _)) = self.current.take() else { return Ok(()) };
        let words = format!("{} {}", reply.code, said(&reply.text));
        let store = &self.hub.store;
        let (kept, state) = if reply.is_permanent() {
            (store.outgoing_refused(mail.key, words.clone()).await, OutboxState::Refused(words.clone()))
        } else {
            (store.outgoing_waiting(mail.key).await, OutboxState::Waiting)
        };
        kept.map_err(|error| problem::store(Task::SendMail, self.account, &error))?;
        self.submitted.problems.push(problem::mail_refused(
            self.account,
            recipient.as_deref(),
            reply.is_permanent(),
            &words,
        ));
        self.hub.tell(None, Event::OutboxProgress { key: mail.key, state: Some(state) }).await;
        Ok(())
    }

    /// The conversation is over, well or not: the message that was under way gets a state that is true.
    async fn settle(&mut self, ended: Option<Box<Problem>>) {
        if let Some((mail, left)) = self.current.take() {
            let (kept, state) = if left {
                (self.hub.store.outgoing_unknown(mail.key).await, OutboxState::Unknown)
            } else {
                (self.hub.store.outgoing_waiting(mail.key).await, OutboxState::Waiting)
            };
            if let Err(error) = kept {
                self.submitted.problems.push(problem::store(Task::SendMail, self.account, &error));
            }
            self.hub.tell(None, Event::OutboxProgress { key: mail.key, state: Some(state) }).await;
            if left {
                self.submitted.problems.push(problem::fate_unknown(self.account));
            }
        }
        self.submitted.problems.extend(ended.map(|problem| *problem));
        if let Some(password) = &self.password {
            self.submitted.problems.iter_mut().for_each(|problem| problem::redact(problem, password.reveal()));
        }
    }
}

async fn broken(task: Task, account: &Account, server: &Server, error: DriveError<smtp::Error>) -> Box<Problem> {
    let fault = match error {
        DriveError::Protocol(error) => return problem::submission(task, account, server, &error),
        DriveError::Net(net::Error::Untrusted(fault)) => fault,
        DriveError::Net(net::Error::PinMismatch) => {
            "it is not the certificate that was trusted for this account".into()
        }
        DriveError::Net(error) => return problem::net(task, account, &error),
    };
    let machine = || Submission::new(Credentials::default(), server.security == Security::StartTls);
    let certificate = certificate::look(endpoint(account, server, Trust::Inspect), machine(), &fault).await;
    let offer = certificate.map(|certificate| Offer::TrustCertificate {
        account: account.id,
        outgoing: true,
        certificate: Box::new(certificate),
    });
    problem::certificate_problem(task, account, &fault, offer)
}
