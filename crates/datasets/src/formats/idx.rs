//! IDX, the format of MNIST: images as sequences of rows, pixels in [0, 1]. The label file stands beside
//! the image file; both may be packed.

use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::formats::decode::{bytes, check_kind};
use crate::formats::{Format, ReadOptions, Rows, files};
use crate::sequence::Sequence;
use crate::series::Series;

pub(super) const FORMAT: Format = Format {
    name: "idx",
    summary: "MNIST's images and labels, a row of pixels per step",
    endings: &["idx3-ubyte", "idx1-ubyte", "idx"],
    columns: false,
    read,
};

pub(super) fn is_folder(path: &Path) -> bool {
    files(path).is_ok_and(|paths| paths.iter().any(|path| is_images(path)))
}

fn is_images(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("idx3-ubyte"))
}

fn read(path: &Path, _options: &ReadOptions) -> Result<Rows, DataError> {
    let images = if path.is_dir() {
        let mut images: Vec<PathBuf> = files(path)?.into_iter().filter(|path| is_images(path)).collect();
        // Unpacked beside the packed file, the images are there twice.
        let bare = images.clone();
        images.retain(|path| {
            path.extension().is_none_or(|ending| ending != "gz") || !bare.contains(&path.with_extension(""))
        });
        images
    } else {
        vec![path.to_path_buf()]
    };
    let mut rows = Rows { name: path.display().to_string(), ..Rows::default() };
    for path in images {
        let (count, shape, pixels) = array(&path)?;
        let [height, width] = shape[..] else {
            return Err(DataError::new(
                format!("{}: {} dimensions an image, expected 2", path.display(), shape.len()),
                "give the file of the images; the labels are found beside it",
            ));
        };
        if height * width == 0 {
            return Err(DataError::new(
                format!("{}: the header says images of {height} rows of {width} pixels", path.display()),
                "expected an IDX file of unsigned bytes, as MNIST has",
            ));
        }
        let labels = label_file(&path)
            .map(|labels| array(&labels).map(|(found, shape, values)| (labels, found, shape, values)))
            .transpose()?;
        if let Some((labels, found, shape, _)) = &labels {
            if !shape.is_empty() {
                return Err(DataError::new(
                    format!("{}: {} dimensions, expected 1", labels.display(), shape.len() + 1),
                    "a file of labels has one number an image",
                ));
            }
            if *found != count {
                return Err(DataError::new(
                    format!("{}: {found} labels for {count} images", labels.display()),
                    "the two files do not belong together",
                ));
            }
        }
        for (index, image) in pixels.chunks(height * width).enumerate() {
            let values = image.iter().map(|pixel| f32::from(*pixel) / 255.0).collect();
            rows.sequences.push(Sequence::Series(Series { values, channels: width }));
            rows.labels.push(labels.as_ref().map_or(String::new(), |(_, _, _, values)| values[index].to_string()));
        }
    }
    Ok(rows)
}

/// Items, shape of an item, and the bytes.
fn array(path: &Path) -> Result<(usize, Vec<usize>, Vec<u8>), DataError> {
    let bytes = bytes(path)?;
    check_kind(&bytes, &path.display().to_string())?;
    let wrong = |message: String| {
        DataError::new(format!("{}: {message}", path.display()), "expected an IDX file of unsigned bytes, as MNIST has")
    };
    let &[0, 0, 8, dimensions] = bytes.first_chunk::<4>().ok_or_else(|| wrong("the file is cut short".into()))? else {
        return Err(wrong("not an IDX file of unsigned bytes".into()));
    };
    let header = 4 + 4 * usize::from(dimensions);
    if bytes.len() < header || dimensions == 0 {
        return Err(wrong("the file is cut short".into()));
    }
    let sizes: Vec<usize> = bytes[4..header]
        .chunks(4)
        .map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]) as usize)
        .collect();
    let Some(expected) = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)) else {
        return Err(wrong(format!("the header says {sizes:?} values, more than any file holds")));
    };
    if bytes.len() - header != expected {
        return Err(wrong(format!("{} values, but the header says {expected}", bytes.len() - header)));
    }
    Ok((sizes[0], sizes[1..].to_vec(), bytes[header..].to_vec()))
}

fn label_file(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_string_lossy().replace("images", "labels").replace("idx3", "idx1");
    let bare = name.strip_suffix(".gz").unwrap_or(&name).to_string();
    let packed = format!("{bare}.gz");
    [name, bare, packed]
        .into_iter()
        .map(|name| images.with_file_name(name))
        .find(|path| path.exists() && path != images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{folder, packed};

    #[test]
    fn images_become_rows_and_labels_are_found() {
        let path = folder("idx");
        std::fs::write(
            path.join("t-images-idx3-ubyte.gz"),
            packed(&[0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 255]),
        )
        .unwrap();
        std::fs::write(path.join("t-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 1, 7]).unwrap();
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences[0], Sequence::Series(Series { values: vec![0.0, 1.0], channels: 1 }));
        assert_eq!(rows.labels, ["7"]);
    }

    #[test]
    fn images_without_pixels_are_refused() {
        let path = folder("idx-zero");
        std::fs::write(path.join("t-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        let message = read(&path, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("images of 0 rows of 1 pixels"), "{message}");
    }

    #[test]
    fn a_header_of_impossible_sizes_is_refused() {
        let path = folder("idx-vast");
        std::fs::write(path.join("t-images-idx3-ubyte"), [&[0, 0, 8, 3][..], &[255; 13]].concat()).unwrap();
        let message = read(&path, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("more than any file holds"), "{message}");
    }

    #[test]
    fn labels_of_two_dimensions_are_refused() {
        let path = folder("idx-labels");
        std::fs::write(path.join("t-images-idx3-ubyte"), [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5]).unwrap();
        std::fs::write(path.join("t-labels-idx1-ubyte"), [0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 0]).unwrap();
        let message = read(&path, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("t-labels-idx1-ubyte: 2 dimensions, expected 1"), "{message}");
    }

    #[test]
    fn images_that_lie_packed_and_unpacked_are_read_once() {
        let path = folder("idx-twice");
        let images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5];
        std::fs::write(path.join("t-images-idx3-ubyte"), images).unwrap();
        std::fs::write(path.join("t-images-idx3-ubyte.gz"), packed(&images)).unwrap();
        assert_eq!(read(&path, &ReadOptions::default()).unwrap().sequences.len(), 1);
    }

    #[test]
    fn packed_images_under_a_name_that_does_not_say_so_are_read() {
        let path = folder("idx-zipped");
        let images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 255];
        std::fs::write(path.join("t-images-idx3-ubyte"), packed(&images)).unwrap();
        std::fs::write(path.join("t-labels-idx1-ubyte"), packed(&[0, 0, 8, 1, 0, 0, 0, 1, 7])).unwrap();
        let rows = read(&path, &ReadOptions::default()).unwrap();
        assert_eq!(rows.sequences, [Sequence::Series(Series { values: vec![1.0], channels: 1 })]);
        assert_eq!(rows.labels, ["7"]);
    }

    #[test]
    fn images_in_another_archive_are_refused_as_packed() {
        let path = folder("idx-archive").join("t-images-idx3-ubyte");
        std::fs::write(&path, b"PK\x03\x04\x14\x00").unwrap();
        let message = read(&path, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("the file is a ZIP archive"), "{message}");
    }

    #[test]
    fn a_truncated_archive_says_so() {
        let path = folder("idx-cut");
        let whole = packed(&[0; 4000]);
        std::fs::write(path.join("x-images-idx3-ubyte.gz"), &whole[..whole.len() / 2]).unwrap();
        let message = read(&path, &ReadOptions::default()).unwrap_err().in_full();
        assert!(message.contains("cut short or damaged") && message.contains("download it again"), "{message}");
    }
}
