//! Photos and papers: sniffed, re-encoded, without what the camera wrote into them (place, time, device).

use std::io::Cursor;

use domain::access::Action;
use image::{ImageFormat, ImageReader, Limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::secrets::hex;
use crate::access::{Actor, Of};
use crate::error::{Error, Fault, Result};
use crate::repair::rows::{Attachment, Repair};
use crate::store::query::*;
use crate::store::schema::{attachments, repairs};
use crate::store::types::At;
use crate::store::{Conn, Event, Subject, Tx};

/// The largest file that is taken.
pub const MAX_BYTES: usize = 12 * 1024 * 1024;
/// The longer side of a stored photo, in pixels.
const MAX_SIDE: u32 = 2000;

domain::words! {
    /// What a photo shows.
    Purpose { Condition = "condition", Paper = "paper", Finding = "finding", HandOver = "hand_over" }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentView {
    pub id: String,
    pub purpose: String,
    pub media_type: String,
    pub byte_count: i64,
}

impl AttachmentView {
    pub(crate) fn of(row: &Attachment) -> Self {
        Self { id: row.public_id.clone(), purpose: row.purpose.clone(), media_type: row.media_type.clone(), byte_count: row.byte_count }
    }
}

/// Re-encodes a photo, no larger than it needs to be: what is not pixels does not survive.
///
/// # Errors
/// `Invalid` where it is no JPEG, PNG or WebP, or too large.
pub fn clean_photo(bytes: &[u8]) -> Result<Vec<u8>> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::invalid("file", "file-too-large"));
    }
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(Error::internal)?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(Error::invalid("file", "not-a-photo"));
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(12_000);
    limits.max_image_height = Some(12_000);
    limits.max_alloc = Some(512 * 1024 * 1024);
    reader.limits(limits);
    let photo = reader.decode().map_err(|_| Error::invalid("file", "not-a-photo"))?;
    let photo = if photo.width().max(photo.height()) > MAX_SIDE { photo.thumbnail(MAX_SIDE, MAX_SIDE) } else { photo };
    let mut out = Cursor::new(Vec::new());
    photo.to_rgb8().write_to(&mut out, ImageFormat::Jpeg).map_err(Error::internal)?;
    Ok(out.into_inner())
}

/// Keeps a photo that `clean_photo` made, for a repair or for one that is about to be received.
///
/// # Errors
/// `NotFound` where the repair is not theirs to see.
pub fn add_photo(tx: &mut Tx<'_>, repair: Option<&str>, purpose: Purpose, photo: Vec<u8>) -> Result<AttachmentView> {
    let repair = match repair {
        Some(public_id) => Some(crate::repair::seen(tx.conn, tx.actor, public_id, Action::ViewWork)?),
        None => None,
    };
    tx.actor.may(Action::ViewWork, repair.as_ref().map_or(Of::Anything, Repair::of))?;
    let row = Attachment {
        id: 0,
        public_id: tx.public_id(),
        repair_id: repair.as_ref().map(|repair| repair.id),
        uploaded_by: tx.actor.user_id,
        uploaded_at: At::from(tx.now),
        purpose: purpose.name().to_owned(),
        media_type: "image/jpeg".to_owned(),
        byte_count: i64::try_from(photo.len()).unwrap_or(0),
        sha256: hex(&Sha256::digest(&photo)),
        content: photo,
    };
    let view = AttachmentView::of(&row);
    diesel::insert_into(attachments::table).values(row).execute(tx.conn)?;
    if let Some(repair) = repair {
        let event = Event::AttachmentAdded { purpose: purpose.name().to_owned() };
        tx.record((repair.centre_id, repair.brand_id), &event, &[Subject::Repair(repair.id), Subject::Device(repair.device_id)])?;
    }
    Ok(view)
}

/// Ties photos that were uploaded beforehand to a repair.
pub(crate) fn tie(tx: &mut Tx<'_>, photos: &[String], repair_id: i64, path: &str) -> Result<()> {
    for (index, photo) in photos.iter().enumerate() {
        let own = attachments::table
            .filter(attachments::public_id.eq(photo))
            .filter(attachments::repair_id.is_null())
            .filter(attachments::uploaded_by.eq(tx.actor.user_id))
            .select(attachments::id)
            .first::<i64>(tx.conn)
            .optional()?;
        let Some(id) = own else { return Err(Error::Invalid(vec![Fault::new(format!("{path}[{index}]"), "unknown-reference")])) };
        diesel::update(attachments::table.find(id)).set(attachments::repair_id.eq(Some(repair_id))).execute(tx.conn)?;
    }
    Ok(())
}

/// The bytes of a photo, for those who see its repair, or who uploaded it.
///
/// # Errors
/// `NotFound`.
pub fn photo(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<(String, Vec<u8>)> {
    let row = attachments::table.filter(attachments::public_id.eq(public_id)).select(Attachment::as_select()).first::<Attachment>(conn).optional()?.ok_or(Error::NotFound)?;
    match row.repair_id {
        Some(id) => {
            let (centre, brand) = repairs::table.find(id).select((repairs::centre_id, repairs::brand_id)).first(conn)?;
            actor.finds(&[Action::ViewWork], Of::Work(centre, brand))?;
        }
        None if row.uploaded_by == actor.user_id => {}
        None => return Err(Error::NotFound),
    }
    Ok((row.media_type, row.content))
}

/// The photos of a repair, oldest first.
pub(crate) fn of_repair(conn: &mut Conn, repair_id: i64) -> Result<Vec<AttachmentView>> {
    // Without the bytes: a page asks for each photo by itself.
    let rows = attachments::table
        .filter(attachments::repair_id.eq(repair_id))
        .order(attachments::id)
        .select((attachments::public_id, attachments::purpose, attachments::media_type, attachments::byte_count))
        .load::<(String, String, String, i64)>(conn)?;
    Ok(rows.into_iter().map(|(id, purpose, media_type, byte_count)| AttachmentView { id, purpose, media_type, byte_count }).collect())
}

#[cfg(test)]
mod tests {
    use image::RgbImage;
    use proptest::prelude::proptest;

    use super::*;
    use crate::testing::damages;

    fn photo(format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        RgbImage::from_fn(24, 16, |x, y| image::Rgb([u8::try_from(x * 9).unwrap_or(0), u8::try_from(y * 9).unwrap_or(0), 90])).write_to(&mut out, format).expect("a photo");
        out.into_inner()
    }

    #[test]
    fn a_photo_keeps_its_pixels_and_nothing_else() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let clean = clean_photo(&[photo(format), b"GPS 35.7N 51.4E".to_vec()].concat()).expect("clean");
            assert!(clean.starts_with(b"\xFF\xD8") && !clean.windows(3).any(|window| window == b"GPS"), "{format:?}");
        }
        assert!(matches!(clean_photo(b"<svg onload=alert(1)>"), Err(Error::Invalid(faults)) if faults[0].reason.code == "not-a-photo"));
    }

    proptest! {
        #[test]
        fn a_photo_that_was_damaged_brings_nothing_down(kind in 0..3_usize, damage in damages()) {
            for file in damage.of(photo([ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP][kind])) {
                let _ = clean_photo(&file);
            }
        }
    }
}
