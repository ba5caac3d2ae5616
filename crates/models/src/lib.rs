#![doc = include_str!("../README.md")]

mod backbone;
mod cells;
mod config;
mod crew;
mod decoders;
mod encoder;
mod encoders;
mod heads;
mod layers;
mod model;
mod other_weights;
mod sequences;
mod word_table;

pub use backbone::{Backbone, EmbeddingConfig};
pub use cells::{
    Activation, GruConfig, GruLayer, LruConfig, LruLayer, LstmConfig, LstmLayer, MinGruConfig, MinGruLayer,
    MinLstmConfig, MinLstmLayer, QrnnConfig, QrnnLayer, Reset, RnnConfig, RnnLayer, S5Config, S5Layer, SlstmConfig,
    SlstmLayer, SruConfig, SruLayer, State,
};
pub use config::{AnyModel, HeadSize, ModelConfig};
pub use crew::Crew;
pub use decoders::{
    AnyDecoder, Attention, AttentionKind, DecoderSource, Feeding, ImageDecoder, Memory, SequenceDecoder,
    SequenceDecoderConfig, SequenceGenerator, StepGenerator, beam, crf, ctc,
};
pub use encoder::Encoder;
pub use encoders::{
    AnyEncoder, ConvolutionalConfig, ConvolutionalEncoder, DenseConfig, DenseEncoder, ENCODERS, EncoderConfig, Image,
    ImageKind, MOST_WEIGHTS, RecurrentEncoder,
};
pub use heads::{
    Classifier, ClassifierConfig, EncoderOnlyConfig, Forecaster, ForecasterConfig, NumberHead, NumberOutput, Output,
    Regressor, RegressorConfig, Tagger, TaggerConfig, TaggerOutput,
};
pub use layers::{Crf, Pooling, PoolingLayer, Stem, StemConfig, StepOutputs, each_step};
pub use model::SequenceModel;
pub use other_weights::{OtherTensor, Taken, WeightsPart, with_weights_of};
pub use semiseq_schema::InputSize;
pub use sequences::{Input, Sequences};
pub use word_table::with_word_vectors;

/// What a training step does beside a model's passes: with the kernels, which whoever trains a model does not see.
pub use semiseq_kernels::{AdamStep, adam, blend, embedding, scale, sum_of_squares, tanh};
