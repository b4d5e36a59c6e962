//! Papers, invoices and payments, and messages.

use app::billing::list::InvoiceRow;
use app::billing::paid::PaymentView;
use app::billing::papers::papers_of;
use app::billing::{self, AccountView, CorrectInvoice, InvoiceView, ListInvoices, RecordPayment};
use app::messaging::MessageView;
use app::papers::PaperView;
use axum::http::Method;
use domain::access::Action as A;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use store::error::Result;
use store::views::Page;

use super::Listed;
use crate::api::{Nothing, Operation, file, get, write};

/// The format of a paper.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct DocumentFormat {
    /// For a reception: receipt-a5 (default), receipt-80, receipt-58, label or entry-a4.
    #[schemars(regex(pattern = "^(receipt-a5|receipt-80|receipt-58|label|entry-a4|page)$"))]
    format: Option<String>,
}

pub(super) fn money(out: &mut Vec<Operation>) {
    out.push(get(
        "getCustomerAccount",
        "/customers/{id}/account",
        A::ViewMoney,
        "What a customer owes, with the entries that make it.",
        |conn, actor, call, _: Nothing| -> Result<AccountView> { billing::get_account(conn, actor, call.id()) },
    ));
    out.push(get(
        "listInvoices",
        "/invoices",
        A::ViewMoney,
        "List invoices.",
        |conn, actor, _, query: ListInvoices| -> Result<Page<InvoiceRow>> {
            billing::list_invoices(conn, actor, &query)
        },
    ));
    out.push(get(
        "getInvoice",
        "/invoices/{id}",
        A::ViewMoney,
        "Read an invoice.",
        |conn, actor, call, _: Nothing| -> Result<InvoiceView> { billing::get_invoice(conn, actor, call.id()) },
    ));
    out.push(
        write(
            Method::POST,
            "recordPayment",
            "/invoices/{id}/payments",
            A::RecordPayment,
            "Record what was paid of an invoice.",
            json!({"method": "card", "amount": 5_720_000}),
            |tx, call, body: RecordPayment| -> Result<PaymentView> { billing::record_payment(tx, call.id(), &body) },
        )
        .makes()
        .once(),
    );
    out.push(
        write(
            Method::POST,
            "correctInvoice",
            "/invoices/{id}/correct",
            A::CorrectInvoice,
            "Correct an invoice by a counter-document.",
            json!({"reason": "a wrong price"}),
            |tx, call, body: CorrectInvoice| -> Result<InvoiceView> { billing::correct_invoice(tx, call.id(), &body) },
        )
        .makes()
        .once(),
    );
    out.push(get(
        "listDocuments",
        "/documents/of/{kind}/{id}",
        A::ViewWork,
        "The papers of a reception, a card or an invoice, newest first.",
        |conn, actor, call, _: Nothing| -> Result<Listed<PaperView>> {
            let kind = call.path.get("kind").map_or("", String::as_str);
            let items = papers_of(conn, actor, kind, call.id())?;
            Ok(Listed { items })
        },
    ));
    out.push(file(
        "getDocument",
        "/documents/{id}",
        A::ViewWork,
        "A paper as PDF.",
        |app, actor, call, query: DocumentFormat| {
            crate::pages::papers::draw(app, actor, call.id(), query.format.as_deref())
        },
    ));
}

pub(super) fn messages(out: &mut Vec<Operation>) {
    out.push(write(
        Method::GET,
        "listMessages",
        "/messages",
        A::HandOver,
        "The latest messages to customers: without a route they stand on the screen.",
        json!({}),
        |tx, _, _: Nothing| -> Result<Listed<MessageView>> {
            Ok(Listed { items: app::messaging::latest_messages(tx, 30)? })
        },
    ));
}
