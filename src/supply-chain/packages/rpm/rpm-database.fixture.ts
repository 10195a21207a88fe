// Databases of rpm in its three formats, for tests.

/** Texts, lists of texts and numbers of 32 bits by their tags. */
export function rpmHeader(values: Readonly<Record<number, string | readonly string[] | readonly number[]>>): Buffer {
  const entries: Buffer[] = []
  const data: Buffer[] = []
  let length = 0
  for (const [tag, value] of Object.entries(values)) {
    const list = typeof value === 'string' ? [value] : value
    const isNumbers = typeof list[0] === 'number'
    const bytes = isNumbers
      ? Buffer.concat(list.map(each => Buffer.from([0, 0, 0, Number(each)])))
      : Buffer.from(list.map(each => `${each}\0`).join(''))
    const entry = Buffer.alloc(16)
    for (const [at, number] of [Number(tag), isNumbers ? 4 : typeof value === 'string' ? 6 : 8, length, list.length].entries())
      entry.writeUInt32BE(number, at * 4)
    entries.push(entry)
    data.push(bytes)
    length += bytes.length
  }
  const preamble = Buffer.alloc(8)
  preamble.writeUInt32BE(entries.length, 0)
  preamble.writeUInt32BE(length, 4)
  return Buffer.concat([preamble, ...entries, ...data])
}

export function ndbFile(values: readonly Buffer[]): Buffer {
  const slots = Buffer.alloc(4096)
  slots.write('RpmP', 'latin1')
  slots.writeUInt32LE(1, 12)
  for (let at = 32; at < slots.length; at += 16) slots.write('Slot', at, 'latin1')
  const blobs: Buffer[] = []
  let place = slots.length
  for (const [index, value] of values.entries()) {
    const at = 32 + index * 16
    slots.writeUInt32LE(index + 1, at + 4)
    slots.writeUInt32LE(place / 16, at + 8)
    const header = Buffer.alloc(16)
    header.write('BlbS', 'latin1')
    header.writeUInt32LE(index + 1, 4)
    header.writeUInt32LE(value.length, 12)
    const padding = Buffer.alloc((16 - (value.length % 16)) % 16)
    blobs.push(header, value, padding)
    place += header.length + value.length + padding.length
  }
  return Buffer.concat([slots, ...blobs])
}

/** With pages of 512 bytes, so that values take several. */
export function berkeleyFile(values: readonly Buffer[]): Buffer {
  const size = 512
  const page = (number: number, type: number) => {
    const bytes = Buffer.alloc(size)
    bytes.writeUInt32LE(number, 8)
    bytes[25] = type
    return bytes
  }
  const meta = page(0, 8)
  meta.writeUInt32LE(0x061561, 12)
  meta.writeUInt32LE(size, 20)
  const bucket = page(1, 13)
  bucket.writeUInt16LE(values.length * 2, 20)
  const pages = [meta, bucket]
  for (const [index, value] of values.entries()) {
    const [key, entry] = [size - (index * 2 + 1) * 16, size - (index * 2 + 2) * 16]
    bucket[key] = 1
    bucket[entry] = 3
    bucket.writeUInt16LE(key, 26 + index * 4)
    bucket.writeUInt16LE(entry, 28 + index * 4)
    bucket.writeUInt32LE(pages.length, entry + 4)
    bucket.writeUInt32LE(value.length, entry + 8)
    for (let at = 0; at < value.length; at += size - 26) {
      const part = value.subarray(at, at + size - 26)
      const overflow = page(pages.length, 7)
      overflow.writeUInt32LE(at + part.length < value.length ? pages.length + 1 : 0, 16)
      overflow.writeUInt16LE(part.length, 22)
      part.copy(overflow, 26)
      pages.push(overflow)
    }
  }
  meta.writeUInt32LE(pages.length - 1, 32)
  return Buffer.concat(pages)
}
