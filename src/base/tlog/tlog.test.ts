import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatCheckpoint, parseCheckpoint } from './checkpoint.ts'
import { CompactTree } from './compact-tree.ts'
import { cosign, cosignedAt } from './cosignature.ts'
import { decodeBundle, encodeBundle, maxEntryBytes } from './entry-bundle.ts'
import { emptyRoot, leafHash } from './hashes.ts'
import {
  formatKey,
  formatNote,
  isSignedBy,
  keyIdOf,
  maxSignatures,
  parseKey,
  parseNote,
  publicKeyOf,
  rawPublicKey,
  signNote,
} from './note.ts'
import { newTiles, rangeHashes, type Tile, tilePath } from './tiles.ts'
import { formatProof, parseProof } from './tlog-proof.ts'
import { consistencyRanges, inclusionRanges, type LeafRange, splitPoint } from './tree-nodes.ts'
import { includes, isConsistent } from './verify-proof.ts'

/** MTH of RFC 6962 section 2.1, as it is written there. */
function naiveRoot(entries: readonly Buffer[]): Buffer {
  const sha = (...parts: Buffer[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
  const [only] = entries
  if (only === undefined) return sha()
  if (entries.length === 1) return sha(Buffer.from([0]), only)
  const k = splitPoint(entries.length)
  return sha(Buffer.from([1]), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)))
}

/** Inputs and roots of the reference tree of certificate-transparency. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(hex =>
  Buffer.from(hex, 'hex'),
)
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

test('CompactTree has the roots of the reference tree, continues from its roots, and its copy grows apart', () => {
  const tree = new CompactTree()
  assert.equal(emptyRoot.toString('hex'), roots[0])
  for (const [at, input] of inputs.entries()) {
    tree.append(leafHash(input))
    assert.equal(tree.root().toString('hex'), roots[at + 1])
    assert.deepEqual(CompactTree.of(tree.size, tree.roots).root(), tree.root())
  }
  const copy = tree.copy()
  copy.append(leafHash(Buffer.from('x')))
  assert.equal(tree.root().toString('hex'), roots[8])
  assert.throws(() => CompactTree.of(3, tree.roots), RangeError)
})

/** All tiles of a tree, as a log writes them. */
function treeOf(count: number) {
  const entries = Array.from({ length: count }, (_, at) => Buffer.from(`entry ${at}`))
  const tiles = new Map<string, Buffer>()
  const hashAt = (level: number, index: number): Buffer => naiveRoot(entries.slice(index * 256 ** level, (index + 1) * 256 ** level))
  for (let level = 0; 256 ** level <= count; level++) {
    for (const tile of newTiles(0, count, level))
      tiles.set(tilePath(tile), Buffer.concat(Array.from({ length: tile.width }, (_, at) => hashAt(level, tile.index * 256 + at))))
  }
  const read = async (tile: Tile): Promise<Buffer> => tiles.get(tilePath(tile)) ?? assert.fail(`no tile ${tilePath(tile)}`)
  const hashesOf = (ranges: readonly LeafRange[]) => rangeHashes(ranges, count, read)
  return { entries, root: naiveRoot(entries), hashesOf }
}

test('inclusionRanges() and consistencyRanges() give proofs that verify, by tiles of trees of every small size', async () => {
  for (let size = 1; size <= 40; size++) {
    const { entries, root, hashesOf } = treeOf(size)
    for (let index = 0; index < size; index++) {
      const hashes = await hashesOf(inclusionRanges(index, size))
      const leaf = leafHash(entries[index] ?? assert.fail())
      assert.ok(includes(leaf, { index, size, root, hashes }), `leaf ${index} of ${size}`)
      assert.equal(includes(leaf, { index: (index + 1) % (size + 1), size, root, hashes }), false, `another index than ${index} of ${size}`)
      assert.equal(includes(leafHash(Buffer.from('other')), { index, size, root, hashes }), false)
    }
    for (let oldSize = 0; oldSize <= size; oldSize++) {
      const hashes = await hashesOf(consistencyRanges(oldSize, size))
      const oldRoot = naiveRoot(entries.slice(0, oldSize))
      assert.ok(isConsistent({ oldSize, oldRoot, size, root, hashes }), `${oldSize} to ${size}`)
      assert.equal(isConsistent({ oldSize, oldRoot: leafHash(Buffer.from('fork')), size, root, hashes }), false)
      if (hashes.length > 0) assert.equal(isConsistent({ oldSize, oldRoot, size, root, hashes: hashes.slice(1) }), false)
    }
  }
})

test('proofs verify in trees of more than one level of tiles', async () => {
  const size = 70_001
  const leaves = Array.from({ length: size }, (_, at) => leafHash(Buffer.from(`entry ${at}`)))
  const tree = new CompactTree()
  const rows: Buffer[][] = [[], [], []]
  const counts = new Map<number, Buffer>()
  for (const leaf of leaves) {
    tree.append(leaf)
    rows[0]?.push(leaf)
    if (tree.size === 65_537 || tree.size === 300) counts.set(tree.size, tree.root())
  }
  for (const level of [0, 1]) {
    const row = rows[level] ?? []
    for (let at = 0; at + 256 <= row.length; at += 256) {
      const group = new CompactTree()
      for (const hash of row.slice(at, at + 256)) group.append(hash)
      rows[level + 1]?.push(group.root())
    }
  }
  const read = async ({ level = 0, index, width }: Tile) => Buffer.concat((rows[level] ?? []).slice(index * 256, index * 256 + width))
  const root = tree.root()
  for (const index of [0, 255, 256, 65_535, 65_536, size - 1])
    assert.ok(
      includes(leaves[index] ?? assert.fail(), { index, size, root, hashes: await rangeHashes(inclusionRanges(index, size), size, read) }),
    )
  for (const [oldSize, oldRoot] of counts)
    assert.ok(isConsistent({ oldSize, oldRoot, size, root, hashes: await rangeHashes(consistencyRanges(oldSize, size), size, read) }))
})

test('includes() and isConsistent() refuse random proofs', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => Buffer.from(bytes))
  const list = fc.array(fc.oneof(hash, fc.constant(Buffer.alloc(31))), { maxLength: 70 })
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), hash, hash, list, (a, b, root, leaf, hashes) => {
      assert.equal(includes(leaf, { index: a, size: b, root, hashes }), false)
      if (a !== b || !root.equals(leaf)) assert.equal(isConsistent({ oldSize: a, oldRoot: leaf, size: b, root, hashes }), false)
    }),
  )
  assert.throws(() => inclusionRanges(3, 3), RangeError)
  assert.throws(() => consistencyRanges(4, 3), RangeError)
})

test('tilePath() writes the paths of the specification', () => {
  assert.equal(tilePath({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067')
  assert.equal(tilePath({ level: 1, index: 5, width: 112 }), 'tile/1/005.p/112')
  assert.equal(tilePath({ level: undefined, index: 273, width: 1 }), 'tile/entries/273.p/1')
})

test('newTiles() lists what a larger tree has more, as the example of the specification for 70,000 entries', () => {
  const paths = (level: number) => [...newTiles(0, 70_000, level)].map(tilePath)
  assert.deepEqual([paths(0).length, paths(0)[0], paths(0).at(-1)], [274, 'tile/0/000', 'tile/0/273.p/112'])
  assert.deepEqual(paths(1), ['tile/1/000', 'tile/1/001.p/17'])
  assert.deepEqual(paths(2), ['tile/2/000.p/1'])
  assert.deepEqual([...newTiles(255, 256, undefined)].map(tilePath), ['tile/entries/000'])
  assert.deepEqual([...newTiles(256, 256, 0)], [])
})

test('decodeBundle() reads what encodeBundle() wrote, and nothing cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 99 }), { maxLength: 256 }), entries => {
      const bytes = encodeBundle(entries.map(entry => Buffer.from(entry)))
      assert.deepEqual(
        decodeBundle(bytes).map(entry => [...entry]),
        entries.map(entry => [...entry]),
      )
      if (bytes.length > 0) assert.throws(() => decodeBundle(bytes.subarray(0, -1)), RangeError)
    }),
  )
  assert.throws(() => encodeBundle([Buffer.alloc(maxEntryBytes + 1)]), RangeError)
  assert.throws(() => decodeBundle(Buffer.alloc(2 * 257)), RangeError)
})

/** The example of golang.org/x/mod/sumdb/note. */
const exampleKey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const exampleNote =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

test('isSignedBy() verifies the example of the format, and no changed one', () => {
  const key = parseKey(exampleKey)
  assert.equal(formatKey(key), exampleKey)
  const note = parseNote(exampleNote)
  assert.equal(formatNote(note), exampleNote)
  assert.equal(isSignedBy(note, key), true)
  assert.equal(isSignedBy({ ...note, text: note.text.replace('answer', 'question') }, key), false)
  assert.equal(isSignedBy(note, { ...key, name: 'other' }), undefined)
})

const malformed: readonly (readonly [string, string])[] = [
  ['no line end', 'a\n\n— k AAAAAAA='],
  ['no empty line', 'a\n— k AAAAAAA=\n'],
  ['no signature', 'a\n\n'],
  ['another dash', 'a\n\n- k AAAAAAA=\n'],
  ['no base64', 'a\n\n— k A*AA\n'],
  ['an id alone', 'a\n\n— k AAAAAA==\n'],
  ['too many signatures', `a\n\n${'— k AAAAAAA=\n'.repeat(maxSignatures + 1)}`],
]
for (const [name, text] of malformed) test(`parseNote() refuses ${name}`, () => assert.throws(() => parseNote(text), /no signed note/))

test('parseKey() refuses keys that are no such keys', () => {
  for (const text of ['', 'a+b', exampleKey.replace('c74f20a3', '00000000'), exampleKey.slice(0, -1), `${exampleKey.slice(0, -4)}AAAA=`])
    assert.throws(() => parseKey(text), /the key must be NAME\+ID\+KEY/)
  assert.throws(() => publicKeyOf(Buffer.alloc(31)), RangeError)
})

test('signNote() and cosign() are verified by their keys alone, and a cosignature by its time', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const text = formatCheckpoint({ origin: 'example.com/log', size: 7, root: emptyRoot })
  const key = { name: 'example.com/log', type: 1, publicKey } as const
  const witness = { name: 'w.example', type: 4, publicKey } as const
  const note = parseNote(
    formatNote({ text, signatures: [signNote(text, key.name, privateKey), cosign(text, witness.name, privateKey, 1_700_000_000)] }),
  )
  assert.equal(isSignedBy(note, key), true)
  assert.equal(cosignedAt(note, witness), 1_700_000_000)
  assert.equal(cosignedAt({ ...note, text: text.replace('7', '8') }, witness), undefined)
  assert.notEqual(keyIdOf(key), keyIdOf({ ...key, type: 4 }))
  assert.deepEqual(parseKey(formatKey(witness)).publicKey.equals(publicKeyOf(rawPublicKey(publicKey))), true)
})

test('parseCheckpoint() reads its three lines, ignores further ones, and refuses others', () => {
  const checkpoint = { origin: 'example.com/log', size: 7, root: emptyRoot }
  assert.deepEqual(parseCheckpoint(`${formatCheckpoint(checkpoint)}further\n`), checkpoint)
  const root = emptyRoot.toString('base64')
  for (const text of [
    '',
    'o\n',
    `o\n07\n${root}\n`,
    `o\n-1\n${root}\n`,
    `o\n9007199254740993\n${root}\n`,
    'o\n1\nAAAA\n',
    `\n1\n${root}\n`,
    `o\n1\n${root}`,
  ])
    assert.throws(() => parseCheckpoint(text), /no signed note/)
})

test('parseProof() reads what formatProof() wrote, and refuses malformed proofs', () => {
  const proof = { extra: Buffer.from('record'), index: 12, hashes: [emptyRoot, leafHash(emptyRoot)], checkpoint: exampleNote }
  assert.deepEqual(parseProof(formatProof(proof)), proof)
  assert.deepEqual(parseProof(formatProof({ ...proof, extra: undefined })).extra, undefined)
  const text = formatProof(proof)
  for (const wrong of [
    '',
    text.replace('@v1', '@v2'),
    text.replace('index 12', 'index 012'),
    text.replace('extra ', 'extra *'),
    text.replace('\n\n', '\nAAAA\n\n'),
  ])
    assert.throws(() => parseProof(wrong), /no signed note: as a proof/)
})
