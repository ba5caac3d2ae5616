//! Arrays that NumPy wrote (`fixtures/arrays.py`).

use crate::fixture;
use semiseq_files::npy::{Values, parse};
use semiseq_files::npz::Archive;

#[test]
fn an_array_in_fortran_order_reads_as_one_in_c_order() {
    let array = parse(&fixture("fortran.npy")).unwrap();
    let expected = (0..24).map(|place| f64::from(place) / 4.0).collect();
    assert_eq!((array.shape, array.values), (vec![2, 3, 4], Values::Floats(expected)));
}

#[test]
fn words_are_read() {
    let array = parse(&fixture("words.npy")).unwrap();
    assert_eq!(array.values, Values::Texts(["rest", "sprint", "größer", ""].map(String::from).to_vec()));
}

#[test]
fn an_archive_holds_arrays_of_each_kind() {
    let bytes = fixture("packed.npz");
    let mut archive = Archive::open(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(archive.names(), ["X", "y", "counts", "small", "halves", "flags", "bytes", "scalar"]);
    let mut of = |name: &str| archive.array(name, 1 << 20).unwrap();
    let x = of("X");
    assert_eq!(x.shape, [4, 5, 3]);
    assert_eq!(x.values, Values::Floats((0..60).map(|place| f64::from(place) / 8.0).collect()));
    assert_eq!(of("counts").values, Values::Integers(vec![1, -2, 300, 4]));
    assert_eq!(of("small").values, Values::Integers(vec![250, 5]));
    let Values::Floats(halves) = of("halves").values else { panic!("floats") };
    assert!(halves[..2] == [0.5, -1.25] && halves[2].is_nan());
    assert_eq!(of("flags").values, Values::Booleans(vec![true, false]));
    assert_eq!(of("bytes").values, Values::Texts(vec!["ab".into(), "c".into()]));
    assert_eq!((of("scalar").shape, of("scalar").values.text(0).unwrap()), (vec![], "7.5".to_string()));
    assert!(archive.array("X", 100).unwrap_err().contains("more than 100 bytes"));
    assert!(archive.array("Z", 100).unwrap_err().contains("`Z.npy` in the archive: "));
}
