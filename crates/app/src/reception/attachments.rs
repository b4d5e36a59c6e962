//! Photos and papers: sniffed, re-encoded upright, without what the camera wrote into them (place, time, device).

use std::io::Cursor;
use std::time::Duration;

use domain::access::Action;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::secrets::hex;
use crate::repair::rows::{Attachment, Repair};
use store::error::{Error, Fault, Reason, Result};
use store::gate::Gate;
use store::query::*;
use store::rights::{Actor, Of};
use store::schema::{attachments, repairs};
use store::types::At;
use store::{Conn, Event, Subject, Tx, local_date};

/// The largest file that is taken.
pub const MAX_BYTES: usize = 12 * 1024 * 1024;
/// The longer side of a stored photo, in pixels.
const MAX_SIDE: u32 = 2000;
/// What decoding a photo may take, in bytes, whatever its sides are: a JPEG of fifty megapixels fits, and a panorama of
/// 12,600 by 900.
const MAX_DECODED: u64 = 160_000_000;
/// The longest side that is decoded: what a JPEG can have. Of each row a decoder holds a few.
const LONGEST: u32 = 65_535;
/// What a decoder may take for what stands beside the pixels: a colour profile, texts.
const MAX_BESIDE: u64 = 64 * 1024 * 1024;

/// One photo is decoded at a time; the others wait as files, and none of them within a write.
static DECODING: Gate = Gate::new("photos", 1);
const PATIENCE: Duration = Duration::from_secs(30);

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
        Self {
            id: row.public_id.clone(),
            purpose: row.purpose.clone(),
            media_type: row.media_type.clone(),
            byte_count: row.byte_count,
        }
    }
}

/// Re-encodes a photo, upright and no larger than it needs to be: what is not pixels does not survive. It takes long,
/// and memory: it is done before the write begins.
///
/// # Errors
/// `Invalid` at `path` where it is no JPEG, PNG or WebP, or too large; `Unavailable` where too many wait.
pub fn clean_photo(bytes: Vec<u8>, path: &'static str) -> Result<Vec<u8>> {
    let wrong = |reason| Error::Invalid(vec![Fault { path: path.to_owned(), reason }]);
    if bytes.len() > MAX_BYTES {
        return Err(wrong(
            Reason::new("photo-too-heavy").with("limit", i64::try_from(MAX_BYTES / (1024 * 1024)).unwrap_or(0)),
        ));
    }
    DECODING.pass_within(PATIENCE, move || encoded_anew(bytes))?.map_err(wrong)
}

fn encoded_anew(bytes: Vec<u8>) -> Result<Vec<u8>, Reason> {
    let wrong = |error: ImageError| match error {
        ImageError::Limits(_) => Reason::new("photo-too-long").with("limit", i64::from(LONGEST)),
        _ => Reason::new("not-a-photo"),
    };
    let mut reader =
        ImageReader::new(Cursor::new(bytes.as_slice())).with_guessed_format().map_err(|error| wrong(error.into()))?;
    let Some(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) = reader.format() else {
        return Err(Reason::new("not-a-photo"));
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(MAX_BESIDE);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(wrong)?;
    let (width, height) = decoder.dimensions();
    let pixels =
        (u64::from(width) * u64::from(height)).max(if format == ImageFormat::WebP { inner_pixels(&bytes) } else { 0 });
    fits(pixels, bytes_a_pixel(format, u64::from(decoder.color_type().bytes_per_pixel()), &bytes))?;
    let orientation = if says_its_size(&bytes) {
        decoder.orientation().unwrap_or(Orientation::NoTransforms)
    } else {
        Orientation::NoTransforms
    };
    let photo = DynamicImage::from_decoder(decoder).map_err(wrong)?;
    drop(bytes);
    let mut photo = no_larger(photo);
    photo.apply_orientation(orientation);
    let mut out = Cursor::new(Vec::new());
    photo.to_rgb8().write_to(&mut out, ImageFormat::Jpeg).map_err(wrong)?;
    Ok(out.into_inner())
}

/// A photo as it is stored; the large one is given up here.
fn no_larger(photo: DynamicImage) -> DynamicImage {
    if photo.width().max(photo.height()) > MAX_SIDE { photo.thumbnail(MAX_SIDE, MAX_SIDE) } else { photo }
}

fn fits(pixels: u64, each: u64) -> Result<(), Reason> {
    if pixels.saturating_mul(each) <= MAX_DECODED {
        return Ok(());
    }
    let megapixels = |pixels: u64| i64::try_from(pixels / 1_000_000).unwrap_or(i64::MAX);
    Err(Reason::new("photo-too-large")
        .with("megapixels", megapixels(pixels.saturating_add(999_999)))
        .with("limit", megapixels(MAX_DECODED / each)))
}

/// How many bytes a pixel takes at most while a photo is decoded: its samples, and what the decoder holds of it beside
/// them.
fn bytes_a_pixel(format: ImageFormat, samples: u64, bytes: &[u8]) -> u64 {
    match format {
        ImageFormat::Jpeg => samples + coefficients(bytes),
        // Planes of luma and chroma, or a layer with alpha; of an animation the canvas and the frame too.
        ImageFormat::WebP => 12,
        _ => samples,
    }
}

/// What a JPEG's decoder holds of each pixel until the last scan was read, in bytes: nothing where one scan has all,
/// else two of each component. Heads of frames and scans are looked for wherever they stand, also after filling zeros
/// as decoders allow them, so that none can be hidden.
fn coefficients(jpeg: &[u8]) -> u64 {
    let is_marker = |window: &[u8], marker: std::ops::RangeInclusive<u8>| {
        matches!(window[0], 0xFF | 0) && marker.contains(&window[1])
    };
    let length = |window: &[u8]| u16::from_be_bytes([window[2], window[3]]);
    let (mut components, mut is_refined) = (0, false);
    for frame in jpeg
        .windows(10)
        .filter(|window| is_marker(window, 0xC0..=0xC2) && length(window) == 8 + 3 * u16::from(window[9]))
    {
        components = components.max(frame[9]);
        is_refined |= frame[1] == 0xC2;
    }
    let mut scans = jpeg
        .windows(5)
        .filter(|window| is_marker(window, 0xDA..=0xDA) && length(window) == 6 + 2 * u16::from(window[4]));
    is_refined |= scans.any(|scan| scan[4] < components);
    if is_refined { 2 * u64::from(components) } else { 0 }
}

/// The pixels of the largest frame within a WebP: its head may tell of fewer, and the decoder finds out when it has
/// taken the memory.
fn inner_pixels(webp: &[u8]) -> u64 {
    let frames = webp.windows(18).filter(|window| window.starts_with(b"VP8 ") && window[11..14] == [0x9D, 0x01, 0x2A]);
    let side = |low: u8, high: u8| u64::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    frames.map(|frame| side(frame[14], frame[15]) * side(frame[16], frame[17])).max().unwrap_or(0)
}

/// Whether what a WebP says of the length of its EXIF can be: the decoder takes as much memory as it says.
fn says_its_size(bytes: &[u8]) -> bool {
    let mut said = bytes
        .windows(8)
        .filter(|window| window.starts_with(b"EXIF"))
        .map(|window| u32::from_le_bytes([window[4], window[5], window[6], window[7]]));
    !bytes.starts_with(b"RIFF") || said.all(|size| usize::try_from(size).is_ok_and(|size| size <= bytes.len()))
}

/// Keeps a photo that `clean_photo` made, for a repair or for one that is about to be received.
///
/// # Errors
/// `NotFound` where the repair is not theirs to see; `Conflict` after hand-over.
pub fn add_photo(tx: &mut Tx<'_>, repair: Option<&str>, purpose: Purpose, photo: Vec<u8>) -> Result<AttachmentView> {
    let repair = match repair {
        Some(public_id) => {
            let repair = crate::repair::work::seen(tx.conn, tx.actor, public_id, Action::ViewWork)?;
            // That of the hand-over is made when it is over, on the day.
            let today = local_date(tx.now, &tx.actor.zone);
            let is_of_hand_over = purpose == Purpose::HandOver
                && repair.outcome.as_deref() != Some("cancelled")
                && repair.handed_over_at.is_some_and(|at| local_date(at.instant(), &tx.actor.zone) == today);
            if !is_of_hand_over {
                crate::repair::work::not_over(&repair)?;
            }
            Some(repair)
        }
        None => None,
    };
    // A photo is added by whose hands the device goes through.
    tx.actor.may(Action::MoveRepair, repair.as_ref().map_or(Of::Anything, Repair::of))?;
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
        tx.record(
            (repair.centre_id, repair.brand_id),
            &event,
            &[Subject::Repair(repair.id), Subject::Device(repair.device_id)],
        )?;
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
        let Some(id) = own else {
            return Err(Error::Invalid(vec![Fault::new(format!("{path}[{index}]"), "unknown-reference")]));
        };
        diesel::update(attachments::table.find(id)).set(attachments::repair_id.eq(Some(repair_id))).execute(tx.conn)?;
    }
    Ok(())
}

/// The bytes of a photo, for those who see its repair, or who uploaded it.
///
/// # Errors
/// `NotFound`.
pub fn photo(conn: &mut Conn, actor: &Actor, public_id: &str) -> Result<(String, Vec<u8>)> {
    let row = attachments::table
        .filter(attachments::public_id.eq(public_id))
        .select(Attachment::as_select())
        .first::<Attachment>(conn)
        .optional()?
        .ok_or(Error::NotFound)?;
    match row.repair_id {
        Some(id) => {
            let (centre, brand) =
                repairs::table.find(id).select((repairs::centre_id, repairs::brand_id)).first(conn)?;
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
    Ok(rows
        .into_iter()
        .map(|(id, purpose, media_type, byte_count)| AttachmentView { id, purpose, media_type, byte_count })
        .collect())
}

#[cfg(test)]
mod tests {
    use image::RgbImage;
    use proptest::prelude::proptest;

    use super::*;
    use crate::reception::correct::{CancelReception, cancel_reception};
    use crate::testing::{RECEPTIONIST, damages, in_a_house, told};

    fn photo(format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        RgbImage::from_fn(24, 16, |x, y| {
            image::Rgb([u8::try_from(x * 9).unwrap_or(0), u8::try_from(y * 9).unwrap_or(0), 90])
        })
        .write_to(&mut out, format)
        .expect("a photo");
        out.into_inner()
    }

    #[test]
    fn a_photo_is_added_to_what_is_in_hand() {
        in_a_house(|house| {
            house.at("1405/09/02 08:00");
            let customer = house.customer("زهرا کریمی", "09123456789");
            let device = house.device("TV-1", "T-1", "1404/01/15", &[]);
            let visit = house.receive(&customer, &[(&device, "no-power")]);
            let add = || {
                let add = |tx: &mut Tx<'_>| {
                    add_photo(tx, Some(&visit.repairs[0].id), Purpose::Finding, photo(ImageFormat::Jpeg))
                };
                told(house.by(RECEPTIONIST, add))
            };
            assert_eq!(add(), "done");
            // That of the hand-over is made on its day.
            let other = house.device("TV-1", "T-2", "1404/01/15", &[]);
            let ended = house.receive(&customer, &[(&other, "no-power")]);
            house.ready(&ended.repairs[0].id);
            house.hand_over(&ended.id, &[&ended.repairs[0].id]);
            let after = |purpose: Purpose| {
                let add =
                    |tx: &mut Tx<'_>| add_photo(tx, Some(&ended.repairs[0].id), purpose, photo(ImageFormat::Jpeg));
                told(house.by(RECEPTIONIST, add))
            };
            assert_eq!(
                (after(Purpose::HandOver).as_str(), after(Purpose::Finding).as_str()),
                ("done", "already-handed-over")
            );
            house.at("1405/09/03 08:00");
            assert_eq!(after(Purpose::HandOver), "already-handed-over");
            house.at("1405/09/02 12:00");
            let off = CancelReception { reason: "-".to_owned() };
            house.by(RECEPTIONIST, |tx| cancel_reception(tx, &visit.id, None, &off)).expect("cancelled");
            assert_eq!(add(), "reception-cancelled");
        });
    }

    fn reason_of(cleaned: Result<Vec<u8>>) -> Reason {
        match cleaned {
            Err(Error::Invalid(mut faults)) => faults.remove(0).reason,
            other => panic!("{other:?}"),
        }
    }

    /// The segment of a JPEG that begins with a marker, from that marker on.
    fn segment(jpeg: &mut [u8], marker: u8) -> &mut [u8] {
        let place = jpeg.windows(2).position(|pair| pair == [0xFF, marker]).expect("the segment");
        &mut jpeg[place..]
    }

    /// A JPEG whose head tells of other sides than its pixels have.
    fn of_size(width: u16, height: u16) -> Vec<u8> {
        let mut jpeg = photo(ImageFormat::Jpeg);
        let head = segment(&mut jpeg, 0xC0);
        head[5..7].copy_from_slice(&height.to_be_bytes());
        head[7..9].copy_from_slice(&width.to_be_bytes());
        jpeg
    }

    #[test]
    fn a_photo_keeps_its_pixels_and_nothing_else() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
            let clean = clean_photo([photo(format), b"GPS 35.7N 51.4E".to_vec()].concat(), "file").expect("clean");
            assert!(clean.starts_with(b"\xFF\xD8") && !clean.windows(3).any(|window| window == b"GPS"), "{format:?}");
        }
        assert_eq!(reason_of(clean_photo(b"<svg onload=alert(1)>".to_vec(), "file")).code, "not-a-photo");
    }

    #[test]
    fn a_photo_that_was_taken_sideways_is_stored_upright() {
        // Its left half is dark and its right half bright; turned as the camera says (6: a quarter to the right), the
        // dark half is above.
        let taken =
            RgbImage::from_fn(64, 32, |x, _| if x < 32 { image::Rgb([0, 0, 0]) } else { image::Rgb([255, 255, 255]) });
        let mut out = Cursor::new(Vec::new());
        taken.write_to(&mut out, ImageFormat::Jpeg).expect("a photo");
        let said = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
        let length = u16::try_from(said.len() + 2).expect("a length").to_be_bytes();
        let jpeg = [&b"\xFF\xD8\xFF\xE1"[..], &length, said, &out.get_ref()[2..]].concat();
        let clean = clean_photo(jpeg, "file").expect("clean");
        let upright = image::load_from_memory(&clean).expect("a photo").to_rgb8();
        assert_eq!(upright.dimensions(), (32, 64));
        assert!(upright.get_pixel(16, 4).0[0] < 40 && upright.get_pixel(16, 60).0[0] > 215);
        assert!(!clean.windows(4).any(|window| window == b"Exif"), "what is upright needs no word of it");
    }

    #[test]
    fn a_photo_that_is_too_large_is_told_so_with_the_size_that_fits() {
        let refused = reason_of(clean_photo(of_size(20_000, 20_000), "file"));
        assert_eq!(refused, Reason::new("photo-too-large").with("megapixels", 400).with("limit", 53));
        assert_eq!(reason_of(clean_photo(vec![0; MAX_BYTES + 1], "file")).code, "photo-too-heavy");
        for (pixels, each) in [(50_000_000, 3), (12_600 * 900, 4)] {
            assert_eq!(fits(pixels, each), Ok(()), "{pixels}");
        }
        assert!(fits(u64::MAX, 8).is_err());
    }

    #[test]
    fn what_a_decoder_holds_beside_the_pixels_is_counted() {
        assert_eq!(coefficients(&photo(ImageFormat::Jpeg)), 0);
        let mut refined = of_size(5_000, 5_000);
        segment(&mut refined, 0xC0)[1] = 0xC2;
        assert_eq!(coefficients(&refined), 6);
        assert_eq!(
            reason_of(clean_photo(refined, "file")),
            Reason::new("photo-too-large").with("megapixels", 25).with("limit", 17)
        );
        let in_three_scans = [&photo(ImageFormat::Jpeg)[..], b"\xFF\xDA\0\x08\x01"].concat();
        assert_eq!(coefficients(&in_three_scans), 6);

        // A frame that is larger than the head says.
        let mut hidden = photo(ImageFormat::WebP);
        hidden.extend(b"VP8 \0\0\0\0\0\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F");
        assert_eq!(
            reason_of(clean_photo(hidden, "file")),
            Reason::new("photo-too-large").with("megapixels", 269).with("limit", 13)
        );
    }

    proptest! {
        #[test]
        fn a_photo_that_was_damaged_brings_nothing_down(kind in 0..3_usize, damage in damages()) {
            for file in damage.of(photo([ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP][kind])) {
                let _ = clean_photo(file, "file");
            }
        }
    }
}
