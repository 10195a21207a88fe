// A small ELF file with one named section, little-endian, 64 bit.
export function elfFile(sectionName: string, content: Buffer): Buffer {
  const names = Buffer.from(`\0${sectionName}\0.shstrtab\0`, 'latin1')
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 'latin1')
  header.set([2, 1, 1], 4)
  const section = (name: number, offset: number, size: number) => {
    const entry = Buffer.alloc(64)
    entry.writeUInt32LE(name, 0)
    entry.writeBigUInt64LE(BigInt(offset), 0x18)
    entry.writeBigUInt64LE(BigInt(size), 0x20)
    return entry
  }
  const namesAt = header.length + content.length
  header.writeBigUInt64LE(BigInt(namesAt + names.length), 0x28)
  header.writeUInt16LE(64, 0x3a)
  header.writeUInt16LE(3, 0x3c)
  header.writeUInt16LE(2, 0x3e)
  return Buffer.concat([
    header,
    content,
    names,
    section(0, 0, 0),
    section(1, header.length, content.length),
    section(sectionName.length + 2, namesAt, names.length),
  ])
}

/** What Go's linker writes; `modules` are lines with tabs. */
export function buildInfo(goVersion: string, modules: string): Buffer {
  const text = (content: Buffer) => {
    const length: number[] = []
    for (let rest = content.length; ; rest >>= 7) {
      length.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest)
      if (rest <= 0x7f) break
    }
    return Buffer.concat([Buffer.from(length), content])
  }
  const header = Buffer.alloc(32)
  header.write('\xff Go buildinf:', 'latin1')
  header.set([8, 2], 14)
  const sentinel = Buffer.alloc(16, 0x30)
  return Buffer.concat([header, text(Buffer.from(goVersion)), text(Buffer.concat([sentinel, Buffer.from(modules), sentinel]))])
}
