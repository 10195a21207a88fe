import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { UserError } from '../../../base/user-error.ts'
import { imageOf } from '../image-of.testing.ts'
import type { TarEntry } from '../tar/write-tar.ts'
import { writeTar } from '../tar/write-tar.ts'
import { type ImageLimits, imageLimits, readImageFiles } from './image-files.ts'

const { signal } = new AbortController()
const file = (path: string, text = path, type?: string): TarEntry => ({
  path,
  mode: 0o644,
  content: Buffer.from(text),
  ...(type ? { type } : {}),
})
const link = (path: string, linkTo: string): TarEntry => ({ path, mode: 0o777, linkTo })
const hardLink = (path: string, linkTo: string): TarEntry => ({ path, mode: 0o644, linkTo, type: '1' })
const folder = (path: string): TarEntry => ({ path, mode: 0o755 })

async function filesOf(
  layers: readonly (readonly TarEntry[] | Buffer)[],
  options: { fixedPaths?: string[]; limits?: ImageLimits; all?: boolean } = {},
) {
  const { source, image } = await imageOf(layers.map(layer => (Buffer.isBuffer(layer) ? layer : writeTar(layer))))
  const found = new Map<string, string>()
  const skipped = await readImageFiles(
    source,
    image,
    {
      wish: path => (options.all === true || path.endsWith('.txt') ? { maxBytes: 100 } : undefined),
      fixedPaths: options.fixedPaths ?? [],
      onFile: ({ path, content }) => void found.set(path, content.toString()),
    },
    signal,
    options.limits,
  )
  return { found: Object.fromEntries([...found].sort()), skipped }
}

const rows: [string, (readonly TarEntry[])[], Record<string, string>][] = [
  ['files of all layers', [[file('a.txt')], [file('b.txt')]], { 'a.txt': 'a.txt', 'b.txt': 'b.txt' }],
  ['the upper of two layers', [[file('a.txt', 'old')], [file('a.txt', 'new')]], { 'a.txt': 'new' }],
  ['the last of one layer', [[file('a.txt', 'old'), file('a.txt', 'new')]], { 'a.txt': 'new' }],
  ['no file that an upper layer removes', [[file('d/a.txt'), file('d/b.txt')], [file('d/.wh.a.txt', '')]], { 'd/b.txt': 'd/b.txt' }],
  ['nothing below a removed folder', [[file('d/e/a.txt')], [file('.wh.d', '')]], {}],
  [
    'what the layer itself has in a folder that it empties',
    [[file('d/a.txt')], [file('d/b.txt'), file('d/.wh..wh..opq', '')]],
    { 'd/b.txt': 'd/b.txt' },
  ],
  [
    'nothing of lower layers if the root is emptied',
    [
      [file('a.txt'), file('d/c.txt')],
      [file('.wh..wh..opq', ''), file('b.txt')],
    ],
    { 'b.txt': 'b.txt' },
  ],
  ['what comes back above a removal', [[file('a.txt', '1')], [file('.wh.a.txt', '')], [file('a.txt', '3')]], { 'a.txt': '3' }],
  ['nothing below a folder that became a file', [[file('d/a.txt')], [file('d')]], {}],
  ['nothing below a folder that became a link', [[file('d/a.txt')], [link('d', 'e')]], {}],
  ['no file that became a folder', [[file('a.txt')], [folder('a.txt/')]], {}],
  [
    'paths in their normal form',
    [[file('./x/../a.txt', 'a'), file('/b.txt', 'b'), file('../../c.txt', 'c')]],
    { 'a.txt': 'a', 'b.txt': 'b', 'c.txt': 'c' },
  ],
  ['a link to a file that is not wanted itself', [[file('data', 'x'), link('a.txt', 'data')]], { 'a.txt': 'x' }],
  ['an absolute link within the image', [[file('etc/data', 'x'), link('d/a.txt', '/etc/data')]], { 'd/a.txt': 'x' }],
  ['no file twice that a link leads to', [[file('b.txt', 'x'), link('a.txt', 'b.txt')]], { 'b.txt': 'x' }],
  ['a hard link', [[file('data', 'x'), hardLink('a.txt', 'data')]], { 'a.txt': 'x' }],
  ['a link into a lower layer', [[file('data', 'x')], [link('a.txt', '../../data')]], { 'a.txt': 'x' }],
  ['no link that leads in a circle', [[link('a.txt', 'b.txt'), link('b.txt', 'a.txt')]], {}],
  ['no link that leads out of the image', [[link('a.txt', '../../../etc/passwd'), link('b.txt', '/proc/self/environ')]], {}],
  ['no devices, pipes or sockets', [[file('a.txt', '', '3'), file('b.txt', '', '4'), file('c.txt', '', '6')]], {}],
]
for (const [name, layers, want] of rows) {
  test(`readImageFiles() hands over ${name}`, async () => {
    assert.deepEqual((await filesOf(layers)).found, want)
  })
}

test('readImageFiles() finds a fixed path below a linked folder', async () => {
  const layers = [[file('usr/lib/db.txt', 'x'), link('lib', 'usr/lib'), link('var', '/lib')]]
  assert.deepEqual(
    (await filesOf(layers, { fixedPaths: ['var/db.txt'] })).found,
    { 'usr/lib/db.txt': 'x' },
    'once, as it is wanted there too',
  )
  const hidden = [[file('data/db', 'x'), link('db.txt', 'data/db'), link('var', '/')]]
  assert.deepEqual((await filesOf(hidden, { fixedPaths: ['var/db.txt'] })).found, { 'db.txt': 'x', 'var/db.txt': 'x' })
})

test('readImageFiles() reports wanted files that it does not read', async () => {
  const { skipped } = await filesOf([[file('a.txt', 'x'.repeat(101)), file('b.txt', '', 'S')]])
  assert.deepEqual(skipped, [
    { path: 'a.txt', reason: 'it has 101 bytes, at most 100 are read' },
    { path: 'b.txt', reason: 'it has holes, which only GNU tar fills' },
  ])
})

test('readImageFiles() reads layers compressed with gzip, several members of it, and zstd', async () => {
  const tar = writeTar([file('a.txt', 'x')])
  const members = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))])
  const frames = Buffer.concat([zstdCompressSync(tar.subarray(0, 700)), zstdCompressSync(tar.subarray(700))])
  for (const packed of [gzipSync(tar), members, zstdCompressSync(tar), frames]) {
    const { source, image } = await imageOf([{ tar, packed }])
    const found: string[] = []
    const onFile = ({ path }: { path: string }) => void found.push(path)
    await readImageFiles(source, image, { wish: () => ({ maxBytes: 10 }), fixedPaths: [], onFile }, signal)
    assert.deepEqual(found, ['a.txt'])
  }
})

const few: ImageLimits = { ...imageLimits, entries: 3, layerBytes: 20_000, imageBytes: 3000, links: 2 }
const bad: [string, readonly TarEntry[] | Buffer, RegExp][] = [
  ['more files than the limit', Array.from({ length: 4 }, (_, at) => file(`f${at}`)), /more than 3 files/],
  ['more bytes of files than the limit', [file('a', 'x'.repeat(2000)), file('b', 'x'.repeat(2000))], /more than 3000 bytes of files/],
  ['more links than the limit', ['a', 'b', 'c'].map(path => link(path, 'x')), /more than 2 links/],
  ['a layer larger than the limit', Buffer.alloc(40_000), /larger than 20000 bytes when it is unpacked/],
  ['no tar archive', Buffer.alloc(1024, 'x'), /cannot be read: it is not a tar archive/],
  ['an archive that ends within a file', writeTar([file('a', 'x'.repeat(2000))]).subarray(0, 1024), /it ends within an entry/],
  [
    'a path that is too deep',
    [{ ...file('x'), path: 'L', type: 'L', content: Buffer.from('a/'.repeat(300)) }, file('x')],
    /longer than 4096 bytes or deeper than 256 folders/,
  ],
]
for (const [name, layer, want] of bad) {
  test(`readImageFiles() refuses ${name}`, async () => {
    await assert.rejects(filesOf([layer], { limits: few }), (err: unknown) => err instanceof UserError && want.test(err.message))
  })
}

test('readImageFiles() refuses layers that are other content than they say', async () => {
  const tar = writeTar([file('a.txt')])
  const wanted = { wish: () => ({ maxBytes: 10 }), fixedPaths: [], onFile: () => undefined }
  const rejects = async (parts: Parameters<typeof imageOf>[0], want: RegExp) => {
    const { source, image } = await imageOf(parts)
    await assert.rejects(
      readImageFiles(source, image, wanted, signal),
      (err: unknown) => err instanceof UserError && want.test(err.message),
    )
  }
  await rejects([{ tar, packed: gzipSync(writeTar([file('b.txt')])) }], /is other content: its digest is/)
  await rejects([{ tar, packed: gzipSync(tar).subarray(0, -9) }], /is damaged/)
  await rejects(
    [{ tar, packed: gzipSync(tar), served: gzipSync(writeTar([file('c.txt')])) }],
    /is other content|is longer|bytes, its descriptor/,
  )
  await rejects([{ tar, packed: Buffer.from('BZh91AY&SY') }], /compressed with bzip2 or xz/)
})

test('readImageFiles() refuses a bomb by its ratio', async () => {
  const tar = Buffer.alloc(300 * 1024 ** 2)
  const { source, image } = await imageOf([{ tar, packed: gzipSync(tar, { level: 9 }) }])
  await assert.rejects(
    readImageFiles(source, image, { wish: () => undefined, fixedPaths: [], onFile: () => undefined }, signal),
    /unpacks to more than 200 times its size/,
  )
})
