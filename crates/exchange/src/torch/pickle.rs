//! Writes the one kind of pickle that a checkpoint needs: dictionaries, texts and tensors, protocol 2, as `torch.save`
//! does.

/// What stands for the tensors' numbers: PyTorch asks for them by key where it reads this.
pub(super) struct Pickle {
    bytes: Vec<u8>,
}

impl Pickle {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0x80, 2] }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes.push(b'X');
        self.bytes.extend((text.len() as u32).to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    /// An empty dictionary, which the items up to [`Pickle::items`] go into.
    pub(super) fn dictionary(&mut self) {
        self.bytes.extend(b"}(");
    }

    pub(super) fn items(&mut self) {
        self.bytes.push(b'u');
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    pub(super) fn tensor(&mut self, key: &str, shape: &[usize]) {
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.bytes.extend(b"((");
        self.text("storage");
        self.global("torch", "FloatStorage");
        self.text(key);
        self.text("cpu");
        self.number(shape.iter().product());
        // The storage's description, a tuple, becomes the storage.
        self.bytes.extend(b"tQ");
        self.number(0);
        self.numbers(shape);
        let strides = (0..shape.len()).map(|place| shape[place + 1..].iter().product());
        self.numbers(&strides.collect::<Vec<usize>>());
        self.bytes.push(0x89);
        self.global("collections", "OrderedDict");
        self.bytes.extend(b")RtR");
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'.');
        self.bytes
    }

    fn global(&mut self, module: &str, name: &str) {
        self.bytes.extend(format!("c{module}\n{name}\n").as_bytes());
    }

    fn numbers(&mut self, numbers: &[usize]) {
        self.bytes.push(b'(');
        numbers.iter().for_each(|number| self.number(*number));
        self.bytes.push(b't');
    }

    fn number(&mut self, number: usize) {
        match i32::try_from(number) {
            Ok(number) => {
                self.bytes.push(b'J');
                self.bytes.extend(number.to_le_bytes());
            }
            // Eight bytes, of which the uppermost bit is the sign.
            Err(_) => {
                self.bytes.extend([0x8a, 8]);
                self.bytes.extend((number as u64).to_le_bytes());
            }
        }
    }
}
