// The little that is needed of ELF files (elf(5)): their first bytes, and a section by its name.

export const elfMagic = Buffer.from('\x7fELF', 'latin1')

/** Programs with more sections are made to cost time. */
export const maxSections = 10_000

/** The content of a section; undefined if the file has none of that name, or its tables are malformed. */
export function elfSection(file: Buffer, wanted: string): Buffer | undefined {
  if (file.length < 64 || !file.subarray(0, 4).equals(elfMagic)) return undefined
  const is64 = file[4] === 2
  const isLittle = file[5] === 1
  if ((!is64 && file[4] !== 1) || (!isLittle && file[5] !== 2)) return undefined
  const u16 = (at: number) => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at))
  const u32 = (at: number) => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at))
  const word = (at: number) => (is64 ? Number(isLittle ? file.readBigUInt64LE(at) : file.readBigUInt64BE(at)) : u32(at))
  const table = word(is64 ? 0x28 : 0x20)
  const [entrySize, count, namesAt] = [0x3a, 0x3c, 0x3e].map(at => u16(is64 ? at : at - 12))
  const size = is64 ? 64 : 40
  if (entrySize !== size || count === undefined || namesAt === undefined || count > maxSections) return undefined
  if (!Number.isSafeInteger(table) || table + count * size > file.length || namesAt >= count) return undefined
  const contentOf = (index: number): Buffer | undefined => {
    const at = table + index * size
    const offset = word(at + (is64 ? 0x18 : 0x10))
    const length = word(at + (is64 ? 0x20 : 0x14))
    return Number.isSafeInteger(offset + length) && offset + length <= file.length ? file.subarray(offset, offset + length) : undefined
  }
  const names = contentOf(namesAt)
  if (names === undefined) return undefined
  const name = Buffer.from(`${wanted}\0`, 'latin1')
  for (let index = 0; index < count; index++) {
    const from = u32(table + index * size)
    if (names.subarray(from, from + name.length).equals(name)) return contentOf(index)
  }
  return undefined
}
