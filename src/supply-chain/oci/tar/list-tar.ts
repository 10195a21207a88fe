// Lists the entries of a tar archive that can be read at any offset.
import { ExtendedHeaders, isExtension, limitExtension } from './extended-headers.ts'
import { readTarHeader, type TarHead, tarBlock } from './tar-header.ts'

export interface ListedEntry extends TarHead {
  /** Where its content begins. */
  readonly offset: number
}

/**
 * Each entry of the archive, read through `read`, which returns fewer bytes only at the end. A name in an extended header (PAX, GNU) applies, as
 * it does when the archive is unpacked. Rejects if it is not a tar archive.
 */
export async function* listTar(read: (offset: number, length: number) => Promise<Buffer>): AsyncGenerator<ListedEntry> {
  const extended = new ExtendedHeaders()
  for (let offset = 0; ; ) {
    const block = await read(offset, tarBlock)
    if (block.length === 0) return
    const head = readTarHeader(block)
    if (head === undefined) return
    let content = offset + tarBlock
    for (let more = head.hasMoreMap; more; content += tarBlock) more = (await read(content, tarBlock))[504] === 1
    if (isExtension(head.letter)) {
      limitExtension(head.size)
      extended.add(head.letter, await read(content, head.size))
      offset = padded(content, head.size)
      continue
    }
    const entry = extended.apply(head)
    yield { ...entry, offset: content }
    offset = padded(content, entry.size)
  }
}

/** Where the next header is. */
const padded = (content: number, size: number): number => content + Math.ceil(size / tarBlock) * tarBlock
