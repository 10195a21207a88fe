// The error of upstream's YAML reader for bytes that are not UTF-8.

const least = [0, 0, 0x80, 0x800, 0x10000]

/** For the first invalid character; '' if all are valid. */
export function utf8Problem(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0
    const width = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0
    if (width === 0) return 'invalid leading UTF-8 octet'
    if (at + width > bytes.length) return 'incomplete UTF-8 octet sequence'
    let character = width === 1 ? lead : lead & (0x7f >> width)
    for (const octet of bytes.subarray(at + 1, at + width)) {
      if ((octet & 0xc0) !== 0x80) return 'invalid trailing UTF-8 octet'
      character = (character << 6) | (octet & 0x3f)
    }
    if (character < (least[width] ?? 0)) return 'invalid length of a UTF-8 sequence'
    if ((character >= 0xd800 && character < 0xe000) || character > 0x10ffff) return 'invalid Unicode character'
    at += width
  }
  return ''
}
