// Writes a ZIP file of pictures, which are compressed already: entries are stored as they are (APPNOTE 6.3, method 0).

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xEDB88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function crc32(bytes) {
  let value = ~0;
  for (const byte of bytes) value = table[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

/** Little-endian numbers, each of two or four bytes: `[[value, size], ...]`. */
function numbers(list) {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [, size]) => sum + size, 0)));
  let place = 0;
  for (const [value, size] of list) {
    if (size === 2) view.setUint16(place, value, true);
    else view.setUint32(place, value, true);
    place += size;
  }
  return view;
}

/** A blob of entries `{name, bytes}`, names in ASCII; less than 4 GiB and 65,536 entries. */
export function zip(entries) {
  const parts = [],
    directory = [];
  let offset = 0;
  for (const { name, bytes } of entries) {
    const label = new TextEncoder().encode(name);
    // Version 1.0, no flags, stored; 1 January 1980.
    const common = [[10, 2], [0, 2], [0, 2], [0, 2], [0x21, 2], [crc32(bytes), 4], [bytes.length, 4], [bytes.length,
      4], [label.length, 2], [0, 2]];
    const head = numbers([[0x04034B50, 4], ...common]);
    parts.push(head, label, bytes);
    directory.push(numbers([[0x02014B50, 4], [10, 2], ...common, [0, 2], [0, 2], [0, 2], [0, 4], [offset, 4]]), label);
    offset += head.byteLength + label.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.byteLength, 0);
  const end = numbers([[0x06054B50, 4], [0, 2], [0, 2], [entries.length, 2], [entries.length, 2], [size, 4], [offset,
    4], [0, 2]]);
  return new Blob([...parts, ...directory, end], { type: 'application/zip' });
}
