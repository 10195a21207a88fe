// Sabotage of verified restores: whether a changed target is noticed, and whether a restore that loses something is.
import type { Sabotage } from './sabotage.ts'

export const t4: readonly Sabotage[] = [
  {
    name: 'the digest of a pack is not compared',
    file: 'src/backup/format/open-pack.ts',
    from: 'if (content.length === bytes && packDigest(content) === pack) return',
    to: 'if (content.length === bytes && packDigest(content).length === pack.length) return',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'the signature of a link is not verified',
    file: 'src/backup/format/signed-link.ts',
    from: 'if (!signatures.some(({ sig }) => verify(null, signed, key, sig)))',
    to: 'if (!signatures.some(({ sig }) => verify(null, signed, key, sig) || sig.length === 64))',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a link may have any number',
    file: 'src/backup/format/signed-link.ts',
    from: 'if (link.number !== number)',
    to: 'if (link.number > number)',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a target that was set back is accepted',
    file: 'src/backup/chain.ts',
    from: 'if (last >= wanted) return',
    to: 'if (last >= wanted || wanted > 0) return',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a restore loses an object of each change',
    file: 'src/backup/restored-objects.ts',
    from: 'else objects.set(placeKey(record), record)',
    to: 'else if (objects.has(placeKey(record))) objects.set(placeKey(record), record)',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a restore loses the first object of a chunk',
    file: 'src/api/backup/record-line.ts',
    from: '  let from = 0\n  for (let end = lines.indexOf(0x0a, from)',
    to: '  let from = lines.indexOf(0x0a) + 1\n  for (let end = lines.indexOf(0x0a, from)',
    proof: 'T4',
    on: 'node',
  },
  {
    name: 'a missing link within the chain is not noticed',
    file: 'src/backup/chain.ts',
    from: 'for (let at = newest; at.link.number > after + 1; ) {',
    to: 'for (let at = newest; at.link.number > after + 1 && at.link.number < 0; ) {',
    proof: 'T4',
    on: 'node',
  },
]
