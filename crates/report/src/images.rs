//! Series that are images (a row per step, as digits are read), side by side in one PNG.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use semiseq_datasets::{Sequence, Series};

/// Channels from which a series is looked at as an image.
const COLUMNS: usize = 8;
/// Images side by side.
const IN_A_ROW: usize = 10;
/// Each value is a square of so many pixels; images are so many pixels apart.
const SCALE: usize = 3;
const GAP: usize = 4;

/// The series, where all of them are images of one size; nothing otherwise.
pub fn of_one_size<'a>(sequences: impl IntoIterator<Item = &'a Sequence>) -> Vec<&'a Series> {
    let mut images: Vec<&Series> = Vec::new();
    for sequence in sequences {
        match sequence {
            Sequence::Series(series)
                if series.channels >= COLUMNS
                    && series.time() >= COLUMNS
                    && images.first().is_none_or(|first| {
                        first.channels == series.channels && first.values.len() == series.values.len()
                    }) =>
            {
                images.push(series);
            }
            _ => return Vec::new(),
        }
    }
    images
}

/// Rows of images as a PNG: each of `rows` images in turn stand below each other, ten to the right. Values from
/// `low` to `high` go from black to white. `None` where there is nothing to draw.
pub fn grid(images: &[&Series], rows: usize, low: f32, high: f32) -> Option<Vec<u8>> {
    let first = images.first()?;
    let (width, height) = (first.channels * SCALE + GAP, first.time() * SCALE + GAP);
    let columns = images.len().div_ceil(rows).min(IN_A_ROW);
    let lines = images.len().div_ceil(rows * columns) * rows;
    let mut sheet = Gray::new(columns * width + GAP, lines * height + GAP, 128);
    for (number, image) in images.iter().enumerate() {
        let (place, row) = (number / rows, number % rows);
        let left = GAP + place % columns * width;
        let top = GAP + (place / columns * rows + row) * height;
        for (step, values) in image.values.chunks(image.channels).enumerate() {
            for (channel, value) in values.iter().enumerate() {
                let level = ((value - low) / (high - low).max(1e-6)).clamp(0.0, 1.0);
                for pixel in 0..SCALE * SCALE {
                    let (x, y) = (left + channel * SCALE + pixel % SCALE, top + step * SCALE + pixel / SCALE);
                    sheet.pixels[y * sheet.width + x] = (level * 255.0).round() as u8;
                }
            }
        }
    }
    sheet.png().ok()
}

/// An image in shades of grey, row by row.
struct Gray {
    width: usize,
    pixels: Vec<u8>,
}

impl Gray {
    fn new(width: usize, height: usize, level: u8) -> Self {
        Self { width, pixels: vec![level; width * height] }
    }

    /// As a PNG (ISO/IEC 15948): one header, one packed block of rows without filters, one end.
    fn png(&self) -> std::io::Result<Vec<u8>> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in self.pixels.chunks(self.width) {
            packed.write_all(&[0])?;
            packed.write_all(row)?;
        }
        let mut header = Vec::new();
        header.extend((self.width as u32).to_be_bytes());
        header.extend(((self.pixels.len() / self.width) as u32).to_be_bytes());
        // Eight bits, grey, and the only methods of packing, filtering and interlacing that there are.
        header.extend([8, 0, 0, 0, 0]);
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (name, data) in [(b"IHDR", header), (b"IDAT", packed.finish()?), (b"IEND", Vec::new())] {
            let mut checksum = Crc::new();
            checksum.update(name);
            checksum.update(&data);
            bytes.extend((data.len() as u32).to_be_bytes());
            bytes.extend(name);
            bytes.extend(&data);
            bytes.extend(checksum.sum().to_be_bytes());
        }
        Ok(bytes)
    }
}

/// The smallest and the largest value.
pub fn range(images: &[&Series]) -> (f32, f32) {
    let values = || images.iter().flat_map(|image| image.values.iter().copied());
    (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    #[test]
    fn pairs_stand_below_each_other() {
        let image = |level: f32| Series { values: vec![level; 64], channels: 8 };
        let images = [image(0.0), image(1.0), image(0.5), image(1.0)];
        let bytes = grid(&images.iter().collect::<Vec<_>>(), 2, 0.0, 1.0).unwrap();
        let size = 8 * SCALE + GAP;
        let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let (width, height) = (number(16), number(20));
        assert_eq!((width, height), (2 * size + GAP, 2 * size + GAP));
        let mut rows = Vec::new();
        ZlibDecoder::new(&bytes[41..41 + number(33)]).read_to_end(&mut rows).unwrap();
        // A row begins with the number of its filter.
        let at = |column: usize, row: usize| rows[(GAP + row * size) * (width + 1) + 1 + GAP + column * size];
        assert_eq!([at(0, 0), at(0, 1), at(1, 0), at(1, 1)], [0, 255, 128, 255]);
        // The checksum of an empty `IEND` block, as the standard gives it.
        assert_eq!(bytes[bytes.len() - 4..], [0xae, 0x42, 0x60, 0x82]);
    }

    #[test]
    fn series_of_unequal_size_are_no_images() {
        let series =
            |steps: usize, channels: usize| Sequence::Series(Series { values: vec![0.0; steps * channels], channels });
        assert_eq!(of_one_size(&[series(9, 8), series(9, 8)]).len(), 2);
        assert!(of_one_size(&[series(9, 8), series(10, 8)]).is_empty());
        assert!(of_one_size(&[series(9, 2)]).is_empty());
    }
}
