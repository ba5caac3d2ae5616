//! What can be downloaded, and from where.

use crate::sources::fetch::fetchable::{Archive, Fetchable, File};

/// All of them.
pub const FETCHABLES: &[Fetchable] = &[
    Fetchable {
        name: "ag-news-small",
        summary: "AG News' official test file as a set of its own: 7,600 news, 4 topics (Zhang, Zhao, LeCun 2015)",
        main: "ag_news.csv",
        files: &[File {
            url: "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/test.csv",
            archive: Archive::None,
            name: "ag_news.csv",
            sha256: "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
        }],
    },
    Fetchable {
        name: "rt-polarity",
        summary: "10,662 movie review sentences, positive or negative (Pang & Lee 2005)",
        main: ".",
        files: &[
            File {
                url: "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
                archive: Archive::TarGz("rt-polaritydata/rt-polarity.neg"),
                name: "rt-polarity.neg",
                sha256: "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
            },
            File {
                url: "https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata.tar.gz",
                archive: Archive::TarGz("rt-polaritydata/rt-polarity.pos"),
                name: "rt-polarity.pos",
                sha256: "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
            },
        ],
    },
    Fetchable {
        name: "sms-spam",
        summary: "5,574 text messages, spam or not (Almeida & Hidalgo 2011)",
        main: "SMSSpamCollection",
        files: &[File {
            url: "https://archive.ics.uci.edu/static/public/228/sms+spam+collection.zip",
            archive: Archive::Zip("SMSSpamCollection"),
            name: "SMSSpamCollection",
            sha256: "d7fbe2c18140dc4ec912a5b82fa44b8d2fc1f6bf319ee9f0ecbe556fd0862efe",
        }],
    },
    Fetchable {
        name: "mnist-10k",
        summary: "MNIST's test files as a set of their own: 10,000 digits (LeCun)",
        main: ".",
        files: &[
            File {
                url: "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz",
                archive: Archive::None,
                name: "t10k-images-idx3-ubyte.gz",
                sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            },
            File {
                url: "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz",
                archive: Archive::None,
                name: "t10k-labels-idx1-ubyte.gz",
                sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            },
        ],
    },
    Fetchable {
        name: "ETTh1",
        summary: "two years of a transformer's oil temperature and load, a row an hour (Zhou et al. 2021)",
        main: "ETTh1.csv",
        files: &[File {
            url: "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",
            archive: Archive::None,
            name: "ETTh1.csv",
            sha256: "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
        }],
    },
    Fetchable {
        name: "JapaneseVowels",
        summary: "UEA archive: 640 utterances of 9 speakers, 12 channels, unequal lengths",
        main: ".",
        files: &[
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/JapaneseVowels.zip",
                archive: Archive::Zip("JapaneseVowels_TRAIN.ts"),
                name: "JapaneseVowels_TRAIN.ts",
                sha256: "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
            },
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/JapaneseVowels.zip",
                archive: Archive::Zip("JapaneseVowels_TEST.ts"),
                name: "JapaneseVowels_TEST.ts",
                sha256: "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
            },
        ],
    },
    Fetchable {
        name: "BasicMotions",
        summary: "UEA archive: 80 movements of 4 kinds, 6 channels",
        main: ".",
        files: &[
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/BasicMotions.zip",
                archive: Archive::Zip("BasicMotions_TRAIN.ts"),
                name: "BasicMotions_TRAIN.ts",
                sha256: "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
            },
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/BasicMotions.zip",
                archive: Archive::Zip("BasicMotions_TEST.ts"),
                name: "BasicMotions_TEST.ts",
                sha256: "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
            },
        ],
    },
    Fetchable {
        name: "GunPoint",
        summary: "UCR archive: 200 hand movements of 2 kinds",
        main: ".",
        files: &[
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/GunPoint.zip",
                archive: Archive::Zip("GunPoint_TRAIN.ts"),
                name: "GunPoint_TRAIN.ts",
                sha256: "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5",
            },
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/GunPoint.zip",
                archive: Archive::Zip("GunPoint_TEST.ts"),
                name: "GunPoint_TEST.ts",
                sha256: "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e",
            },
        ],
    },
    Fetchable {
        name: "ItalyPowerDemand",
        summary: "UCR archive: 1,096 days of power demand, 2 seasons",
        main: ".",
        files: &[
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/ItalyPowerDemand.zip",
                archive: Archive::Zip("ItalyPowerDemand_TRAIN.ts"),
                name: "ItalyPowerDemand_TRAIN.ts",
                sha256: "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
            },
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/ItalyPowerDemand.zip",
                archive: Archive::Zip("ItalyPowerDemand_TEST.ts"),
                name: "ItalyPowerDemand_TEST.ts",
                sha256: "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
            },
        ],
    },
    Fetchable {
        name: "ArrowHead",
        summary: "UCR archive: 211 outlines of arrow heads, 3 kinds",
        main: ".",
        files: &[
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/ArrowHead.zip",
                archive: Archive::Zip("ArrowHead_TRAIN.ts"),
                name: "ArrowHead_TRAIN.ts",
                sha256: "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
            },
            File {
                url: "https://www.timeseriesclassification.com/aeon-toolkit/ArrowHead.zip",
                archive: Archive::Zip("ArrowHead_TEST.ts"),
                name: "ArrowHead_TEST.ts",
                sha256: "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
            },
        ],
    },
];
