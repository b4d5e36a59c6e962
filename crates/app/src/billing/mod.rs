//! Papers and money: hand-over, invoices, internal cost, payments, counter-documents, and the double-entry ledger
//! beneath them.
//!
//! Words: a *service invoice* is the customer's, a *warranty invoice* a warrantor's; *internal cost* is what the
//! serving house bears itself. Invariants (domain rules 2 and 6): an issued paper never changes, it is corrected by a
//! counter-document; entries of a paper balance; one hand-over makes one invoice per payer; what a person is asked to
//! pay is shown with VAT.

pub mod account;
pub mod hand_over;
pub mod invoices;
pub mod ledger;
pub mod list;
pub mod paid;
pub mod paper;
pub mod papers;
pub mod payments;
pub mod reopen;
pub mod rows;
pub mod view;

pub use account::{AccountView, get_account};
pub use hand_over::{HandOver, HandOverView, Receiver, SendCode, hand_over, send_hand_over_code};
pub use invoices::{CorrectInvoice, correct_invoice};
pub use list::{ListInvoices, list_invoices};
pub use payments::{RecordPayment, record_payment};
pub use reopen::{ReopenRepair, reopen_repair};
pub use view::{InvoiceView, get_invoice};
