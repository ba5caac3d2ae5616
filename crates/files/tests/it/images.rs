//! Images that Pillow wrote (`fixtures/images.py`).

use crate::fixture;
use semiseq_files::png::parse;

const MOST: u64 = 1 << 20;

fn grey() -> Vec<f32> {
    (0..30).map(|place| (place / 5 * 40 + place % 5 * 3) as f32).collect()
}

#[test]
fn images_of_each_kind_have_the_pixels_that_were_written() {
    let of = |name: &str| parse(&fixture(name), MOST).unwrap_or_else(|error| panic!("{name}: {error}"));
    let near = |found: &[f32], expected: &[f32]| found.iter().zip(expected).all(|(a, b)| (a * 255.0 - b).abs() < 1e-3);
    for name in ["grey.png", "deep.png"] {
        let image = of(name);
        assert_eq!((image.width, image.height, image.channels), (5, 6, 1));
        assert!(near(&image.values, &grey()), "{name}");
    }
    let expected: Vec<f32> = grey().iter().flat_map(|value| [*value, 255.0 - value, (value / 2.0).floor()]).collect();
    for name in ["colour.png", "clear.png"] {
        let image = of(name);
        assert_eq!(image.channels, 3);
        assert!(near(&image.values, &expected), "{name}");
    }
    let palette: Vec<f32> = of("palette.png").values.chunks(3).map(|pixel| pixel[0]).collect();
    assert!(near(&palette, &grey()));
    let bits: Vec<f32> = grey().iter().map(|value| if *value > 100.0 { 255.0 } else { 0.0 }).collect();
    assert!(near(&of("bits.png").values, &bits));
}

#[test]
fn what_is_wrong_is_told() {
    let bytes = fixture("grey.png");
    assert!(parse(&bytes[..60], MOST).unwrap_err().contains("the file is cut short"));
    assert!(parse(b"GIF89a", MOST).unwrap_err().contains("no PNG image"));
    assert!(parse(&bytes, 100).unwrap_err().contains("5 × 6 pixels take more than 100 bytes"));
    let mut interlaced = bytes.clone();
    interlaced[28] = 1;
    assert!(parse(&interlaced, MOST).unwrap_err().contains("byte 8: an interlaced image"));
    let mut huge = bytes;
    huge[16..24].fill(0x7f);
    assert!(parse(&huge, MOST).unwrap_err().contains("take more than"));
}
