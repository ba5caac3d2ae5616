//! PNG images (ISO/IEC 15948): grey, coloured or by palette, 1 to 16 bits, without interlacing. Transparency is left
//! out.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// An image.
#[derive(Clone, Debug, PartialEq)]
pub struct PngImage {
    /// Pixels of a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Values of a pixel: 1 of a grey image, 3 (red, green, blue) of a coloured one.
    pub channels: usize,
    /// Row-major `[height, width, channels]`, in [0, 1].
    pub values: Vec<f32>,
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What the header says.
struct Header {
    width: usize,
    height: usize,
    depth: usize,
    kind: u8,
    /// Samples of a pixel in the file.
    samples: usize,
}

/// Reads a whole file; images whose values would take more than `most` bytes are refused.
///
/// # Errors
///
/// What is wrong at which byte.
pub fn parse(bytes: &[u8], most: u64) -> Result<PngImage, String> {
    let mut rest = bytes.strip_prefix(SIGNATURE).ok_or("byte 0: no PNG image by its first bytes")?;
    let (mut header, mut palette, mut packed) = (None, Vec::new(), Vec::new());
    loop {
        let at = bytes.len() - rest.len();
        let cut = || format!("byte {at}: the file is cut short");
        let begin = rest.first_chunk::<8>().ok_or_else(cut)?;
        let length = u32::from_be_bytes([begin[0], begin[1], begin[2], begin[3]]) as usize;
        // Behind a chunk stands its checksum, which the stream of pixels repeats with its own.
        let body = rest.get(8..8 + length).filter(|_| rest.len() >= length + 12).ok_or_else(cut)?;
        match &begin[4..] {
            b"IHDR" => header = Some(header_of(body).map_err(|reason| format!("byte {at}: {reason}"))?),
            b"PLTE" => palette = body.to_vec(),
            b"IDAT" => packed.extend_from_slice(body),
            b"IEND" => break,
            _ => {}
        }
        rest = &rest[length + 12..];
    }
    let header = header.ok_or("byte 8: an image without a header")?;
    let channels: usize = if header.kind & 2 == 2 { 3 } else { 1 };
    let stride = (header.width * header.samples * header.depth).div_ceil(8);
    let count = header.width as u64 * header.height as u64 * channels as u64;
    let raw = (stride as u64 + 1).saturating_mul(header.height as u64);
    if count.saturating_mul(4) > most || raw > most {
        return Err(format!("byte 8: {} × {} pixels take more than {most} bytes", header.width, header.height));
    }
    let mut lines = Vec::new();
    let wanted = raw;
    let unpacked = ZlibDecoder::new(&packed[..]).take(wanted).read_to_end(&mut lines);
    unpacked.map_err(|error| format!("the pixels are damaged: {error}"))?;
    if lines.len() as u64 != wanted {
        return Err(format!("{} bytes of pixels, and the header says {wanted}: the file is cut short", lines.len()));
    }
    unfilter(&mut lines, stride, (header.samples * header.depth).div_ceil(8))?;
    let mut values = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
    let largest = ((1u32 << header.depth) - 1) as f32;
    for line in lines.chunks_exact(stride + 1) {
        for pixel in 0..header.width {
            let sample = |place: usize| sample(&line[1..], pixel * header.samples + place, header.depth);
            if header.kind == 3 {
                let at = 3 * usize::from(sample(0));
                let color = palette.get(at..at + 3).ok_or("a pixel of a colour that the palette lacks")?;
                values.extend(color.iter().map(|value| f32::from(*value) / 255.0));
            } else {
                values.extend((0..channels).map(|place| f32::from(sample(place)) / largest));
            }
        }
    }
    Ok(PngImage { width: header.width, height: header.height, channels, values })
}

fn header_of(body: &[u8]) -> Result<Header, String> {
    let &[a, b, c, d, e, f, g, h, depth, kind, 0, 0, interlaced] = body else {
        return Err("a header that is none of PNG".into());
    };
    let [width, height] = [[a, b, c, d], [e, f, g, h]].map(|size| u32::from_be_bytes(size) as usize);
    let samples = match (kind, depth) {
        (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) => 1,
        (4, 8 | 16) => 2,
        (2, 8 | 16) => 3,
        (6, 8 | 16) => 4,
        _ => return Err(format!("colours of kind {kind} in {depth} bits, which PNG does not know")),
    };
    if interlaced != 0 {
        return Err("an interlaced image, which is not read: save it without interlacing".into());
    }
    // A side of 2³¹ is the largest of PNG.
    if width == 0 || height == 0 || width > i32::MAX as usize || height > i32::MAX as usize {
        return Err(format!("an image of {width} × {height} pixels"));
    }
    Ok(Header { width, height, depth: depth.into(), kind, samples })
}

/// Takes the filter off each line: what was written is the distance from pixels to the left and above.
fn unfilter(lines: &mut [u8], stride: usize, pixel: usize) -> Result<(), String> {
    let mut above = vec![0; stride];
    for (row, line) in lines.chunks_exact_mut(stride + 1).enumerate() {
        let (filter, line) = line.split_at_mut(1);
        for place in 0..stride {
            let left = if place < pixel { 0 } else { line[place - pixel] };
            let corner = if place < pixel { 0 } else { above[place - pixel] };
            let guess = match filter[0] {
                0 => 0,
                1 => left,
                2 => above[place],
                3 => ((u16::from(left) + u16::from(above[place])) / 2) as u8,
                4 => nearest(left, above[place], corner),
                other => return Err(format!("row {}: the filter {other}, which PNG does not know", row + 1)),
            };
            line[place] = line[place].wrapping_add(guess);
        }
        above.copy_from_slice(line);
    }
    Ok(())
}

/// Of three neighbours that which is nearest to `left + above - corner` (Paeth).
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |value: u8| (guess - i16::from(value)).abs();
    match (far(left), far(above), far(corner)) {
        (a, b, c) if a <= b && a <= c => left,
        (_, b, c) if b <= c => above,
        _ => corner,
    }
}

/// A sample of a line, of so many bits.
fn sample(line: &[u8], place: usize, depth: usize) -> u16 {
    match depth {
        8 => line[place].into(),
        16 => u16::from_be_bytes([line[2 * place], line[2 * place + 1]]),
        _ => {
            let bit = place * depth;
            let byte = line[bit / 8] >> (8 - depth - bit % 8);
            u16::from(byte) & ((1 << depth) - 1)
        }
    }
}
