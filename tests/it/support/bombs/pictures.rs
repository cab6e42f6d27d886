//! Pictures that are small as files and huge once decoded, written by hand: no library makes them without holding all
//! of their pixels.

/// 388 KB that decode to 400 MB of grey, or 1.6 GB of RGBA.
pub fn large_png() -> Vec<u8> {
    black_png(20_000, 20_000, 20_001 * 20_000)
}

/// Says that it has more pixels than there is memory for, and holds the first thousand octets of them.
pub fn endless_png() -> Vec<u8> {
    black_png(0x7FFF_FFFF, 0x7FFF_FFFF, 1_000)
}

/// A grey picture of 8 bits a pixel, all black: a row is an octet that says “no filter”, and a nought for every pixel.
fn black_png(width: u32, height: u32, noughts: u64) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend_from_slice(&[8, 0, 0, 0, 0]); // bits, grey, the one way to compress and to filter, not interlaced
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.extend(chunk(b"IHDR", &header));
    png.extend(chunk(b"IDAT", &zlib_of_noughts(noughts)));
    png.extend(chunk(b"IEND", &[]));
    png
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [name.as_slice(), data].concat();
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend_from_slice(&named);
    chunk.extend_from_slice(&crc32(&named).to_be_bytes());
    chunk
}

fn crc32(octets: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for octet in octets {
        crc ^= u32::from(*octet);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// Octets of nought as a zlib stream (RFC 1950) of one deflate block with Huffman codes of its own (RFC 1951 §3.2.7).
/// It knows three words: the octet 0 (code 10), “258 times what was before” (code 0, then a distance of 1, code 0 too),
/// and the end (code 11). So two bits stand for 258 octets, and 400 MB take 388 KB; stored they would take 400 MB.
fn zlib_of_noughts(count: u64) -> Vec<u8> {
    const REPEATED: u64 = 258;
    let repeats = count.saturating_sub(1) / REPEATED;
    let mut bits = Bits::default();
    bits.number(1, 1); // the last block
    bits.number(2, 2); // with codes of its own
    bits.number(29, 5); // for 286 literals and lengths
    bits.number(1, 5); // for 2 distances
    bits.number(14, 4); // the lengths of 18 codes for lengths follow
    for length in [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2] {
        bits.number(length, 3); // in the order of the standard: “18” (noughts) has 1 bit, “2” and “1” have 2 bits
    }
    bits.code(0b11, 2); // literal 0: 2 bits
    bits.noughts(138);
    bits.noughts(117); // literals 1 to 255: none
    bits.code(0b11, 2); // the end, 256: 2 bits
    bits.noughts(28); // lengths 257 to 284: none
    bits.code(0b10, 2); // length 285, which is 258: 1 bit
    bits.code(0b10, 2); // distance 1: 1 bit
    bits.code(0b10, 2); // distance 2: 1 bit, never used, but a single code is odd
    for _ in 0..count - repeats * REPEATED {
        bits.code(0b10, 2);
    }
    for _ in 0..repeats {
        bits.code(0b00, 2);
    }
    bits.code(0b11, 2);
    let mut stream = vec![0x78, 0x01];
    stream.extend(bits.octets());
    // Adler-32 of noughts: the first sum stays 1, the second counts the octets.
    let adler = (((count % 65_521) as u32) << 16) | 1;
    stream.extend_from_slice(&adler.to_be_bytes());
    stream
}

/// A row of bits as deflate packs them, the first one lowest in its octet.
#[derive(Default)]
struct Bits {
    whole: Vec<u8>,
    open: u8,
    /// How many bits of the open octet are taken.
    taken: u32,
}

impl Bits {
    fn push(&mut self, bit: u32) {
        self.open |= ((bit & 1) as u8) << self.taken;
        self.taken += 1;
        if self.taken == 8 {
            self.whole.push(self.open);
            (self.open, self.taken) = (0, 0);
        }
    }

    /// Its lowest bit first, as numbers stand.
    fn number(&mut self, value: u32, width: u32) {
        for place in 0..width {
            self.push(value >> place);
        }
    }

    /// Its highest bit first, as Huffman codes stand.
    fn code(&mut self, value: u32, width: u32) {
        for place in (0..width).rev() {
            self.push(value >> place);
        }
    }

    /// From 11 to 138 lengths of nought: the word “18” of the alphabet of lengths, and how many more than 11.
    fn noughts(&mut self, count: u32) {
        self.code(0, 1);
        self.number(count - 11, 7);
    }

    fn octets(mut self) -> Vec<u8> {
        if self.taken > 0 {
            self.whole.push(self.open);
        }
        self.whole
    }
}

/// Each frame has one pixel of its own, in another place of a canvas that whoever shows it has to hold in full.
pub fn many_frames() -> Vec<u8> {
    const SIDE: u16 = 2_000;
    let mut gif = b"GIF89a".to_vec();
    gif.extend_from_slice(&SIDE.to_le_bytes());
    gif.extend_from_slice(&SIDE.to_le_bytes());
    gif.extend_from_slice(&[0x80, 0, 0]); // two colours for all frames, the first is the background
    gif.extend_from_slice(&[255, 255, 255, 0, 0, 0]);
    gif.extend_from_slice(b"\x21\xFF\x0BNETSCAPE2.0\x03\x01\0\0\0"); // for ever
    for frame in 0..10_000_u16 {
        gif.extend_from_slice(b"\x21\xF9\x04\x04\x01\0\0\0"); // stays; a hundredth of a second; nothing is transparent
        gif.push(0x2C);
        for number in [frame % SIDE, frame / SIDE, 1, 1] {
            gif.extend_from_slice(&number.to_le_bytes());
        }
        gif.extend_from_slice(b"\0\x02\x02\x4C\x01\0"); // no colours of its own; the codes “clear”, 1, “end”
    }
    gif.push(0x3B);
    gif
}
